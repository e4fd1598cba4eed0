"""Where the time went, in table, picture, page and files: the same figures everywhere, and hostile names stay text."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from evalkit import report
from evalkit.profiles import Beside, ModelWork, Profile, Stage
from evalkit.report import html, json_report, profile_files
from evalkit.report.profile import flame, lines, terminal_lines, view
from evalkit.results import Result
from evalkit.runner.document import from_json, profile_schema, to_json

WORK = ModelWork(
    role="subject",
    model="hf:some/model",
    answers=520,
    prompt_tokens=30_000,
    output_tokens=4_000,
    seconds=8.0,
    prompt_tokens_per_second=2_500.0,
    output_tokens_per_second=812.5,
    batches=((8, 20), (16, 500)),
    rows=12.5,
    padding=0.031,
    shared=0.62,
)
PROFILE = Profile(
    seconds=10.0,
    cpu_seconds=14.0,
    stages=(
        Stage("start", 0.5, 0.5),
        Stage(
            "ask and score",
            9.0,
            13.0,
            4,
            (
                Stage(
                    "ask the model",
                    8.0,
                    12.0,
                    524,
                    (Stage("prefill", 3.0, None), Stage("decode", 4.5, None), Stage("other", 0.5, None)),
                ),
                Stage("score", 1.0, 1.0),
            ),
        ),
        Stage("other", 0.5, 0.5, 0),
    ),
    models=(WORK,),
    beside=(Beside("other processes", None, 3.25),),
)


class Texts(HTMLParser):
    """Elements and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.said += data


@pytest.fixture
def result(make: Any) -> Result:
    profiled: Result = make.result(profile=PROFILE)
    return profiled


def printed(result: Result, width: int = 80, *, unicode: bool = True) -> list[str]:
    console = Console(width=width, record=True, file=None, color_system=None)
    with console.capture() as captured:
        for line in terminal_lines(result, width=width, unicode=unicode):
            console.print(line)
    return captured.get().splitlines()


def named(text: str) -> Profile:
    work = replace(WORK, role=text, model=text, latency={text: 1.0}, counters={text: 1.0})
    return Profile(1.0, 1.0, (Stage(text, 1.0, 1.0, 1, (Stage(text, 1.0, 1.0),)),), (work,), (Beside(text, 1.0, None),))


def test_the_table_has_each_stage_above_its_parts(result: Result) -> None:
    assert [(line.depth, line.name, line.seconds, line.share, line.cpu) for line in lines(PROFILE)] == [
        (0, "whole run", "10.00", "100%", "14.00"),
        (1, "start", "0.50", "5.0%", "0.50"),
        (1, "ask and score", "9.00", "90%", "13.00"),
        (2, "ask the model", "8.00", "80%", "12.00"),
        (3, "prefill", "3.00", "30%", "–"),
        (3, "decode", "4.50", "45%", "–"),
        (3, "other", "0.50", "5.0%", "–"),
        (2, "score", "1.00", "10%", "1.00"),
        (1, "other", "0.50", "5.0%", "0.50"),
        (0, "beside: other processes", "–", "", "3.25"),
    ]


def test_parts_lie_under_their_stage_and_side_by_side(result: Result) -> None:
    shown = view(result)
    assert shown is not None
    places = {(block.said.partition(":")[0], block.top): (block.left, block.width) for block in shown.blocks}
    assert places[("ask and score", shown.row)] == (5, 90)
    assert places[("ask the model", 2 * shown.row)] == (5, 80)
    assert places[("decode", 3 * shown.row)] == (35, 45)
    assert places[("score", 2 * shown.row)] == (85, 10)
    assert shown.height == 4 * shown.row


def test_a_label_that_has_no_room_is_left_out_whole(result: Result) -> None:
    """8% of the width are room for `estimate` and not for `estimate 8.0%`: half a word says nothing."""
    narrow = replace(PROFILE, stages=(Stage("estimate", 0.8, 0.8), Stage("decide", 0.3, 0.3), Stage("other", 8.9, 8.9)))
    shown = view(replace(result, profile=narrow))
    assert shown is not None
    labels = {block.said.partition(":")[0]: block.label for block in shown.blocks}
    assert labels == {"whole run": "whole run 100%", "estimate": "estimate", "decide": "", "other": "other 89%"}


def test_a_stage_too_short_to_see_is_in_the_table_alone(result: Result) -> None:
    brief = replace(PROFILE, stages=(Stage("blink", 0.001, 0.001), Stage("other", 9.999, 13.999)))
    shown = view(replace(result, profile=brief))
    assert shown is not None
    assert "blink" in [line.name for line in shown.lines]
    assert not [block for block in shown.blocks if "blink" in block.said]


