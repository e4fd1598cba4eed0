"""Ways to run a suite, from the command line and from Python."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import evalkit as package
from evalkit import plugins
from evalkit.errors import ConfigurationError, PluginError
from evalkit.modes import preflight
from evalkit.modes.choosing import choose
from evalkit.modes.mode import find_mode, modes
from evalkit.store import open_store
from evalkit.suite.find import find_suite
from evalkit.suite.load import Suite, load_suite

FIXTURES = Path(__file__).parent.parent / "fixtures"
STANDARD = ("--mode", "isolation", "--mode-option", "only=[standard]")
ROWS = "".join(json.dumps({"id": f"r{n}", "prompt": f"Say {n}.", "references": [f"{n}"]}) + "\n" for n in range(12))

Evalkit = Callable[..., Any]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that brings checks and a mode; a suite can use them."""
    site = tmp_path / "installed"
    recorded = site / "guests-1.0.dist-info"
    recorded.mkdir(parents=True)
    shutil.copy(FIXTURES / "failing_checks.py", site / "failing_checks_installed.py")
    (site / "guest_mode.py").write_text(
        "from evalkit.modes.mode import ModeOptions\n"
        "from evalkit.runner.attending import Attendant\n"
        "from evalkit.runner.execute import run_suite\n"
        "from evalkit.sections import Section\n"
        "class Options(ModeOptions):\n    most: int = 7\n"
        "class Counting(Attendant):\n"
        "    def __init__(self, most): self.most, self.seen = most, 0\n"
        "    def examined(self, block): self.seen += len(block)\n"
        "    def concluded(self, concluded):\n"
        "        return [Section('counted', 'Counted', f'{self.seen} of at most {self.most}.')]\n"
        "class Guest:\n    sentence = 'Counts.'\n    Options = Options\n"
        "    def run(self, asked, options):\n"
        "        asked = asked.attended_by(Counting(options.most))\n"
        "        return run_suite(asked.suite, asked.model, asked.store, asked.options)\n",
        encoding="utf-8",
    )
    (recorded / "METADATA").write_text("Metadata-Version: 2.1\nName: guests\nVersion: 1.0\n", encoding="utf-8")
    (recorded / "entry_points.txt").write_text(
        "[evalkit.checks]\nhonest = failing_checks_installed:Honest\nbeyond = failing_checks_installed:Beyond\n"
        "[evalkit.modes]\nguest = guest_mode:Guest\n",
        encoding="utf-8",
    )
    shutil.copy(FIXTURES / "failing_modes.py", site / "failing_modes_installed.py")
    (recorded / "entry_points.txt").open("a", encoding="utf-8").write(
        "breaking = failing_modes_installed:Breaking\nunmade = failing_modes_installed:Unmade\n"
        "bare = failing_modes_installed:Bare\n[evalkit.checks]\nquitting = failing_checks_installed:Quitting\n"
    )
    monkeypatch.syspath_prepend(str(site))
    plugins._found.cache_clear()
    yield tmp_path
    plugins._found.cache_clear()


