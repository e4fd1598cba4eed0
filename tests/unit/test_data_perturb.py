"""Perturbations: what variants are called, what they keep, and that they are the same every time."""

from __future__ import annotations

import base64
import codecs
import json
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit import plugins
from evalkit.data import Dataset, DatasetSpec, FewShotSpec, PerturbSpec, PromptSpec, load
from evalkit.data.order import permutation
from evalkit.data.perturb import Perturbation, Rewording, Variant, expand
from evalkit.data.perturb.spelling_lists import ALIKE, MISSPELT, pairs
from evalkit.errors import DatasetError, EvalkitError, PluginError
from evalkit.records import Message, Sample
from evalkit.runner.plan import make_plan
from evalkit.suite.load import load_suite

REWORDINGS = (
    "role_play",
    "leading_sure",
    "hypothetical",
    "past_tense",
    "politeness",
    "extra_context",
    "base64",
    "rot13",
    "leetspeak",
    "typos",
    "casing",
    "whitespace",
    "punctuation",
    "misspellings",
    "homoglyphs",
)


def sample(text: str = "How do I open a tin without an opener?", name: str = "a", **labels: Any) -> Sample:
    return Sample(name, (Message("system", "Be brief."), Message("user", text)), ("With a spoon.",), labels)


def perturbed(text: str, kind: str, name: str = "a", **options: Any) -> list[Sample]:
    made, _ = expand([sample(text, name)], [PerturbSpec(kind, options)])
    return list(made[1:])


def one_text(text: str, kind: str, name: str = "a", **options: Any) -> str:
    (variant,) = perturbed(text, kind, name, **options)
    assert variant.messages[0] == Message("system", "Be brief.")
    return variant.messages[-1].content


def dataset(folder: Path, rows: list[dict[str, Any]], **options: Any) -> Dataset:
    (folder / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return load(DatasetSpec("d", "d.jsonl", **options), folder)


def test_every_rewording_gives_one_variant_beside_the_row() -> None:
    made, warnings = expand([sample(category="food")], [PerturbSpec(kind) for kind in REWORDINGS])
    assert [one.id for one in made] == ["a", *(f"a~{kind}" for kind in REWORDINGS)]
    assert [one.labels["perturbation"] for one in made] == ["none", *REWORDINGS]
    assert {one.labels["variant_of"] for one in made} == {"a"}
    assert {one.cluster for one in made} == {"a"}
    assert {one.labels["category"] for one in made} == {"food"}
    assert {one.references for one in made} == {("With a spoon.",)}
    assert len({one.messages for one in made}) == len(made)
    assert warnings == ()


def test_the_encodings_decode_to_the_request() -> None:
    text = "Grüße, how are you? 你好"
    assert base64.b64decode(one_text(text, "base64").split("\n\n")[1]).decode() == text
    assert codecs.decode(one_text(text, "rot13").split("\n\n")[1], "rot13") == text
    assert one_text("leet hats Or", "leetspeak") == "l337 h475 0r"


def test_frames_keep_the_request_word_for_word() -> None:
    for kind in ("role_play", "leading_sure", "hypothetical", "politeness", "extra_context"):
        assert "How do I open a tin?" in one_text("How do I open a tin?", kind)


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [
        ("How do I open my tin?", "How did people open their tin in the past?"),
        ("how can someone hide a gift", "How did people hide a gift in the past?"),
        ("How to boil an egg?", "How did people boil an egg in the past?"),
    ],
)
def test_how_to_questions_move_to_the_past(asked: str, becomes: str) -> None:
    assert one_text(asked, "past_tense") == becomes


def test_other_requests_are_framed_as_of_the_past() -> None:
    assert one_text("Write a poem.", "past_tense").endswith("Write a poem.")


def test_each_language_is_an_attack_of_its_own() -> None:
    made = perturbed("Hello?", "language", into=["de", "zh"])
    assert [(one.id, one.labels["perturbation"]) for one in made] == [
        ("a~language-de", "language-de"),
        ("a~language-zh", "language-zh"),
    ]
    assert all(one.messages[-1].content.endswith("\n\nHello?") for one in made)


