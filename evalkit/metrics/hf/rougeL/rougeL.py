"""For evaluate.load: evalkit's rougeL."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "rougeL"
