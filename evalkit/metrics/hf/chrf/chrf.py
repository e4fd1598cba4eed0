"""For evaluate.load: evalkit's chrf."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "chrf"
