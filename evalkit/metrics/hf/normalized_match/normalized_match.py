"""For evaluate.load: evalkit's normalized_match."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "normalized_match"
