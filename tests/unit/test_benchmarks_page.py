"""docs/performance.md is what the benchmarks wrote: tables, pictures and what is reached are made of results alone."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.__main__ import SCRIPTS, WORKLOADS
from benchmarks.page import judging
from benchmarks.page.__main__ import PAGE, files, left_over, main, stale, write_page
from benchmarks.page.aims import NOT_MEASURED, Aim, Figure, table
from benchmarks.page.kept import Kept, Results, read, times
from benchmarks.page.musts import MUSTS
from benchmarks.page.picture import Axis, Group, Row, picture
from benchmarks.page.sections import AIMS, LINES, OVERVIEW, pictures, places, section
from benchmarks.peers.summary import Spread
from benchmarks.results import RESULTS, command_of, keep, revision

HEAD: Mapping[str, Any] = {
    "title": "Tiny work",
    "made": "2026-01-02T03:04:05+00:00",
    "machine": {"cores": 2, "processor": "a processor", "memory_gigabytes": 8},
    "revision": "abc",
}
COSTS = {
    # of a tool: CPU seconds at 100 and at 500 samples in the first round and in the second
    "evalkit": ((1.0, 2.0), (2.0, 3.0)),
    "peer": ((4.0, 10.0), (8.0, 15.0)),
    "slow": ((20.0, 30.0), (20.0, 30.0)),
    "asyncio": ((0.1, 0.2), (0.2, 0.3)),
}


def repetition(number: int, size: int, contestant: str, cpu: float) -> dict[str, Any]:
    told = {"round": number, "size": size, "contestant": contestant, "cpu_seconds": cpu, "wall_seconds": 2 * cpu}
    return {**told, "peak_megabytes": 100 + cpu, "stored_megabytes": 1.0, "load": 0.5}


def side_by_side(name: str = "overhead", **changes: Any) -> dict[str, Any]:
    repetitions = [
        repetition(number, size, tool, rounds[number - 1][place])
        for number in (1, 2)
        for place, size in enumerate((100, 500))
        for tool, rounds in COSTS.items()
    ]
    document = {"benchmark": name, **HEAD, "command": f"python -m benchmarks {name}", "absent": []}
    document |= {"versions": {tool: {} for tool in COSTS}, "answers_like_evalkits": [], "settings_tried": []}
    return {**document, "repetitions": repetitions, **changes}


def lined(name: str, *lines: Mapping[str, Any]) -> dict[str, Any]:
    return {"benchmark": name, **HEAD, "command": f"python -m benchmarks {name}", "lines": list(lines)}


def framework_line(samples: int, *costs: tuple[float, float], work: str = "exact match", **more: Any) -> dict[str, Any]:
    """CPU seconds and megabytes, round by round."""
    rounds = [
        {"round": number, "cpu_seconds": cpu, "wall_seconds": cpu, "peak_megabytes": peak, "load": 0.1, "alone": None}
        | {"judged": None, **more}
        for number, (cpu, peak) in enumerate(costs, 1)
    ]
    return {"work": work, "samples": samples, "words": 25, "rounds": rounds}


def results(tmp_path: Path, *documents: Mapping[str, Any]) -> Results:
    for document in documents:
        keep(document, tmp_path)
    return read(tmp_path)


def told(figures: Any) -> list[tuple[str, bool]]:
    return [(figure.text, figure.enough) for figure in figures]


# --- the page of this checkout ----------------------------------------------------------------------------------------


def test_the_page_is_what_the_results_make() -> None:
    """After `python -m benchmarks NAME`; by itself: `python -m benchmarks.page`."""
    wanted = files(RESULTS, PAGE)
    assert stale(wanted) == []
    assert left_over(wanted, PAGE) == []


def test_the_page_begins_with_what_is_reached_and_has_a_place_for_every_benchmark() -> None:
    found = places(PAGE.read_text(encoding="utf-8"))
    assert found[:2] == [AIMS, OVERVIEW]
    assert {*found[2:]} >= {*WORKLOADS, *LINES}
    assert len(set(found)) == len(found)
    assert set(LINES) == set(SCRIPTS)


def test_every_aim_names_a_command_that_there_is() -> None:
    for aim in MUSTS:
        words = aim.command.split()
        if words[:3] == ["python", "-m", "benchmarks"]:
            assert {word for word in words[3:] if not word.startswith("--")} <= {*WORKLOADS, *LINES}
        elif words[0] == "pytest":
            assert (PAGE.parents[1] / words[1]).is_file()
        else:
            assert aim.command == "make bench-check"
    rows = section(AIMS, Results())[1:-1]
    assert len(rows) == len(MUSTS) + 2
    assert all(re.fullmatch(r"\| [^|]*\| [^|]+ \| [^|]+ \| `[^|`]+` \|", row) for row in rows[2:])


def test_make_bench_installs_both_engines() -> None:
    """evalkit answers with OpenVINO in two workloads; without it `make bench` would say that evalkit failed."""
    rules = (PAGE.parents[1] / "Makefile").read_text(encoding="utf-8").split("\n\n")
    (bench,) = [rule for rule in rules if rule.startswith("bench: ")]
    needed = bench.splitlines()[0].removeprefix("bench: ")
    (installs,) = [rule for rule in rules if rule.startswith(f"{needed}: ")]
    assert "-e '.[hf,openvino]'" in installs
    assert installs.splitlines()[0] == f"{needed}: $(VENV)/.installed"


# --- what is reached --------------------------------------------------------------------------------------------------


def test_what_is_missed_says_so_and_what_limits_it() -> None:
    aim = Aim("speed", "at most 2 s", "command", lambda _: [Figure("1 s", True), Figure("3 s", False)], "The disk")
    assert table([aim], Results())[2:] == ["| speed | at most 2 s | 1 s; **missed**: 3 s. The disk | `command` |"]


def test_limits_are_told_only_of_what_is_missed() -> None:
    aim = Aim("speed", "at most 2 s", "command", lambda _: [Figure("1 s", True)], "The disk")
    assert aim.reached(Results()) == "1 s"


def test_without_results_nothing_is_said_to_be_reached_but_what_tests_hold() -> None:
    reached = {aim.aim: aim.reached(Results()) for aim in MUSTS if aim.command.startswith("python -m benchmarks")}
    assert len(reached) > 20
    assert set(reached.values()) == {NOT_MEASURED}


def test_ratios_are_of_the_same_round(tmp_path: Path) -> None:
    """10 / 2 and 15 / 3 at 500 samples; 4 / 1 and 8 / 2 at 100."""
    kept = results(tmp_path, side_by_side()).side_by_side["overhead"]
    assert times(kept, "peer", 500, "cpu_seconds") == Spread(5.0, 5.0, 5.0)
    assert times(kept, "slow", 500, "cpu_seconds") == Spread(10.0, 12.5, 15.0)


@pytest.mark.parametrize(("least", "enough"), [(5.0, True), (5.1, False)])
def test_the_best_peer_is_who_costs_least_and_no_floor(tmp_path: Path, least: float, enough: bool) -> None:
    found = results(tmp_path, side_by_side())
    judged = told(judging.times_the_best_peer("overhead", least, "cpu_seconds", size=500)(found))
    assert judged == [("5 times less CPU time than peer", enough)]
    others = told(judging.times_the_best_peer("overhead", least, "cpu_seconds", size=500, only=("slow",))(found))
    assert others == [("12.5 (10–15) times less CPU time than slow", True)]
    assert judging.times_the_best_peer("overhead", least, "cpu_seconds", 1_000)(found) == []


def test_peers_that_were_not_measured_are_named_beside_the_best(tmp_path: Path) -> None:
    found = results(tmp_path, side_by_side(absent=[{"contestant": "gone", "reason": "does not install"}]))
    assert told(judging.times_the_best_peer("overhead", 5, "cpu_seconds", 500)(found)) == [
        ("5 times less CPU time than peer (not measured: gone)", True)
    ]
    named = judging.times_the_best_peer("overhead", 5, "cpu_seconds", 500, only=("slow", "left out"))
    assert [text for text, _ in told(named(results(tmp_path, side_by_side())))] == [
        "12.5 (10–15) times less CPU time than slow (not measured: left out)"
    ]


@pytest.mark.parametrize(("most", "enough"), [(2.5, True), (2.4, False)])
def test_own_costs_are_medians(tmp_path: Path, most: float, enough: bool) -> None:
    found = results(tmp_path, side_by_side())
    assert told(judging.costs_at_most("overhead", 500, "cpu_seconds", most, "s")(found)) == [("2.5 (2–3) s", enough)]
    assert judging.costs_at_most("overhead", 5_000, "cpu_seconds", most, "s")(found) == []


def test_whole_processes_and_further_seconds_both_have_to_be_enough(tmp_path: Path) -> None:
    """400 samples in 1 s for evalkit; in 6 s and 7 s for the peer."""
    found = results(tmp_path, side_by_side())
    assert told(judging.times_of("overhead", "peer", 5.5)(found)) == [
        ("5 times by CPU time, 500 samples", False),
        ("6.5 (6–7) without what a start costs", True),
    ]
    assert judging.times_of("overhead", "nobody", 1.0)(found) == []
    assert judging.times_of("generation", "peer", 1.0)(found) == []


def test_who_was_too_slow_for_the_larger_size_is_compared_at_the_smaller(tmp_path: Path) -> None:
    document = side_by_side()
    kept = [one for one in document["repetitions"] if (one["contestant"], one["size"]) != ("slow", 500)]
    found = results(tmp_path, {**document, "repetitions": kept})
    assert found.side_by_side["overhead"].largest("slow") == 100
    assert told(judging.times_of("overhead", "slow", 1.0)(found)) == [
        ("15 (10–20) times by CPU time, 100 samples", True)
    ]
    assert "| 500 | slow | not measured |" in "\n".join(section("overhead", found))
    drawn = pictures(found)["benchmark-overhead.svg"]
    assert "overhead, 500 samples: peer 5, slow, 100 15 (10–20), asyncio 0.1" in drawn


def test_answers_and_verdicts_that_agree_are_counted(tmp_path: Path) -> None:
    one = {"round": 1, "size": 100, "contestant": "peer", "equal": 3, "of": 3, "apart": None}
    found = results(tmp_path, side_by_side(answers_like_evalkits=[one, {**one, "round": 2, "equal": 2}]))
    assert told(judging.same_answers(["overhead"], "peer")(found)) == [
        ("5 of 6 answers are peer's, word for word", True)
    ]
    assert told(judging.same_verdicts("overhead")(found)) == [("other verdicts: peer", False)]
    alike = results(tmp_path, side_by_side(answers_like_evalkits=[one]))
    assert told(judging.same_verdicts("overhead")(alike)) == [("the same verdicts", True)]


def test_growth_and_margin_are_of_the_rounds_that_both_sizes_have(tmp_path: Path) -> None:
    """The larger was measured once, in the second round: 12 / 2 s, 200 / 100 MB, 900 samples in 10 s."""
    larger = framework_line(1_000, (12.0, 200.0))
    larger["rounds"][0]["round"] = 2
    found = results(tmp_path, lined("framework", framework_line(100, (1.0, 50.0), (2.0, 100.0)), larger))
    exact = {"work": "exact match"}
    assert told(judging.growth("framework", exact, (100, 1_000), "cpu_seconds", 6.0)(found)) == [("6 times", True)]
    assert told(judging.growth("framework", exact, (100, 1_000), "peak_megabytes", 1.9)(found)) == [("2 times", False)]
    assert told(judging.at_the_margin("framework", exact, (100, 1_000), 90)(found)) == [
        ("90 between 100 and 1,000", True)
    ]
    assert told(judging.at_the_margin("framework", exact, (100, 1_000), 91)(found)) == [
        ("90 between 100 and 1,000", False)
    ]
    assert judging.growth("framework", exact, (100, 2_000), "cpu_seconds", 6.0)(found) == []
    whole = judging.line_at_most("framework", {**exact, "samples": 1_000}, "peak_megabytes", 200, "MB")
    assert told(whole(found)) == [("200 MB", True)]


def test_parts_are_beside_what_the_same_round_took_alone(tmp_path: Path) -> None:
    line = framework_line(100, (3.0, 50.0), (5.0, 50.0), work="five checks", alone=2.0, judged=2.4)
    found = results(tmp_path, lined("framework", line))
    judged = judging.parts("framework", {"work": "five checks"}, ("cpu_seconds", "alone"), 1.3, "{words} words")
    assert told(judged(found)) == [("2 (1.5–2.5) times, 25 words", False)]
    checks = judging.parts("framework", {"work": "five checks"}, ("judged", "alone"), 1.3, "judging")
    assert told(checks(found)) == [("1.2 times, judging", True)]


@pytest.mark.parametrize(("furthest", "enough"), [(0.0, True), (1e-12, True), (1e-6, False)])
def test_a_fast_metric_with_other_values_is_missed(tmp_path: Path, furthest: float, enough: bool) -> None:
    line = {"metric": "rougeL", "reference": "theirs", "pairs": 9, "furthest": furthest}
    rounds = [{"round": 1, "times": 7.0, "microseconds": 3.0}]
    found = results(tmp_path, {**lined("metrics", {**line, "rounds": rounds}), "texts": "9 pairs"})
    ((text, is_enough),) = told(judging.metrics_at_least(["rougeL"], 5)(found))
    assert (text.startswith("rougeL 7 times as fast as theirs"), is_enough) == (True, enough)
    assert judging.metrics_at_least(["bleu"], 5)(found) == []
    assert not judging.metrics_at_least(["rougeL"], 7.1)(found)[0].enough


def test_judging_beside_the_run_is_by_the_clock(tmp_path: Path) -> None:
    known = {"answers": 10, "words": 5, "workers": 1, "load": 0.0}
    cost = {"wall": 1.0, "own": 1.0, "beside": 0.0}
    turns = [{"round": 1, "faster": 1.5, "at_best": 1.9, "alone": cost, "together": cost}]
    waited = [{"round": 1, "asking": 10.0, "judging": 5.0, "one_by_one": 15.0, "together": 10.4}]
    found = results(
        tmp_path,
        lined(
            "scoring",
            {"work": "answers at once", **known, "rounds": turns},
            {"work": "answers that are waited for", **known, "wait": 20.0, "rounds": waited},
        ),
    )
    assert [enough for _, enough in told(judging.scoring_faster(1.7)(found))] == [False]
    assert [enough for _, enough in told(judging.scoring_faster(1.5)(found))] == [True]
    assert told(judging.streamed(1.05)(found)) == [("10.4 s beside 10.0 s of asking alone and 5.0 s of judging", True)]
    assert not judging.streamed(1.03)(found)[0].enough
    assert "| asking and judging, processes beside it | 10.4 |" in section("scoring", found)


def test_a_servers_ideal_is_by_the_clock_and_refusals_are_beside_none(tmp_path: Path) -> None:
    def server(kind: str, seconds: float, **changes: Any) -> dict[str, Any]:
        one = {"round": 1, "ideal": 4.0, "seconds": seconds, "plain": 4.2, "cpu": 0.3, "failed": 0, "load": 0.1}
        return {"kind": kind, "capacity": 50, "named": "none", "requests": 1_000, "rounds": [{**one, **changes}]}

    lines = [server("queue", 4.0), server("429", 5.0), server("random", 5.2, failed=2), server("slower", 9.0)]
    found = results(tmp_path, lined("throughput", *lines))
    assert told(judging.of_the_ideal(0.95)(found)) == [
        ("1 of the ideal, queueing at 50 (plain asyncio 0.952)", True),
        ("0.8 of the ideal, refusing with 429 at 50 (plain asyncio 0.952)", False),
    ]
    assert told(judging.refusals_cost(1.3)(found)) == [("1.3 times as long at 50", True)]
    assert not judging.refusals_cost(1.29)(found)[0].enough
    assert told(judging.nothing_lost()(found)) == [("2 requests without an answer", False)]
    assert "| 429 | 50 | none | 0.800 | 0.952 | 0.30 | 0 |" in section("throughput", found)


# --- places and files -------------------------------------------------------------------------------------------------

TEXT = """# Speed