def suite_of(folder: Path, *kinds: str, more: str = "") -> Path:
    (folder / "rows.jsonl").write_text(ROWS, encoding="utf-8")
    checks = "\n".join(f"  {kind}: {{}}" for kind in kinds)
    file = folder / "suite.yaml"
    file.write_text(
        f"name: mine\ndatasets: {{rows: {{path: rows.jsonl}}}}\nchecks:\n{checks}\ngates: []\n{more}", encoding="utf-8"
    )
    return file


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preflight of the standard scenario alone: what it does with what it finds is the same."""
    from evalkit.modes.isolation import scenarios

    every = scenarios.load_scenarios

    def standard(*folders: Path) -> list[Any]:
        return [one for one in every(*folders) if one.config.name == "standard"]

    monkeypatch.setattr(scenarios, "load_scenarios", standard)


def test_isolation_with_a_mock_writes_a_report_and_keeps_no_run(evalkit: Evalkit, workdir: Path) -> None:
    done = evalkit("run", "smoke", "--model", "mock:oracle", *STANDARD, "--report", "r")
    assert done.code == 0
    assert "no model was evaluated" in " ".join(done.out.split())
    document = json.loads((workdir / "r" / "report.json").read_text(encoding="utf-8"))
    assert document["mode"] == "isolation"
    assert document["model"] is None
    assert {verdict["gate"] for verdict in document["verdicts"]} == {
        f"{check.name} holds" for check in load_suite(find_suite("smoke")).checks
    }
    cases = ET.parse(workdir / "r" / "junit.xml").getroot().iter("testcase")
    assert {"accuracy holds"} <= {case.get("name") for case in cases}
    with open_store(str(workdir / ".evalkit/runs.db")) as store:
        assert store.list_runs() == []


def test_isolation_never_stands_in_for_evaluating_a_model(evalkit: Evalkit, workdir: Path) -> None:
    done = evalkit("run", "smoke", "--model", "smollm2-135m", *STANDARD, "-q")
    assert done.code == 5
    assert done.out.startswith("smoke on no model: no model was evaluated (isolation asks none;")


def test_a_check_that_does_not_hold_fails_isolation(evalkit: Evalkit, installed: Path, workdir: Path) -> None:
    file = suite_of(installed, "honest", "beyond")
    done = evalkit("run", str(file), "--model", "mock:oracle", *STANDARD, "--report", "r")
    assert done.code == 1
    document = json.loads((workdir / "r" / "report.json").read_text(encoding="utf-8"))
    words = {verdict["gate"]: verdict["word"] for verdict in document["verdicts"]}
    assert words == {"honest holds": "pass", "beyond holds": "fail"}
    assert document["sections"][0]["state"] == "broken"


def test_auto_tries_the_checks_first_and_remembers_those_that_held(
    evalkit: Evalkit, installed: Path, little: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    file = suite_of(installed, "honest")
    sentences = []
    for _ in range(2):
        found = package.evaluate(file, model="mock:oracle", mode="auto", store=tmp_path / "runs.db")
        assert found.passed
        sentences.append(found.result.sections[0].sentence)
    assert sentences[0].startswith("1 check holds in all 1 trial")
    assert sentences[1] == "The only check held when tried before, and not tried again: honest."
    assert found.result.mode == "pipeline"
    assert found.result.mode_reason == "auto: the suite has no gate on performance"


def test_another_option_of_a_check_is_tried_anew(installed: Path, workdir: Path) -> None:
    suite = load_suite(suite_of(installed, "honest"))
    file = suite_of(installed, "honest")
    file.write_text(file.read_text(encoding="utf-8").replace("honest: {}", "honest: {generation: {max_tokens: 9}}"))
    other = load_suite(file)
    held = preflight.Known(installed / "held")
    assert mark_and_untried(suite, held) == ["honest"]
    assert mark_and_untried(suite, held) == []
    assert mark_and_untried(other, held) == ["honest"]


def mark_and_untried(suite: Suite, held: preflight.Known) -> list[str]:
    """The checks that would be tried; from then on they hold."""
    scenarios = preflight._scenarios(suite)
    found = preflight.untried(suite, suite.checks, held, scenarios)
    for check in found:
        held.note(preflight._mark(suite, check, scenarios))
    return [check.name for check in found]


def test_other_rows_scenarios_and_code_are_tried_anew(installed: Path, workdir: Path) -> None:
    """The check's class lies in a package whose other module it rests on."""
    package = installed / "installed" / "parted"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "counting.py").write_text("ONE = 1\n", encoding="utf-8")
    (package / "checks.py").write_text(
        "from failing_checks_installed import Honest\nclass Parted(Honest):\n    kind = 'parted'\n", encoding="utf-8"
    )
    (installed / "installed" / "guests-1.0.dist-info" / "entry_points.txt").write_text(
        "[evalkit.checks]\nparted = parted.checks:Parted\n[evalkit.modes]\n"
        "isolation = evalkit.modes.isolation:Isolation\n",
        encoding="utf-8",
    )
    plugins._found.cache_clear()
    held = preflight.Known(installed / "held")
    more = "modes: {isolation: {scenarios: [mine.yaml]}}\n"
    mine = installed / "mine.yaml"
    mine.write_text("name: mine\nabout: Mine.\nkind: edge\n", encoding="utf-8")
    file = suite_of(installed, "parted", more=more)
    assert mark_and_untried(load_suite(file), held) == ["parted"]
    assert mark_and_untried(load_suite(file), held) == []
    (package / "counting.py").write_text("ONE = 2\n", encoding="utf-8")
    assert mark_and_untried(load_suite(file), held) == ["parted"]
    mine.write_text("name: mine\nabout: Mine.\nkind: error\n", encoding="utf-8")
    assert mark_and_untried(load_suite(file), held) == ["parted"]
    (installed / "rows.jsonl").write_text(ROWS.replace("Say", "Tell"), encoding="utf-8")
    assert mark_and_untried(load_suite(file), held) == ["parted"]
    assert mark_and_untried(load_suite(file), held) == []


