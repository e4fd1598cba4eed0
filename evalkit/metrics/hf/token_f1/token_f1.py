"""For evaluate.load: evalkit's token_f1."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "token_f1"
