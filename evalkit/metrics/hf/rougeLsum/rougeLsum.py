"""For evaluate.load: evalkit's rougeLsum."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "rougeLsum"