def test_a_check_that_does_not_hold_is_found_before_the_model_is_asked(
    evalkit: Evalkit, installed: Path, little: None, workdir: Path
) -> None:
    file = suite_of(installed, "beyond")
    with pytest.raises(PluginError, match="beyond, standard") as caught:
        package.evaluate(file, model="mock:oracle", mode="auto", store="runs.db")
    assert caught.value.exit_code == 2
    with open_store("runs.db") as store:
        assert store.list_runs() == []
    done = evalkit("run", str(file), "--model", "mock:oracle", "--mode", "auto", "--mode-option", "preflight=none")
    assert done.code != 2


def test_without_a_mode_no_check_is_tried(monkeypatch: pytest.MonkeyPatch, installed: Path, workdir: Path) -> None:
    monkeypatch.setattr("evalkit.modes.isolation.selftest.selftest", lambda *_, **__: pytest.fail("tried"))
    found = package.evaluate(suite_of(installed, "honest", "readability"), model="mock:oracle", store="runs.db")
    assert found.result.mode == "pipeline"
    assert "no mode was named" in found.result.mode_reason


def test_a_gate_on_performance_asks_for_a_deep_dive_of_what_is_no_mock(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(ROWS, encoding="utf-8")
    checks = "{performance: {}, readability: {}}"
    text = f"name: s\ndatasets: {{rows: {{path: rows.jsonl}}}}\nchecks: {checks}\ngates: [%s]\n"
    (tmp_path / "fast.yaml").write_text(text % "performance.tokens_per_second > 1", encoding="utf-8")
    (tmp_path / "plain.yaml").write_text(text % "readability.flesch_reading_ease > 0", encoding="utf-8")
    fast, plain = (load_suite(tmp_path / name) for name in ("fast.yaml", "plain.yaml"))
    assert choose(fast, "auto", is_mock=False).mode == "deep-dive"
    assert "performance.tokens_per_second > 1" in choose(fast, "auto", is_mock=False).reason
    assert choose(fast, "auto", is_mock=True).mode == "pipeline"
    assert choose(fast, "auto", is_mock=True, profiled=True).mode == "deep-dive"
    assert choose(fast, "auto", is_mock=False, deep="never").mode == "pipeline"
    assert choose(plain, "auto", is_mock=False).mode == "pipeline"
    assert choose(plain, "auto", is_mock=True, deep="always").mode == "deep-dive"
    assert choose(fast, "", is_mock=False).mode == "pipeline"
    assert choose(fast, "isolation", is_mock=False).mode == "isolation"


def test_a_mode_is_a_plugin_with_options_of_the_suite_and_of_the_command(
    evalkit: Evalkit, installed: Path, workdir: Path
) -> None:
    file = suite_of(installed, "honest", more="modes: {guest: {most: 20}}\n")
    assert "guest" in modes()
    done = evalkit("run", str(file), "--model", "mock:oracle", "--mode", "guest", "--report", "r")
    assert done.code == 0
    assert "12 of at most 20." in done.out
    assert "--mode guest" in done.out
    done = evalkit("run", str(file), "--model", "mock:oracle", "--mode", "guest", "--mode-option", "most=13")
    assert "12 of at most 13." in done.out
    schema = json.loads(evalkit("schema", "modes").out)
    assert schema["properties"]["guest"]["properties"]["most"]["default"] == 7
    assert schema["properties"]["guest"]["description"] == "Counts."
    assert "cannot be made: OSError" in schema["properties"]["unmade"]["description"]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("run", "mode 'breaking' (failing_modes_installed:Breaking) broke: ValueError: in run"),
        ("planned", "broke: ValueError: in planned"),
        ("examined", "broke: ValueError: in examined"),
        ("decided", "broke: ValueError: in decided"),
        ("concluded", "broke: ValueError: in concluded"),
        ("exit", "something ended the program by sys.exit(0)"),
        ("nothing", "run gives NoneType, not a Result"),
        ("text", "a section is a str, not a Section"),
        ("id", "the id of a section has other characters"),
        ("twice", "two sections have the id 'twice'"),
        ("row", "table 't' has 2 columns, and a row of 1 cells"),
        ("cell", "a cell of table 't' is a dict"),
    ],
)
def test_a_mode_that_breaks_is_named_and_never_passes(
    evalkit: Evalkit, installed: Path, workdir: Path, where: str, said: str
) -> None:
    file = suite_of(installed, "honest")
    done = evalkit("run", str(file), "--model", "mock:oracle", "--mode", "breaking", "--mode-option", f"where={where}")
    assert done.code == 3
    assert said in done.err
    assert "defect of evalkit" not in done.err


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("unmade", "mode 'unmade' cannot be made: OSError: no way"),
        ("bare", "mode 'bare' (failing_modes_installed) has no 'Options' that are ModeOptions"),
    ],
)
def test_what_is_no_mode_is_refused_before_anything_is_asked(
    evalkit: Evalkit, installed: Path, workdir: Path, mode: str, said: str
) -> None:
    done = evalkit("run", str(suite_of(installed, "honest")), "--model", "mock:oracle", "--mode", mode)
    assert done.code == 2
    assert said in done.err


