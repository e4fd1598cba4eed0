"""For evaluate.load: evalkit's rouge2."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "rouge2"