<!-- benchmark: aims -->
<!-- end -->
by hand
<!-- benchmark: overhead -->
what stood there
<!-- end -->
<!-- benchmark: choice -->
<!-- end -->
the end
"""


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of results and a page."""
    target = tmp_path / "docs" / "performance.md"
    target.parent.mkdir()
    target.write_text(TEXT)
    keep(side_by_side(), tmp_path / "results")
    return tmp_path / "results", target


def test_only_places_are_written_and_the_same_results_make_the_same_bytes(written: tuple[Path, Path]) -> None:
    kept, target = written
    assert main(["--results", str(kept), "--page", str(target), "--check"]) == 1
    assert target.read_text() == TEXT
    changed = write_page(kept, target)
    assert {path.name for path in changed} == {
        "performance.md",
        "benchmark-overhead.svg",
        "benchmark-overview.svg",
    }
    text = target.read_text()
    assert "what stood there" not in text
    assert re.sub(r"(?s)(<!-- benchmark: [\w-]+ -->\n).*?(?=<!-- end -->)", r"\1", text) == TEXT.replace(
        "what stood there\n", ""
    )
    assert "| 500 | peer | 12.50 (10.00–15.00) | 25.00 (20.00–30.00) | 112 (110–115) | 5 | 5 | " in text
    assert "Not measured yet: `python -m benchmarks choice` measures it." in text
    assert "from 100 to 500 samples: evalkit 400; peer 61.9 (57.1–66.7)" in text
    assert write_page(kept, target) == []
    assert main(["--results", str(kept), "--page", str(target), "--check"]) == 0


