"""For evaluate.load: evalkit's rougeLsum_stem."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "rougeLsum_stem"