def test_a_check_that_ends_the_program_errs_in_its_cases(evalkit: Evalkit, installed: Path, workdir: Path) -> None:
    file = suite_of(installed, "quitting")
    done = evalkit("run", str(file), "--model", "mock:oracle", "--report", "r")
    assert done.code == 3
    document = json.loads((workdir / "r" / "report.json").read_text(encoding="utf-8"))
    assert document["checks"][0]["counts"]["errored"] == 12
    assert "SystemExit: 0" in json.dumps(document["checks"][0]["counts"]["reasons"])


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (["--mode", "isolatio"], "there is no mode 'isolatio'", "did you mean 'isolation'?"),
        (["--mode", "auto", "--mode-option", "depp=never"], "mode 'auto' has no option 'depp'", "did you mean 'deep'?"),
        (["--mode", "auto", "--mode-option", "deep=some"], "option 'deep' of mode 'auto'", ""),
        (["--mode", "auto", "--mode-option", "deep"], "'deep' is not KEY=VALUE", "such as"),
        (["--mode-option", "deep=never"], "options are of a mode, and none is named", "--mode NAME"),
    ],
)
def test_what_is_wrong_with_a_mode_is_said(
    evalkit: Evalkit, workdir: Path, arguments: list[str], said: str, hint: str
) -> None:
    done = evalkit("run", "smoke", "--model", "mock:oracle", *arguments)
    assert done.code == 2
    assert said in done.err
    assert hint in done.err


def test_a_suite_that_names_no_such_mode_is_refused_with_its_line(tmp_path: Path) -> None:
    file = suite_of(tmp_path, "length", more="modes:\n  pipline: {}\n")
    with pytest.raises(Exception, match=r"suite.yaml:7: there is no mode 'pipline'"):
        load_suite(file)


def test_options_of_a_mode_do_not_change_what_the_suite_is(tmp_path: Path) -> None:
    plain = load_suite(suite_of(tmp_path, "length")).fingerprint
    assert load_suite(suite_of(tmp_path, "length", more="modes: {auto: {deep: never}}\n")).fingerprint == plain