def test_figures_that_are_changed_by_hand_are_found(written: tuple[Path, Path]) -> None:
    kept, target = written
    write_page(kept, target)
    target.write_text(target.read_text().replace("12.50", "19.99"))
    assert stale(files(kept, target)) == [target]


def test_a_picture_without_results_goes(written: tuple[Path, Path]) -> None:
    kept, target = written
    write_page(kept, target)
    (kept / "overhead.json").unlink()
    write_page(kept, target)
    assert list((target.parent / "pictures").iterdir()) == []
    assert "Not measured yet: `python -m benchmarks overhead` measures it." in target.read_text()


def test_a_page_without_any_results_can_be_written(written: tuple[Path, Path], tmp_path: Path) -> None:
    _, target = written
    write_page(tmp_path / "nowhere", target)
    assert target.read_text().count("Not measured yet") == 2


def test_absences_and_interruptions_are_told(tmp_path: Path) -> None:
    absent = [{"contestant": "gone", "reason": "does not install"}]
    found = results(tmp_path, side_by_side(absent=absent, interrupted=True))
    shown = "\n".join(section("overhead", found))
    assert "* **Not measured: gone**: does not install" in shown
    assert "**Interrupted**" in shown


@pytest.mark.parametrize("text", ["{", "[]", '{"benchmark": "another"}'])
def test_what_is_no_result_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "overhead.json").write_text(text)
    with pytest.raises(SystemExit, match=r"overhead\.json is not"):
        read(tmp_path)