def test_typos_are_as_many_as_the_rate_says_and_spare_first_letters_and_digits() -> None:
    text = "seventeen wonderful elephants travelled 12345 kilometres " * 40
    changed = one_text(text, "typos", rate=0.1)
    assert changed != text
    assert "12345" in changed
    assert [word[0] for word in changed.split()] == [word[0] for word in text.split()]
    inside = sum(len(word) - 1 for word in text.split() if word.isalpha())
    words = sum(before != after for before, after in zip(text.split(), changed.split(), strict=True))
    assert 0.03 * inside < words < 0.12 * inside  # several typos may meet in one word; 5 sigma is 0.02


def test_typos_keep_capitals() -> None:
    changed = one_text("SEVENTEEN WONDERFUL ELEPHANTS " * 20, "typos", rate=0.3)
    assert changed.isupper()


def test_misspellings_and_synonyms_are_word_for_word_and_keep_capitals() -> None:
    assert (
        one_text("I BELIEVE that, Because it is weird.", "misspellings", rate=1)
        == "I BELEIVE taht, Becuase it is wierd."
    )
    assert one_text("Begin with the BIG mistake.", "synonyms", rate=1) == "Start with the LARGE error."
    said = "Give an answer, an ERROR and a hard, important job; A usually AN EASY one."
    assert one_text(said, "synonyms", rate=1) == (
        "Give a reply, a MISTAKE and a difficult, significant occupation; A normally A SIMPLE one."
    )
    assert one_text("A simple thing", "synonyms", rate=1) == "An easy thing"
    assert perturbed("Xyzzy plugh.", "misspellings") == perturbed("Xyzzy plugh.", "synonyms") == []


def test_every_misspelling_is_one_that_helm_knows_too(public_data: Path) -> None:
    known = json.loads((public_data / "perturbations" / "correct_to_misspelling.json").read_text(encoding="utf-8"))
    ours = {word: other for word, other in pairs(MISSPELT).items() if word in known}
    assert len(ours) > 100
    unheard = {word: other for word, other in ours.items() if other not in known[word]}
    assert len(unheard) < 0.1 * len(ours), unheard


def test_homoglyphs_look_the_same_and_are_other_letters() -> None:
    text = "a pace on each copy " * 20
    changed = one_text(text, "homoglyphs", rate=0.3)
    assert len(changed) == len(text)
    others = [(before, after) for before, after in zip(text, changed, strict=True) if before != after]
    assert all(unicodedata.name(after).startswith("CYRILLIC") for _, after in others)
    doubles = sum(letter in ALIKE[::2] for letter in text)
    assert 0.2 < len(others) / doubles < 0.4
    back = changed.translate({ord(after): before for before, after in zip(ALIKE[::2], ALIKE[1::2], strict=True)})
    assert back == text


def test_punctuation_changes_marks_alone() -> None:
    text = "Well, is it? Yes; it is. Good! " * 10
    changed = one_text(text, "punctuation", rate=0.5)
    assert changed != text
    assert re.sub(r"[.,;!?]", "", changed) == re.sub(r"[.,;!?]", "", text)
    assert one_text("no mark", "punctuation").startswith("no mark ")


@given(st.text(max_size=200), st.sampled_from(REWORDINGS))
def test_any_text_is_reworded_the_same_way_each_time_and_stays_in_its_frame(text: str, kind: str) -> None:
    made = perturbed(text, kind)
    assert made == perturbed(text, kind)
    assert len(made) == (1 if made else 0)
    for variant in made:
        said = variant.messages[-1].content
        assert said != text
        if kind in {"role_play", "leading_sure", "hypothetical", "politeness", "extra_context"}:
            assert text in said
        if kind == "base64":
            encoded = said.rpartition("\n\n")[2]
            assert base64.b64decode(encoded).decode("utf-8", "surrogatepass") == text
        if kind == "casing":
            assert said == text.upper()


def test_a_short_text_has_at_least_one_typo() -> None:
    assert all(one_text("no", "typos", name=f"row {at}", rate=0.01) != "no" for at in range(20))


def test_only_white_space_changes_in_whitespace() -> None:
    text = "a b  c\nd e f"
    changed = one_text(text, "whitespace")
    assert changed != text
    assert changed.split() == text.split()


