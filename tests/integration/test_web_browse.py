"""Looking into runs over HTTP: the cases, one case, comparisons, trends and data, whatever is in them or asked for."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
import httpx
from browse_runs import Said, finished_run
from click.testing import CliRunner
from web_server import WebServer

from evalkit.cli.main import commands
from evalkit.errors import FailureClass, StoreError
from evalkit.failures import advice_on
from evalkit.records import Message, Sample, Trace
from evalkit.report import bundle
from evalkit.results import Run
from evalkit.store import Store, open_store
from evalkit.store.schema import runs
from evalkit.web import compare_page
from evalkit.web.browse.place import index_folder, index_path
from evalkit.web.browse.rows import look_at_rows

HOSTILE = "<img src=x onerror=alert(1)>\"'\u202e{{7*7}}"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three real runs of one suite, by models that differ."""
    folder = tmp_path_factory.mktemp("browse")
    for model in ("mock:oracle", "mock:empty", "mock:oracle"):
        arguments = ["run", "smoke", "--model", model, "-q", "--store", str(folder / "runs.db"), "--replicate", "1"]
        CliRunner().invoke(commands, [*arguments, "--report", str(folder / "reports")], catch_exceptions=False)
    return folder / "runs.db"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    with open_store(str(database)) as opened:
        yield opened


def client_of(server: WebServer) -> httpx.Client:
    return httpx.Client(base_url=server.base, cookies=server.cookies, trust_env=False, follow_redirects=True)


@pytest.fixture
def client(store: Store, database: Path) -> Iterator[httpx.Client]:
    with WebServer(str(database)) as server, client_of(server) as opened:
        yield opened


@pytest.fixture
def real(smoke: Path) -> Iterator[httpx.Client]:
    with WebServer(str(smoke)) as server, client_of(server) as opened:
        yield opened


def until_searchable(client: httpx.Client, run: str) -> None:
    ends = time.monotonic() + 30
    while not client.get(f"/runs/{run}/cases/progress").json()["done"]:
        assert time.monotonic() < ends
        time.sleep(0.02)