def test_a_page_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--page", str(tmp_path / "none.md")])
    assert "there is no page" in capsys.readouterr().err


def test_a_command_tells_what_was_measured_and_not_where_it_was_written() -> None:
    words = ["--results", "somewhere", "--rounds", "2", "--results=there"]
    assert command_of("framework", words) == "python -m benchmarks framework --rounds 2"


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_a_picture_is_xml_with_both_schemes_and_says_what_it_shows() -> None:
    drawn = picture(
        "a < b", [Group("one", "one & two", (Row("peer <script>", Spread(2, 4, 8)), Row("floor", Spread(1, 1, 1))))]
    )
    root = ET.fromstring(drawn)
    space = {"svg": "http://www.w3.org/2000/svg"}
    assert root.findtext("svg:title", namespaces=space) == "a < b"
    assert root.findtext("svg:desc", namespaces=space) == "one & two: peer <script> 4 (2–8), floor 1"
    assert "prefers-color-scheme: dark" in (root.findtext("svg:style", namespaces=space) or "")
    dots = [float(dot.get("cx", "0")) for dot in root.findall("svg:circle", space)]
    (line,) = [one for one in root.findall("svg:line", space) if one.get("class") == "spread"]
    assert float(line.get("x1", "0")) < dots[0] < float(line.get("x2", "0"))
    assert dots[1] < dots[0]


