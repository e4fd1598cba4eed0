"""For evaluate.load: evalkit's exact_match."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "exact_match"
