"""For evaluate.load: evalkit's rouge1."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "rouge1"
