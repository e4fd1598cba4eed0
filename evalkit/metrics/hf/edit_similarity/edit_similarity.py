"""For evaluate.load: evalkit's edit_similarity."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "edit_similarity"
