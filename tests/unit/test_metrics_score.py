"""evalkit.metrics.score, names and hf_module; what importing the metrics costs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evalkit.metrics
from evalkit import plugins
from evalkit.errors import PluginError
from evalkit.metrics import hf_module, names, score
from evalkit.metrics.corpus import TOKENIZERS, bleu, make_bleu, make_ter, sentence_bleu
from evalkit.protocols import KINDS

EXPECTED = {
    "bleu", "sentence_bleu", "chrf", "ter", "rouge1", "rouge2", "rougeL", "rougeLsum", "rouge1_stem", "rouge2_stem",
    "rougeL_stem", "rougeLsum_stem", "exact_match", "normalized_match", "contains", "numeric", "token_f1",
    "edit_similarity",
}  # fmt: skip


def test_every_metric_of_the_documentation_is_there() -> None:
    assert set(names()) >= EXPECTED


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_metric_says_what_it_is(name: str) -> None:
    metric: Any = plugins.load("evalkit.metrics", name)
    assert metric.name == name
    assert metric.kind in KINDS
    assert metric.better == ("lower" if name == "ter" else "higher")
    assert metric.signature


# Stems need NLTK, whose import alone takes most of a second: the quality tests cover them.
@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if not name.endswith("_stem")))
def test_an_identical_text_is_scored_best(name: str) -> None:
    found = score(name, ["there are 4 red cats here"], [["there are 4 red cats here"]])
    assert found == pytest.approx(0 if name == "ter" else 1)


def test_score_by_hand() -> None:
    assert score("exact_match", ["Paris", "Rome"], [["Paris", "paris"], ["Madrid"]]) == 0.5
    assert score("numeric", ["it is 4", "5"], [["4"], ["no number here"]]) == 1  # the second row cannot be judged
    assert score("ter", ["a b c d"], [["a x c d"]]) == pytest.approx(0.25)


def test_bleu_is_the_score_of_the_corpus_and_sentence_bleu_the_mean_of_rows() -> None:
    hypotheses, references = ["a b c d e", "x y"], [["a b c d e"], ["p q r"]]
    assert score("sentence_bleu", hypotheses, references) == pytest.approx(0.5)
    assert score("bleu", hypotheses, references) != pytest.approx(0.5)


def test_rows_may_come_from_generators_and_are_not_kept() -> None:
    seen: list[int] = []

    def hypotheses() -> Iterator[str]:
        for row in range(4):
            seen.append(row)
            yield "same" if row % 2 else "other"

    def references() -> Iterator[list[str]]:
        for row in range(4):
            assert seen == list(range(row + 1))  # one row at a time
            yield ["same"]

    assert score("exact_match", hypotheses(), references()) == 0.5


@pytest.mark.parametrize(("many", "few"), [(3, 2), (2, 3)])
def test_generators_that_end_at_different_rows_are_told_apart(many: int, few: int) -> None:
    with pytest.raises(ValueError, match=r"^2 (hypotheses|rows of references), but more "):
        score("exact_match", ("a" for _ in range(many)), (["a"] for _ in range(few)))


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        ("text", [["text"]], "not a single string"),
        (["text"], "text", "not a single string"),
        (["text"], ["text"], "row 0: references are a list of strings"),
        (["a", "b"], [["a"], [1]], "row 1: references are a list of strings"),
        (["a", None], [["a"], ["b"]], "row 1: the hypothesis is a NoneType"),
        (["a", "b"], [["a"]], "2 hypotheses but 1 rows"),
        ([], [], "no rows"),
        (["a", "b"], [["a"], []], "row 1 has no reference"),
        (["a"], [["b"]], "no row could be scored .no number in the reference."),
    ],
)
def test_what_is_wrong_with_the_input_is_said(hypotheses: Any, references: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score("numeric", hypotheses, references)


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(PluginError, match="rougel") as caught:
        score("rougel", ["a"], [["a"]])
    assert "did you mean 'rougeL'" in caught.value.hint


def test_every_metric_has_a_script_for_evaluate_that_names_it() -> None:
    for name in EXPECTED:
        script = Path(hf_module(name))
        assert script.name == f"{name}.py"
        assert f'metric = "{name}"' in script.read_text("utf-8")


@pytest.mark.parametrize("name", ["rouge", "../match", "", "bleu/bleu"])
def test_an_unknown_script_names_the_nearest(name: str) -> None:
    with pytest.raises(PluginError, match="no evaluate module"):
        hf_module(name)


def test_modules_are_reached_as_attributes_and_others_are_not_invented() -> None:
    assert evalkit.metrics.refusal.classify("No.").label == "full"
    assert "readability" in dir(evalkit.metrics)
    with pytest.raises(AttributeError, match="no attribute 'bluescore'"):
        evalkit.metrics.bluescore  # noqa: B018


def test_importing_the_metrics_imports_nothing_heavy() -> None:
    modules = "corpus, rouge, match, numeric, readability, refusal, keywords, repetition, sentiment, length"
    heavy = [
        "torch",
        "datasets",
        "evaluate",
        "numpy",
        "scipy",
        "sacrebleu",
        "rouge_score",
        "nltk",
        "textstat",
        "pyphen",
    ]
    code = f"import sys\nfrom evalkit.metrics import {modules}\nprint([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_corpus_metrics_can_be_made_with_other_choices() -> None:
    assert make_bleu("char", lowercase=True, name="bleu_char").name == "bleu_char"
    assert make_bleu("char").signature != bleu.signature
    assert make_ter(case_sensitive=True).signature != make_ter().signature
    assert "13a" in TOKENIZERS
    assert sentence_bleu.kind == "mean"


def test_a_corpus_without_any_row_has_no_value() -> None:
    assert bleu.value(()) is None
    assert bleu.value((0.0,) * 10) == 0.0


def test_long_runs_do_not_keep_every_text_that_was_tokenised() -> None:
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    for row in range(3000):
        bleu.text_statistics(f"answer {row}", [f"reference {row}"])
    assert Tokenizer13a.__call__.cache_info().currsize < 3000


def test_every_module_of_metrics_is_an_attribute() -> None:
    folder = Path(evalkit.metrics.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    assert set(evalkit.metrics.__all__) - {"names", "score", "hf_module"} <= modules
    assert [name for name in modules if getattr(evalkit.metrics, name).__name__ != f"evalkit.metrics.{name}"] == []
    with pytest.raises(AttributeError, match="no attribute 'refusals'"):
        _ = evalkit.metrics.refusals
