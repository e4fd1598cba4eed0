"""For evaluate.load: evalkit's contains."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "contains"
