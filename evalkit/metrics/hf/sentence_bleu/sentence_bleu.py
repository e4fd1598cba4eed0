"""For evaluate.load: evalkit's sentence_bleu."""

from evalkit.metrics import evaluate_module


class Module(evaluate_module.TextModule):
    metric = "sentence_bleu"
