"""For evaluate.load: evalkit's rouge2_stem."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "rouge2_stem"
