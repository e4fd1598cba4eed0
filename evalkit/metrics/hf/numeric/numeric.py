"""For evaluate.load: evalkit's numeric."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "numeric"
