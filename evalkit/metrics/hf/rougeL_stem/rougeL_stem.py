"""For evaluate.load: evalkit's rougeL_stem."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "rougeL_stem"