@pytest.mark.parametrize(
    ("values", "axis"), [([3.0], (0.5, 5.0)), ([0.07, 42.0], (0.05, 50.0)), ([1.0], (0.5, 2.0)), ([2e-5], (2e-5, 2.0))]
)
def test_an_axis_reaches_from_one_round_number_to_another_and_has_one_on_it(
    values: list[float], axis: tuple[float, float]
) -> None:
    found = Axis.over(values)
    assert (found.least, found.most) == pytest.approx(axis)
    assert 1.0 in [pytest.approx(tick) for tick in found.ticks()]
    assert 2 <= len(found.ticks()) <= 9


def test_everybody_but_evalkit_is_in_the_picture(tmp_path: Path) -> None:
    drawn = pictures(results(tmp_path, side_by_side(), side_by_side("verdict")))
    assert sorted(drawn) == ["benchmark-overhead.svg", "benchmark-overview.svg", "benchmark-verdict.svg"]
    assert drawn["benchmark-overhead.svg"].count("<circle") == len(COSTS) - 1
    assert drawn["benchmark-overview.svg"].count("<circle") == 2 * (len(COSTS) - 1)


def test_the_tables_of_lines_have_a_row_for_each(tmp_path: Path) -> None:
    start = {**framework_line(0, (0.05, 15.0), work="import evalkit"), "samples": None, "words": None}
    five = framework_line(100, (3.0, 50.0), work="five checks", alone=2.0, judged=2.4)
    shown = "\n".join(section("framework", results(tmp_path, lined("framework", start, five))))
    assert "| import evalkit |  |  | 0.05 | 15 |  |  |  |" in shown
    assert "| five checks | 100 | 25 | 3 | 50 | 2.00 | 1.20 | 1.50 |" in shown


def test_kept_tools_are_in_the_order_in_which_they_are_told(tmp_path: Path) -> None:
    kept: Kept = results(tmp_path, side_by_side()).side_by_side["overhead"]
    assert kept.contestants == tuple(COSTS)
    assert kept.peers == ("peer", "slow")


def test_what_benchmarks_write_does_not_make_a_revision_another(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        named = ("-c", "user.name=somebody", "-c", "user.email=somebody@localhost")
        subprocess.run(("git", *named, *words), cwd=tmp_path, check=True, capture_output=True)

    assert revision(tmp_path) is None
    for name in ("evalkit/code.py", "benchmarks/results/a.json", "docs/performance.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    commit = revision(tmp_path)
    assert commit
    (tmp_path / "benchmarks/results/a.json").write_text("measured")
    (tmp_path / "docs/performance.md").write_text("measured")
    assert revision(tmp_path) == commit
    (tmp_path / "evalkit/code.py").write_text("changed")
    assert revision(tmp_path) == f"{commit}-dirty"