def test_every_mode_says_what_it_does() -> None:
    for name in modes():
        mode = find_mode(name)
        assert mode.sentence.endswith(".")
        assert mode.Options()
    with pytest.raises(ConfigurationError):
        find_mode("none")


def test_plan_says_which_mode_and_why_and_what_is_tried_first(evalkit: Evalkit, installed: Path, workdir: Path) -> None:
    file = suite_of(installed, "honest", "performance")
    said = json.loads(evalkit("plan", str(file), "--model", "mock:echo", "--mode", "auto", "--json").out)["mode"]
    assert said["name"] == "pipeline"
    assert said["tried_first"] == ["honest", "performance"]
    said = json.loads(evalkit("plan", str(file), "--model", "mock:echo", "--json").out)["mode"]
    assert said["tried_first"] == []
    assert "no mode was named" in said["reason"]
    shown = evalkit("plan", str(file), "--model", "mock:echo", "--mode", "auto").out
    assert "tried first: honest, performance" in " ".join(shown.split())
    assert evalkit("plan", str(file), "--model", "mock:echo", "--mode", "none").code == 2


def test_plan_counts_what_a_mode_adds_as_the_suite_says(evalkit: Evalkit, installed: Path, workdir: Path) -> None:
    """Of 12 prompts: four batch sizes and the own way, the quickest and the own way again, twice 1, 2 and 4 times 3
    rows, and memory 100."""
    gates = "gates: [performance.tokens_per_second > 1]"
    file = suite_of(installed, "honest", "performance")
    text = file.read_text(encoding="utf-8").replace("gates: []", gates)

    def planned(more: str, *options: str, model: str = "smollm2-135m") -> tuple[dict[str, Any], dict[str, Any]]:
        file.write_text(text + more, encoding="utf-8")
        document = json.loads(evalkit("plan", str(file), "--model", model, *options, "--json").out)
        return document["mode"], document["requests"]

    said, requests = planned("", "--mode", "auto")
    assert (said["name"], said["seconds_beside"], requests["asked"]) == ("deep-dive", 300, 24)
    assert said["requests_beside"] == 5 * (1 + 3 * 12) + 2 * 3 * 12 + (1 + 2 * 3 * 7 * 3) + 100
    said, _ = planned("limits: {requests: 50}\n", "--mode", "auto")
    assert said["requests_beside"] == 50 - 24
    said, _ = planned("modes: {auto: {deep: never, preflight: none}}\n", "--mode", "auto")
    assert (said["name"], said["requests_beside"], said["tried_first"]) == ("pipeline", 0, [])
    said, _ = planned("", "--mode", "auto", "--mode-option", "preflight=theirs")
    assert said["tried_first"] == ["honest"]
    said, _ = planned("", "--mode", "deep-dive", "--mode-option", "seconds=0")
    assert said["requests_beside"] == 0
    said, _ = planned("", "--mode", "deep-dive", model="mock:oracle")
    assert said["requests_beside"] == 0
    said, requests = planned("", "--mode", "isolation")
    assert (said["asks_the_model"], requests["wanted"], requests["asked"]) == (False, 0, 0)
    shown = " ".join(evalkit("plan", str(file), "--model", "smollm2-135m", "--mode", "isolation").out.split())
    assert "the model is asked nothing" in shown
    assert "to ask" not in shown
    wrong = evalkit("plan", str(file), "--mode", "auto", "--mode-option", "deep=nevr")
    assert wrong.code == 2
    assert "option 'deep' of mode 'auto'" in wrong.err


def test_a_selftest_writes_the_report_of_a_run(evalkit: Evalkit, workdir: Path) -> None:
    done = evalkit("selftest", "smoke", "--only", "length", "--scenario", "standard", "--report", "r", "-q")
    assert done.code == 0
    document = json.loads((workdir / "r" / "report.json").read_text(encoding="utf-8"))
    assert document["outcome"]["word"] == "checks hold"
    assert [verdict["gate"] for verdict in document["verdicts"]] == ["length holds"]
    page = (workdir / "r" / "report.html").read_text(encoding="utf-8")
    assert "no model was asked" in page
    assert "baseline set" not in page
