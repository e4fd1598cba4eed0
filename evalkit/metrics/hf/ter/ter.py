"""For evaluate.load: evalkit's ter."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "ter"