def test_the_terminal_says_what_the_model_did(result: Result) -> None:
    text = " ".join(" ".join(printed(result)).split())
    for said in (
        "520, 30,000 tokens read, 4,000 written",
        "812 written, 2,500 read",
        "12.50 answers in the mean",
        "3.1% of the positions",
        "62% of the prompts' tokens",
        "known before 40 (3.4%)",
        "the same as others 736 (63%)",
    ):
        assert said in text


def test_batches_are_told_where_the_model_does_not_say_what_it_wrote_at_once(result: Result) -> None:
    assert "batches" not in " ".join(printed(result))
    silent = replace(PROFILE, models=(replace(WORK, rows=None),))
    text = " ".join(printed(replace(result, profile=silent)))
    assert "500 answers in batches of 16; 20 answers in batches of 8" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(result: Result, make: Any, width: int) -> None:
    assert max(map(len, printed(result, width))) <= width
    assert max(map(len, printed(replace(result, profile=named(make.hostile)), width))) <= width


def test_a_terminal_without_these_characters_gets_others(result: Result) -> None:
    assert "\n".join(printed(result, unicode=False)).isascii()


def test_hostile_names_are_text_everywhere(result: Result, make: Any, tmp_path: Path) -> None:
    honest = Texts(html.render(replace(result, profile=named("plain"))))
    hostile = replace(result, profile=named(make.hostile))
    page = Texts(html.render(hostile))
    assert page.tags == honest.tags
    assert "\x1b" not in "".join(printed(hostile))
    for path in profile_files.write(hostile, tmp_path):
        written = path.read_text(encoding="utf-8")
        json.loads(written)
        assert not [sign for sign in written if sign in "\x1b\x07\u202e\u200b"]


def test_the_page_has_the_section_only_with_a_profile(result: Result, make: Any) -> None:
    assert "Where the time went" in Texts(html.render(result)).said
    assert "Where the time went" not in Texts(html.render(make.result())).said


def test_the_flame_graph_weighs_what_no_part_took(result: Result) -> None:
    document: Any = flame(result)
    names = [frame["name"] for frame in document["shared"]["frames"]]
    wall, cpu = document["profiles"]
    assert {" > ".join(names[at] for at in s): w for s, w in zip(wall["samples"], wall["weights"], strict=True)} == {
        "whole run > start": 0.5,
        "whole run > ask and score > ask the model > prefill": 3.0,
        "whole run > ask and score > ask the model > decode": 4.5,
        "whole run > ask and score > ask the model > other": 0.5,
        "whole run > ask and score > score": 1.0,
        "whole run > other": 0.5,
    }
    assert wall["endValue"] == sum(wall["weights"]) == PROFILE.seconds
    assert cpu["endValue"] == sum(cpu["weights"]) == PROFILE.cpu_seconds
    assert {"type": "sampled", "unit": "seconds", "startValue": 0}.items() <= wall.items()


def test_the_file_is_what_its_schema_says(result: Result, tmp_path: Path) -> None:
    path, _ = profile_files.write(result, tmp_path)
    document, schema = json.loads(path.read_text(encoding="utf-8")), profile_schema()
    assert set(document) == set(schema["properties"]) == set(schema["required"]) | {"models", "beside"}
    assert document["schema"] == schema["properties"]["schema"]["const"]
    assert document["requests"] == {"needed": 1164, "known": 40, "merged": 736, "asked": 388}
    assert set(document["models"][0]) == set(schema["$defs"]["ModelWork"]["properties"])
    assert set(document["stages"][0]) == set(schema["$defs"]["Stage"]["properties"])


def test_a_run_without_a_profile_says_nothing_of_it(result: Result, make: Any, tmp_path: Path) -> None:
    plain = make.result()
    assert "profile" not in json.loads(to_json(plain))
    report.write_all(plain, tmp_path)
    assert not [path for path in tmp_path.iterdir() if "profile" in path.name]
    assert terminal_lines(plain, width=80, unicode=True) == []


def test_time_is_no_part_of_what_a_result_is(result: Result, make: Any) -> None:
    assert result == make.result()
    assert from_json(to_json(result)).profile == PROFILE


def test_a_profile_is_written_again_with_every_report_and_not_with_one(result: Result, tmp_path: Path) -> None:
    assert {"profile.json", "profile.speedscope.json"} <= {path.name for path in report.write_all(result, tmp_path)}
    one = tmp_path / "one"
    assert [path.name for path in report.write_all(result, one, reporters=["json"])] == [json_report.NAME]


def test_nothing_that_took_no_time_divides(result: Result) -> None:
    empty = replace(result, profile=Profile(0.0, 0.0, (Stage("other", 0.0, 0.0, 0),)))
    assert view(empty) is not None
    assert printed(empty)[1].split() == ["whole", "run", "0.00", "0.00"]