def cases_in(text: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', text)


class Fields(HTMLParser):
    """What a form of the page would send: values by name, and options to choose from."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.options: dict[str, list[str]] = {}
        self._choice = ""

    @classmethod
    def of(cls, text: str) -> Fields:
        found = cls()
        found.feed(text)
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input":
            self.values[given.get("name", "")] = given.get("value", "")
        elif tag == "select":
            self._choice = given["name"]
        elif tag == "option":
            self.options.setdefault(self._choice, []).append(given["value"])


def query_of(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def link(text: str, words: str) -> str:
    found = re.search(rf'href="([^"]*)"[^>]*>[^<]*{words}', text)
    assert found is not None, words
    return html.unescape(found[1])


# --- cases ------------------------------------------------------------------------------------------------------------


def test_pages_of_cases_go_forth_and_back(store: Store, client: httpx.Client) -> None:
    finished_run(store, "run", {"check": [Said(f"c{n:03}", f"answer {n}") for n in range(120)]})
    until_searchable(client, "run")
    path, seen = "/runs/run/cases", []
    for _ in range(3):
        text = client.get(path).text
        seen.append(cases_in(text))
        path = link(text, "After") if 'rel="next"' in text else ""
    assert [case for page in seen for case in page] == [f"c{n:03}" for n in range(120)]
    assert path == ""
    assert cases_in(client.get(link(text, "← Before")).text) == seen[1]


def test_the_address_says_what_is_shown(store: Store, client: httpx.Client) -> None:
    said = [
        Said(f"c{n}", "sorry, no" if n % 3 == 0 else "of course", labels={"kind": "ab"[n % 2]}, words=float(n))
        for n in range(20)
    ]
    finished_run(store, "run", {"check": said})
    until_searchable(client, "run")

    def cases(query: str) -> list[str]:
        return cases_in(client.get(f"/runs/run/cases?check=check&{query}").text)

    assert cases("q=sorry") == [f"c{n}" for n in range(0, 20, 3)]
    assert cases("q=sorry&label.kind=b") == ["c3", "c9", "c15"]
    assert cases("sort=-words&metric=words&low=5&high=8,5") == ["c8", "c7", "c6", "c5"]
    assert "No case is like that" in client.get("/runs/run/cases?q=unheard").text
    assert "<mark>sorry</mark>" in client.get("/runs/run/cases?q=sorry").text


@pytest.mark.parametrize(
    "query",
    [
        "check=nowhere",
        "status=nonsense",
        "sort=nothing",
        "sort=-",
        "low=abc&metric=words",
        "after=xyz",
        "after=99999999999",
        "before=0",
        "q=%22%22%22",
        "q=AND%20OR%20NOT",
        "q=%00",
        "q=%ED%A0%80",
        "q=" + "a" * 5000,
        "label.=x",
        "label.kind=",
        "q=a*",
        "in=elsewhere",
        "after=1&before=2",
        "metric=words&low=nan&high=inf",
        "label." + "x" * 300 + "=y",
    ],
)
def test_no_address_breaks_the_page(store: Store, client: httpx.Client, query: str) -> None:
    finished_run(store, "run", {"check": [Said("a", labels={"kind": "x"}), Said("b", labels={"kind": "y"})]})
    until_searchable(client, "run")
    answer = client.get(f"/runs/run/cases?{query}")
    assert answer.status_code == 200


@pytest.mark.parametrize("signs", ["😀", "\u202e", "';--", '"**"', "<>"])
def test_signs_that_are_no_words_are_found_as_they_are(store: Store, client: httpx.Client, signs: str) -> None:
    typed = signs.strip('"')
    said = [Said(f"c{n:03}", f"answer {n}" + f" {typed}!" * (n % 2)) for n in range(120)]
    finished_run(store, "run", {"check": said, "other": [Said(f"d{n}") for n in range(5)]})
    until_searchable(client, "run")
    path, seen = f"/runs/run/cases?q={quote(signs)}", []
    while path:
        text = client.get(path).text
        assert "<strong>60</strong> cases like that in 2 checks" in text
        seen.append(cases_in(text))
        path = link(text, "After") if 'rel="next"' in text else ""
    assert [case for page in seen for case in page] == [f"c{n:03}" for n in range(1, 120, 2)]
    assert cases_in(client.get(link(text, "← Before")).text) == seen[0]
    case = client.get(re.findall(r'<th scope="row"><a href="([^"]*)"', text)[0].replace("&amp;", "&")).text
    assert [query_of(link(case, words))["case"] for words in ("← Before", "After")] == [[seen[0][-1]], [seen[1][1]]]
    assert cases_in(client.get(f"/runs/run/cases?in=prompt&q={quote(signs)}").text) == []
    of_one = client.get(f"/runs/run/cases?check=check&q={quote(signs)}").text
    assert "<strong>60</strong> cases like that · " in of_one


def test_what_cannot_be_searched_for_lists_no_case(
    store: Store, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_run(store, "run", {"check": [Said(f"c{n}", "😀") for n in range(12)]})
    until_searchable(client, "run")
    assert cases_in(client.get("/runs/run/cases?q=a*").text) == []
    monkeypatch.setattr("evalkit.web.browse.exactly.MOST_READ", 10)
    text = client.get(f"/runs/run/cases?q={quote('😀')}").text
    assert cases_in(text) == []
    assert "Nothing in this search is a word" in text


def test_hostile_texts_are_shown_and_do_nothing(store: Store, client: httpx.Client) -> None:
    said = Said(HOSTILE, HOSTILE + " needle", HOSTILE, {HOSTILE: HOSTILE})
    other = Said("other", "word", labels={HOSTILE: "other"})
    finished_run(store, "run", {"check": [said, other]}, suite=HOSTILE)
    until_searchable(client, "run")
    listed = client.get("/runs/run/cases?check=check&q=needle").text
    pages = [listed, client.get(link(listed, re.escape("&lt;img"))).text, client.get("/runs/run/data").text]
    pages += [client.get(path).text for path in ("/trends", "/compare", f"/trends?suite={quote(HOSTILE)}")]
    for text in pages:
        assert "<img src=x" not in text
        assert "\u202e" not in text
        assert "49" not in re.sub(r"v=[0-9a-f]+", "", text) or "{{7*7}}" in text
    assert "&lt;img src=x" in pages[1]


@pytest.mark.parametrize(
    "name", ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f469\u200d\U0001f467", "a\u00adb"]
)
def test_choices_come_back_as_they_are_whatever_hides_in_them(store: Store, client: httpx.Client, name: str) -> None:
    """Persian is written with joiners that cannot be seen, and so are families of emoji."""
    cases = [Said("one", labels={name: name}), Said("two", labels={name: "other"}), Said("three", f"so {name} it is")]
    finished_run(store, "run", {"check": cases}, suite=name)
    until_searchable(client, "run")
    page = Fields.of(client.get("/runs/run/cases").text)
    assert name in page.options[f"label.{name}"]
    assert cases_in(client.get("/runs/run/cases", params={f"label.{name}": name}).text) == ["one"]
    searched = Fields.of(client.get("/runs/run/cases", params={"q": name, "sort": name}).text)
    assert (searched.values["q"], searched.values["sort"]) == (name, name)
    assert name in Fields.of(client.get("/").text).options["suite"]
    assert name in Fields.of(client.get("/trends").text).options["suite"]
    assert name not in client.get("/").text, "the page's own text shows what hides"


def test_names_that_no_text_can_hold_have_pages(store: Store, client: httpx.Client) -> None:
    odd = {"k\0": "v\ud800"}
    finished_run(store, "run", {"check": [Said("nul\0name", "a\0b", labels=odd), Said("\ud800", "lone \ud800")]})
    until_searchable(client, "run")
    data = client.get("/runs/run/data")
    assert data.status_code == 200
    for address in re.findall(r'<div class="bar-row"><a href="([^"]*)"', data.text):
        assert client.get(html.unescape(address)).status_code == 200
    text = client.get("/runs/run/cases").text
    assert len(cases_in(text)) == 2
    for address in re.findall(r'<th scope="row"><a href="([^"]*)"', text):
        assert client.get(html.unescape(address)).status_code == 200


def test_a_cache_that_cannot_be_written_is_said_and_the_page_stays(
    store: Store, client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "file"))
    finished_run(store, "run", {"check": [Said("a")]})
    client.get("/runs/run/cases")
    ends = time.monotonic() + 20
    while not (problem := client.get("/runs/run/cases/progress").json()["problem"]):
        assert time.monotonic() < ends
    assert "cannot be kept" in problem
    answer = client.get("/runs/run/cases")
    assert answer.status_code == 200
    assert client.get("/runs/run/case?of=check&case=a").status_code == 200


def test_a_run_that_is_not_finished_says_so(store: Store, client: httpx.Client) -> None:
    store.create_run(Run("open", "suite", "mock", "running", "2026-03-01T12:00:00+00:00"))
    answer = client.get("/runs/open/cases")
    assert answer.status_code == 503
    assert "when it has finished" in answer.text


def test_an_unknown_run_or_case_is_not_there(store: Store, client: httpx.Client) -> None:
    finished_run(store, "run", {"check": [Said("a")]})
    paths = ["/runs/nowhere/cases", "/runs/run/case?of=check&case=b", "/runs/run/case?of=x&case=a", "/runs/run/case"]
    assert [client.get(path).status_code for path in paths] == [404, 404, 404, 404]


# --- one case ---------------------------------------------------------------------------------------------------------


def test_a_case_shows_everything_and_leads_to_its_neighbours_in_the_chosen_order(real: httpx.Client) -> None:
    run = re.findall(r'name="run" value="([^"]*)"', real.get("/").text)[0]
    until_searchable(real, run)
    listed = real.get(f"/runs/{run}/cases?check=keywords&sort=-recall").text
    first, second = re.findall(r'<th scope="row"><a href="([^"]*)"', listed)[:2]
    page = real.get(html.unescape(first)).text
    # the same rows are read by three checks: all judged this case
    assert all(f">{name}<" in page for name in ("keywords", "readability", "length"))
    assert 'rel="prev"' not in page
    assert link(page, "After") == html.unescape(second)
    assert "instruction" in page or "user" in page


# --- comparing --------------------------------------------------------------------------------------------------------


def test_a_reason_without_a_value_is_said_once_with_its_metrics(store: Store, client: httpx.Client) -> None:
    finished_run(store, "run", {"check": [Said("short", words=None, good=None), Said("long", words=9.0)]})
    until_searchable(client, "run")
    text = client.get("/runs/run/case?of=check&case=short").text
    assert text.count("<strong>no words</strong>") == text.count("<strong>nobody knows</strong>") == 1
    assert "no value for words<" in text
    assert "no value for" not in client.get("/runs/run/case?of=check&case=long").text


def test_an_errored_case_says_why_what_to_do_and_where_it_was_raised(store: Store, client: httpx.Client) -> None:
    trace = Trace("Traceback\n  <script>alert(1)</script>", "WARNING lib: low")
    failed = Said("broken", error="plugin: ValueError: no", trace=trace)
    finished_run(store, "run", {"check": [failed, Said("fine")]})
    text = client.get("/runs/run/case?of=check&case=broken").text
    assert advice_on(FailureClass.PLUGIN).cause in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text
    assert "WARNING lib: low" in text
    assert "What to do:" not in client.get("/runs/run/case?of=check&case=fine").text


def made(client: httpx.Client, address: str) -> str:
    """The page, when what it shows is there."""
    ends = time.monotonic() + 60
    while 'id="being-made"' in (text := client.get(address).text):
        assert time.monotonic() < ends
        time.sleep(0.1)
    return text


def compared(client: httpx.Client, address: str) -> str:
    """The page, when what it shows is there."""
    ends = time.monotonic() + 60
    while any(said in (text := client.get(address).text) for said in ("are being compared", "is being made")):
        assert time.monotonic() < ends
        time.sleep(0.1)
    return text


def test_two_runs_beside_each_other(real: httpx.Client) -> None:
    runs = re.findall(r'name="run" value="([^"]*)"', real.get("/").text)
    good, bad = runs[2], runs[1]
    text = compared(real, f"/compare?run={good}&run={bad}")
    assert "Regression, " in text
    assert re.search(r"[1-9]\d* cases? regressed", text)
    assert '<mark class="was">' in text
    turned = compared(real, f"/compare?baseline={bad}&run={good}")
    assert re.search(r"0 cases regressed, [1-9]\d* fixed", turned)


def test_three_runs_are_beside_each_other(store: Store, client: httpx.Client) -> None:
    for name in ("one", "two", "three"):
        finished_run(store, name, {"check": [Said(f"c{n}", f"{name} {n}", good=name != "two") for n in range(12)]})
    text = compared(client, "/compare?run=one&run=two&run=three&different=1")
    assert "All of them" in text
    assert text.count('id="candidate-') == 2
    cells = [one for one in re.findall(r'data-name="B"><span class="three">(.*?)</td>', text) if "worse" in one]
    assert [re.sub("<[^>]*>", " ", one).split() for one in cells] == [["0", "−1", "✗", "worse"]]
    assert compared(client, link(text, "C against A")).count('<details class="change">') == 0
    of_b = compared(client, link(text, "B against A"))
    assert of_b.count('<details class="change">') == 12
    assert '<mark class="was">one</mark>' in of_b
    assert '<mark class="now">two</mark>' in of_b


def test_runs_over_other_data_are_refused_with_a_way_on(store: Store, client: httpx.Client) -> None:
    finished_run(store, "one", {"check": [Said("a"), Said("b")]})
    finished_run(store, "two", {"check": [Said("a", good=False), Said("b")]})
    text = compared(client, "/compare?run=one&run=two")
    assert "not made alike" in text
    assert '<details class="change">' not in text
    assert "regressed" in compared(client, link(text, "Compare them all the same"))
    assert client.get("/compare?" + "&".join(f"run={n}" for n in range(9))).status_code == 400
    assert client.get("/compare?run=one&run=nowhere").status_code == 404
    assert client.get("/compare").status_code == 200


def test_cases_that_only_one_run_has_are_told_before_any_number(store: Store, client: httpx.Client) -> None:
    finished_run(store, "one", {"check": [Said(f"c{n}") for n in range(12)]})
    finished_run(store, "two", {"check": [Said(f"c{n}") for n in range(3, 14)]})
    text = compared(client, "/compare?run=one&run=two&different=1")
    told = "check: 9 cases in both runs; 3 only in the baseline and 2 only here are left out"
    assert told in text
    assert text.index(told) < text.index('class="metrics-compared"')
    assert "not alike: dataset" in text


def test_what_stands_beside_the_numbers_is_told_and_columns_count_what_turned(
    store: Store, client: httpx.Client
) -> None:
    """Of twelve cases three errored, two turned wrong, one turned right; words of three moved, which is no turn."""
    before = [Said(f"c{n:02}", words=float(n), good=n != 11) for n in range(12)]
    after = [Said(f"c{n:02}", words=n + 0.5 * (n < 6), good=n not in {7, 8}, error="broke" * (n > 2 and n < 6))
             for n in range(12)]  # fmt: skip
    finished_run(store, "one", {"check": before})
    finished_run(store, "two", {"check": after})
    text = compared(client, "/compare?run=one&run=two&different=1")
    assert "check: errored: 0 in the baseline, 3 in the candidate" in text
    row = re.search(r'<th scope="row"><span class="soft">check.</span>good.*?</tr>', text, re.DOTALL)
    assert row is not None
    counts = dict(re.findall(r'data-name="(fixed|regressed|moved)">([^<]*)<', row[0]))
    assert counts == {"fixed": "1", "regressed": "2", "moved": "0"}
    moved = re.search(r'<th scope="row"><span class="soft">check.</span>words.*?</tr>', text, re.DOTALL)
    assert moved is not None
    assert dict(re.findall(r'data-name="(fixed|regressed|moved)">([^<]*)<', moved[0]))["moved"] == "3"


def test_cases_that_went_otherwise_are_found_by_words_of_the_candidate(store: Store, client: httpx.Client) -> None:
    finished_run(store, "one", {"check": [Said(f"c{n}", f"before {n}") for n in range(60)]})
    finished_run(store, "two", {"check": [Said(f"c{n}", f"after {n} {'even' if n % 2 == 0 else 'odd'}", good=n > 40)
                                          for n in range(60)]})  # fmt: skip
    page = "/compare?run=one&run=two&different=1"
    whole = compared(client, page)
    assert "<strong>41</strong> cases, 1 to 25 of them here" in whole
    second = compared(client, link(whole, "After"))
    assert "<strong>41</strong> cases, 26 to 41 of them here" in second
    assert compared(client, f"{page}&page=999").count("26 to 41 of them") == 1
    found = compared(client, f"{page}&q=odd")
    assert found.count('<details class="change">') == 20
    assert "<strong>20</strong> cases" in found
    assert "No case is like that" in compared(client, f"{page}&q=before"), "the baseline's words are not searched"
    assert "No case is like that" in compared(client, f"{page}&show=fixed")
    for query in ('q="', "q=%00", "q=(*)", "page=0", "page=x", "of=Z", "show=nothing", "check=nowhere"):
        assert client.get(f"{page}&{query}").status_code == 200


def test_a_comparison_is_searched_in_the_index_that_the_list_of_cases_has(
    store: Store, client: httpx.Client, database: Path
) -> None:
    """Made once: an index of a million answers takes minutes."""
    finished_run(store, "one", {"check": [Said(f"c{n}", "before") for n in range(12)]})
    run = finished_run(store, "two", {"check": [Said(f"c{n}", f"after {n}", good=False) for n in range(12)]})
    until_searchable(client, "two")
    path = index_path(index_folder(store), run.id)
    made = path.stat().st_ino
    page = "/compare?run=one&run=two&different=1"
    assert compared(client, f"{page}&q=7").count('<details class="change">') == 1
    assert cases_in(client.get("/runs/two/cases?q=7").text) == ["c7"]
    assert compared(client, f"{page}&q=8&check=check").count('<details class="change">') == 1
    assert path.stat().st_ino == made


def test_a_comparison_that_takes_long_does_not_keep_the_page(
    store: Store, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_run(store, "one", {"check": [Said("a")]})
    finished_run(store, "two", {"check": [Said("a")]})
    monkeypatch.setattr(compare_page, "PATIENCE", 0.01)
    monkeypatch.setattr(compare_page, "compare_runs", lambda *_, **__: time.sleep(0.3))
    text = client.get("/compare?run=one&run=two").text
    assert "are being compared" in text
    assert 'http-equiv="refresh"' in text


def test_a_comparison_that_failed_is_no_refusal_and_is_tried_again(
    store: Store, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that was full for a moment says nothing of the runs."""
    for name in ("one", "two"):
        finished_run(store, name, {"check": [Said(f"c{n}") for n in range(12)]})

    def fails(*_: Any, **__: Any) -> Any:
        raise StoreError("the disk is full")

    page = "/compare?run=one&run=two&different=1"
    with monkeypatch.context() as full:
        full.setattr(compare_page, "compare_runs", fails)
        full.setattr(compare_page, "PATIENCE", 60.0)
        failed = client.get(page)
    assert failed.status_code == 503
    assert "the disk is full" in failed.text
    assert "all the same" not in failed.text
    assert "the disk is full" not in compared(client, page)


# --- trends and data --------------------------------------------------------------------------------------------------


def specs(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="chart-data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    drawn: dict[str, Any] = json.loads(found[1])
    return drawn


def test_trends_have_a_point_and_a_row_for_every_run(real: httpx.Client) -> None:
    text = made(real, "/trends?suite=smoke")
    drawn = specs(text)
    assert len(drawn) == text.count('class="sheet trend"') == text.count('role="img"') >= 3
    every = [row for spec in drawn.values() for row in spec["data"]["values"]]
    assert text.count('<th scope="row"><a href="/runs/') == len(every)
    assert {row["link"] for row in every} <= set(re.findall(r'href="(/runs/[^"]*)"', text))
    assert any(row["target"] is not None for row in every)
    everything = made(real, "/trends?suite=smoke&check=all")
    assert len(specs(everything)) > len(drawn)
    for address in re.findall(r'<script src="([^"]*)"', text):
        assert real.get(address, timeout=60).status_code == 200
    assert real.get("/trends?suite=nothing").status_code == 200
    assert real.get("/runs/last/trend").url.path == "/trends"
    assert "suite=smoke" in str(real.get("/runs/last/trend").url)


def test_runs_that_were_limited_are_left_out_and_stop_no_paging(store: Store, client: httpx.Client) -> None:
    for number in range(50):
        finished_run(store, f"run-{number:02}", {"check": [Said("a")]})
    with store.database.writing() as writing:
        writing.execute(runs.update().where(runs.c.id.in_(["run-45", "run-20"])).values(partial=True))

    first = made(client, "/trends?suite=suite")
    assert "38 finished runs" in first
    older = made(client, link(first, "Older runs"))
    assert "10 finished runs" in older
    assert "Older runs" not in older
    assert "38 finished runs" in made(client, link(older, "The newest"))


def test_without_what_draws_there_are_sentences_and_tables(real: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "PACKAGE", "a-package-that-is-not-there")
    text = made(real, "/trends?suite=smoke")
    assert 'class="drawn"' not in text
    assert "vega" not in text
    assert "in the first" in text
    assert '<th scope="row"><a href="/runs/' in text


def test_data_tells_lengths_labels_and_what_is_odd(store: Store, client: httpx.Client) -> None:
    said = [Said(f"c{n}", prompt=f"Question {n}?", labels={"kind": "ab"[n % 2]}) for n in range(10)]
    said += [Said("twice", prompt="Question 1?"), Said("empty", prompt=""), Said("hidden", prompt="a\u200bb")]
    said += [Said("misread", prompt="caf\u00c3\u00a9"), Said("composed", prompt="cafe\u0301")]
    said += [Said("german", prompt="Der Zug nach Hamburg fährt heute nicht, weil die Strecke gesperrt ist.")]
    said += [Said("near", prompt="Der Zug nach Hamburg fährt heute nicht, weil die ganze Strecke gesperrt ist.")]
    finished_run(store, "run", {"check": said}, suite="suite")
    text = client.get("/runs/run/data").text
    headings = dict(re.findall(r'<h3>([^<]*) <span class="number">([^<]*)</span></h3>', text))
    assert "17 rows as this run was asked them" in text
    for told, many, rows in [
        ("that repeat the prompt of another row", "1", ["twice"]),
        ("with an empty prompt", "1", ["empty"]),
        ("with characters that hide, reorder or control", "1", ["hidden"]),
        ("with signs of a wrong encoding", "1", ["misread"]),
        ("not in Unicode&#39;s normal form (NFC)", "1", ["composed"]),
        ("whose prompts say nearly the same as an earlier row&#39;s", "1", ["near"]),
        ("whose prompts differ from another in numbers and signs only", "11", ["c0", "c1", "c2"]),
    ]:
        assert headings[f"Rows {told}"] == many
        card = text[text.index(told) :].partition("</section>")[0]
        assert re.findall(r'<a href="/runs/run/case\?[^"]*">([^<]*)</a>', card) == rows, told
        assert len(re.findall(r"<p>[A-Z][^<]{20,}\.</p>", card)) == 1, "what to do"
    assert 'label.kind=a">a</a>' in text
    assert re.search(r"<span>German</span>.*?>2</span>", text)
    assert client.get(link(text, "empty")).status_code == 200


def test_all_rows_that_are_odd_in_one_way_are_paged(store: Store, client: httpx.Client) -> None:
    finished_run(store, "run", {"check": [Said(f"c{n:03}", prompt="Always the same?") for n in range(121)]})
    first = client.get(link(client.get("/runs/run/data").text, "All of them")).text
    assert "<h1>Rows that repeat the prompt of another row: 120</h1>" in first
    named = re.compile(r'<a href="/runs/run/case\?[^"]*">([^<]*)</a>')
    second = client.get(link(first, "After")).text
    third = client.get(link(second, "After")).text
    assert [*named.findall(first), *named.findall(second), *named.findall(third)] == [f"c{n:03}" for n in range(1, 121)]
    assert "After" not in third
    for query in ("odd=99", "odd=x", "odd=0&page=999", "odd=0&page=x", "dataset=nothing"):
        assert client.get(f"/runs/run/data?{query}").status_code == 200


def test_a_row_that_others_show_as_an_example_is_leaked(store: Store) -> None:
    def asked(name: str, *shown: str, end: str) -> Sample:
        before = [message for text in shown for message in (Message("user", text), Message("assistant", "Yes."))]
        return Sample(name, (*before, Message("user", end)))

    rows = [asked(f"r{n}", "Is water wet?", "Is fire hot?", end=f"Is number {n} odd?") for n in range(5)]
    store.put_samples("data", [*rows, asked("leaked", end="Is fire hot? "), asked("two turns", "Hello.", end="Hello.")])
    found = {odd.kind: odd.rows for odd in look_at_rows(store, "data").oddities}
    assert found["leaked"] == ("leaked",)
