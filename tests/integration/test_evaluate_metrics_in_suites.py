"""Any metric of the package evaluate in a suite, by the path of its script; and none from the network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sacrebleu

import evalkit
from evalkit.checks.accuracy import Accuracy, AccuracyOptions, EvaluateMetric
from evalkit.errors import SuiteError
from evalkit.metrics import hf_module
from evalkit.metrics.evaluate_imported import Imported, load, recorded
from evalkit.records import Answer, Case, Decoding, Message, Sample, Unscored

pytest.importorskip("evaluate")

SCRIPT = """
import evaluate
import datasets

class Starts(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        return evaluate.MetricInfo(description="", citation="", inputs_description="",
                                   features=datasets.Features({"predictions": text, "references": text}))

    def _compute(self, predictions, references, scale=1.0):
        hits = [float(p.startswith(r)) for p, r in zip(predictions, references)]
        lengths = sum(map(len, predictions)) / max(sum(map(len, references)), 1)
        longest = float(max(map(len, predictions)))
        starts = scale * sum(hits) / len(hits)
        return {"starts": starts, "each": hits, "length": lengths, "longest": longest, "note": "x"}
"""

NUMBERS = """
import evaluate
import datasets

class Agree(evaluate.Metric):
    def _info(self):
        number = datasets.Value("int32")
        return evaluate.MetricInfo(description="", citation="", inputs_description="",
                                   features=datasets.Features({"predictions": number, "references": number}))

    def _compute(self, predictions, references):
        return {"agree": sum(p == r for p, r in zip(predictions, references)) / len(references)}
"""

ERRORS = """
import evaluate
import datasets

class Errors(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        return evaluate.MetricInfo(description="", citation="", inputs_description="",
                                   features=datasets.Features({"predictions": text, "references": text}))

    def _compute(self, predictions, references):
        wrong = sum(len(set(r.split()) - set(p.split())) for p, r in zip(predictions, references))
        return {"errors": wrong / sum(len(r.split()) for r in references)}
"""

CORPUS = """
import evaluate
import datasets
import sacrebleu

class Whole(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        return evaluate.MetricInfo(description="", citation="", inputs_description="",
                                   features=datasets.Features({"predictions": text, "references": datasets.List(text)}))

    def _compute(self, predictions, references):
        streams = [list(stream) for stream in zip(*references)]
        return {"score": sacrebleu.FAMILY(predictions, streams).score, "precisions": [1.0]}
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "starts.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def case(*references: str) -> Case:
    return Case("a", (Sample("a", (Message("user", "?"),), references),))


@pytest.mark.usefixtures("script")
def test_a_script_scores_every_row_and_the_best_reference_counts() -> None:
    check = Accuracy("a", Decoding(), AccuracyOptions(metrics=("exact_match", "evaluate:./starts.py")))
    assert [metric.name for metric in check.metrics] == ["exact_match", "starts"]
    score = check.judge(case("Rome", "Paris"), Answer("Paris it is"))
    assert score.results == {"exact_match": (0.0, 1.0), "starts": (1.0, 1.0)}


@pytest.mark.usefixtures("script")
def test_name_key_and_arguments_are_taken_and_stand_in_the_signature() -> None:
    wanted = EvaluateMetric(evaluate="./starts.py", name="half", key="starts", arguments={"scale": 0.5})
    check = Accuracy("a", Decoding(), AccuracyOptions(metrics=(wanted,)))
    assert check.judge(case("Paris"), Answer("Paris")).results == {"half": (0.5, 1.0)}
    assert "key:starts" in check.metrics[0].signature
    assert "scale=0.5" in check.metrics[0].signature


def test_another_text_of_the_script_is_another_signature(script: Path) -> None:
    first = load("./starts.py").signature
    script.write_text(SCRIPT + "\n# changed\n", encoding="utf-8")
    assert load("./starts.py").signature != first


@pytest.mark.usefixtures("script")
def test_a_number_that_rows_do_not_add_up_to_is_said_to_be_so() -> None:
    whole = EvaluateMetric(evaluate="./starts.py", name="longest", key="longest")
    check = Accuracy("a", Decoding(), AccuracyOptions(metrics=(whole, "evaluate:./starts.py")))
    assert [warning.split(":")[0] for warning in check.warnings([])] == ["longest"]
    assert "not of the corpus" in check.metrics[0].signature


def test_our_own_modules_come_back_as_they_went_out() -> None:
    metric = load(hf_module("rougeL"))
    assert metric.text_statistics("the cat sat", ["the cat ran", "a cat"]) == (pytest.approx(2 / 3), 1.0)
    assert metric.takes_lists


@pytest.mark.usefixtures("script")
@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("./gone.py", {}, "there is no script at"),
        ("no-such-metric", {}, "does not fetch code from the network"),
        ("nobody/no-such-metric", {}, "does not fetch code from the network"),
        ("./starts.py", {"name": "other"}, "several numbers"),
        ("./starts.py", {"key": "note"}, "no number 'note'"),
        ("./starts.py", {"arguments": {"scale": "x"}}, "fails on a trial"),
    ],
)
def test_what_cannot_be_used_says_why_at_once(source: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(source, **options)  # type: ignore[arg-type]


def test_a_name_does_not_load_a_script_of_the_working_folder(script: Path) -> None:
    folder = script.parent / "mine"
    folder.mkdir()
    (folder / "mine.py").write_text("raise SystemExit('was run')", encoding="utf-8")
    with pytest.raises(ValueError, match="not on this machine"):
        load("mine")


@pytest.mark.usefixtures("script")
def test_a_suite_gates_on_it_and_a_wrong_one_is_a_wrong_suite(tmp_path: Path) -> None:
    rows = [{"prompt": f"{n}?", "references": [f"yes {n}"]} for n in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    text = (
        "name: s\ndatasets: {d: {path: rows.jsonl}}\n"
        "checks: {accuracy: {metrics: ['evaluate:./SCRIPT.py']}}\ngates: [accuracy.starts >= 0.5]\n"
    )
    (tmp_path / "good.yaml").write_text(text.replace("SCRIPT", "starts"), encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(text.replace("SCRIPT", "gone"), encoding="utf-8")
    store = f"sqlite:///{tmp_path}/runs.db"
    assert evalkit.evaluate(tmp_path / "good.yaml", model="mock:oracle", store=store).outcome.exit_code == 0
    assert evalkit.evaluate(tmp_path / "good.yaml", model="mock:echo", store=store).outcome.exit_code == 1
    with pytest.raises(SuiteError, match="no script at"):
        evalkit.evaluate(tmp_path / "bad.yaml", model="mock:oracle", store=store)


PAIRS = [("a b c d e", "a b c d"), ("x", "x y z of it all"), ("the end is near", "The end was near, he said.")]


def summed(metric: Imported, pairs: list[tuple[str, str]]) -> float | None:
    vectors = [metric.text_statistics(said, [wanted]) for said, wanted in pairs]
    assert all(isinstance(vector, tuple) for vector in vectors)
    return metric.value(tuple(map(sum, zip(*vectors, strict=True))))


def test_an_error_rate_is_that_of_all_words_and_not_the_mean_of_rows(tmp_path: Path) -> None:
    (tmp_path / "errors.py").write_text(ERRORS, encoding="utf-8")
    metric = load(str(tmp_path / "errors.py"), better="lower")
    assert metric.kind == "ratio"
    assert "rows:weighed by the words of the reference" in metric.signature
    wrong = 0 + 5 + 5
    assert summed(metric, PAIRS) == pytest.approx(wrong / (4 + 6 + 6))


@pytest.mark.parametrize("family", ["corpus_bleu", "corpus_chrf"])
def test_a_score_of_counts_is_that_of_the_corpus_also_when_read_from_the_store(tmp_path: Path, family: str) -> None:
    (tmp_path / "whole.py").write_text(CORPUS.replace("FAMILY", family), encoding="utf-8")
    metric = load(str(tmp_path / "whole.py"), key="score")
    said, wanted = [said for said, _ in PAIRS], [[wanted for _, wanted in PAIRS]]
    expected = getattr(sacrebleu, family)(said, wanted).score
    assert metric.kind == "corpus"
    assert summed(metric, PAIRS) == pytest.approx(expected, abs=1e-9)
    again = recorded("whole", metric.signature)
    assert again is not None
    vectors = [metric.text_statistics(said, [wanted]) for said, wanted in PAIRS]
    assert again.value(tuple(map(sum, zip(*vectors, strict=True)))) == pytest.approx(expected, abs=1e-9)


def test_translation_errors_are_weighed_by_the_mean_length_of_the_references(tmp_path: Path) -> None:
    (tmp_path / "whole.py").write_text(CORPUS.replace("FAMILY", "corpus_ter"), encoding="utf-8")
    metric = load(str(tmp_path / "whole.py"), key="score", better="lower")
    references = [["a b c", "a b c d e x"], ["x y", "x"], ["The end was near", "It is the end"]]
    vectors = [metric.text_statistics(said, row) for (said, _), row in zip(PAIRS, references, strict=True)]
    expected = sacrebleu.corpus_ter(
        [said for said, _ in PAIRS], [list(stream) for stream in zip(*references, strict=True)]
    ).score
    assert metric.value(tuple(map(sum, zip(*vectors, strict=True)))) == pytest.approx(expected, abs=1e-9)


def test_a_metric_of_numbers_gets_the_numbers_of_the_texts(tmp_path: Path) -> None:
    (tmp_path / "agree.py").write_text(NUMBERS, encoding="utf-8")
    metric = load(str(tmp_path / "agree.py"))
    assert metric.text_statistics("It is 12.", ["12"]) == (1.0, 1.0)
    assert metric.text_statistics("11", ["12", "11"]) == (1.0, 1.0)
    assert isinstance(metric.text_statistics("none", ["12"]), Unscored)