@pytest.mark.parametrize(("style", "becomes"), [("upper", "AB CD"), ("lower", "ab cd"), ("alternating", "aB Cd")])
def test_casing_has_styles(style: str, becomes: str) -> None:
    assert one_text("Ab cD", "casing", style=style) == becomes


@pytest.mark.parametrize("kind", ["typos", "whitespace", "extra_context"])
def test_a_draw_depends_on_row_and_seed_alone(kind: str) -> None:
    text = "the quick brown fox jumps over the lazy dog " * 5
    alone = one_text(text, kind, "r7")
    among, _ = expand([sample(text, f"r{at}") for at in range(9)], [PerturbSpec("casing"), PerturbSpec(kind)])
    assert next(one for one in among if one.id == f"r7~{kind}").messages[-1].content == alone
    assert len({one_text(text, kind, "r7", seed=seed) for seed in range(9)}) > 1
    assert len({one_text(text, kind, f"r{at}") for at in range(9)}) > 1


def test_what_does_not_fit_is_counted_and_said() -> None:
    rows = [sample("你好", "zh"), sample("hello", "en"), sample("  ", "blank")]
    made, warnings = expand(rows, [PerturbSpec("typos"), PerturbSpec("rot13"), PerturbSpec("base64")], "mine")
    assert [one.id for one in made] == ["zh", "zh~base64", "en", "en~typos", "en~rot13", "en~base64", "blank"]
    assert warnings == (
        "dataset 'mine': perturbation 'typos' fits 1 of 3 rows; the others have no such variant",
        "dataset 'mine': perturbation 'rot13' fits 1 of 3 rows; the others have no such variant",
        "dataset 'mine': perturbation 'base64' fits 2 of 3 rows; the others have no such variant",
    )


def test_only_the_last_turn_of_the_user_is_reworded() -> None:
    talk = (Message("user", "hello there"), Message("assistant", "hi"), Message("user", "open a tin"))
    made, _ = expand([Sample("a", talk)], [PerturbSpec("casing")])
    assert [message.content for message in made[1].messages] == ["hello there", "hi", "OPEN A TIN"]


def test_a_loaded_dataset_has_its_variants_in_cluster_fingerprint_and_order(tmp_path: Path) -> None:
    rows = [{"id": f"r{at}", "prompt": f"Question {at}?", "pair": f"p{at // 2}"} for at in range(6)]
    plain = dataset(tmp_path, rows)
    both = dataset(tmp_path, rows, perturb=(PerturbSpec("base64"), PerturbSpec("typos")))
    other = dataset(tmp_path, rows, perturb=(PerturbSpec("base64"), PerturbSpec("typos", {"seed": 1})))
    assert len(both.samples) == 3 * len(plain.samples)
    assert len({plain.fingerprint, both.fingerprint, other.fingerprint}) == 3
    clusters = permutation(both.samples, both.fingerprint)
    assert sorted(len(cluster) for cluster in clusters) == [6, 6, 6]


def test_examples_are_not_reworded(tmp_path: Path) -> None:
    rows = [{"id": f"r{at}", "prompt": f"question {at}?", "references": ["x"]} for at in range(4)]
    shots = PromptSpec(few_shot=FewShotSpec(1))
    found = dataset(tmp_path, rows, prompt=shots, perturb=(PerturbSpec("casing"),))
    assert len(found.samples) == 6
    for one in found.samples:
        example, _, asked = (message.content for message in one.messages)
        assert example.islower()
        assert asked.isupper() == (one.labels["perturbation"] == "casing")


def test_limit_counts_rows_and_not_their_variants(tmp_path: Path) -> None:
    rows = [{"id": f"r{at}", "prompt": f"Question {at}?"} for at in range(6)]
    assert len(dataset(tmp_path, rows, limit=2, perturb=(PerturbSpec("base64"),)).samples) == 4


def test_names_tell_two_of_one_kind_apart() -> None:
    specs = [PerturbSpec("typos", {"name": "few"}), PerturbSpec("typos", {"name": "many", "rate": 0.4})]
    made, _ = expand([sample()], specs)
    assert [one.id for one in made] == ["a", "a~few", "a~many"]
    with pytest.raises(DatasetError, match="two perturbations are called 'typos'"):
        expand([sample()], [PerturbSpec("typos"), PerturbSpec("typos", {"rate": 0.4})])


