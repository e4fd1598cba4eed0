"""For evaluate.load: evalkit's bleu."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "bleu"