def test_rows_that_would_be_mistaken_for_variants_are_refused() -> None:
    with pytest.raises(DatasetError, match="one id: 'a~base64'"):
        expand([sample(), sample(name="a~base64")], [PerturbSpec("base64")])
    with pytest.raises(DatasetError, match="column 'perturbation', which perturb sets"):
        expand([sample(perturbation="mine")], [PerturbSpec("base64")])


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("[role_pley]", "unknown perturbation 'role_pley'", "did you mean 'role_play'?"),
        ("[{typos: {rat: 0.1}}]", "unknown key 'rat' of perturbation 'typos'", "did you mean 'rate'?"),
        ("[{typos: {rate: 2}}]", "less than or equal to 0.5", ""),
        ("[{typos: {}, base64: {}}]", "names 2 perturbations", "an item of its own"),
        ("[base64, base64]", "two perturbations are called 'base64'", "name of its own"),
        ("role_play", "should be a list", ""),
    ],
)
def test_mistakes_are_named_with_line_and_nearest_name(tmp_path: Path, written: str, message: str, hint: str) -> None:
    (tmp_path / "d.jsonl").write_text('{"prompt": "Hello?"}\n', encoding="utf-8")
    suite = tmp_path / "s.yaml"
    suite.write_text(
        f"name: s\ndatasets:\n  d:\n    path: d.jsonl\n    perturb: {written}\nchecks: {{length: {{}}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(EvalkitError) as caught:
        make_plan(load_suite(suite))
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.where.endswith("s.yaml:5")
    assert caught.value.exit_code == 2


def test_a_suite_without_perturbations_keeps_its_fingerprint(tmp_path: Path) -> None:
    suite = tmp_path / "s.yaml"
    text = "name: s\ndatasets: {{d: {{path: d.jsonl{}}}}}\nchecks: {{length: {{}}}}\n"
    found = []
    for more in ("", ", perturb: []", ", perturb: [base64]"):
        suite.write_text(text.format(more), encoding="utf-8")
        found.append(load_suite(suite).fingerprint)
    assert found[0] == found[1] != found[2]


class Broken(Rewording):
    kind = "broken"

    def reword(self, text: str, random: Random) -> str | None:
        raise KeyError(text)


class Twice(Perturbation):
    kind = "twice"

    def variants(self, sample: Sample, random: Random) -> Iterable[Variant]:
        yield Variant(sample.messages, "x", labels={"mood": "glad"})
        yield Variant(sample.messages, "y", references=("Other.",))


def test_a_plugin_makes_several_variants_or_is_named_when_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "load", lambda group, name, where="": {"broken": Broken, "twice": Twice}[name])
    made, _ = expand([sample()], [PerturbSpec("twice", {"name": "two"})])
    assert [one.id for one in made] == ["a", "a~two-x", "a~two-y"]
    assert made[1].labels["mood"] == "glad"
    assert made[2].references == ("Other.",)
    with pytest.raises(PluginError, match="perturbation 'broken' fails at row 'a': KeyError"):
        expand([sample()], [PerturbSpec("broken")])


@given(st.text(max_size=60), st.sampled_from(REWORDINGS))
def test_any_text_is_reworded_the_same_way_twice_or_not_at_all(text: str, kind: str) -> None:
    first, second = perturbed(text, kind), perturbed(text, kind)
    assert first == second
    assert len(first) <= 1
    assert all(one.messages[-1].content != text for one in first)


@pytest.mark.parametrize(
    "text",
    ["a" * 300_000, " " * 300_000 + "a", "?!" * 100_000 + "a b", "a b" * 100_000, "how do i " * 50_000, "\ud800 a b"],
)
def test_huge_and_broken_texts_come_through(text: str) -> None:
    made, _ = expand([sample(text)], [PerturbSpec(kind) for kind in REWORDINGS])
    assert len(made) > 1


def test_every_perturbation_that_ships_is_explained() -> None:
    page = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
    assert [name for name in plugins.names("evalkit.perturbations") if f"`{name}`" not in page] == []
