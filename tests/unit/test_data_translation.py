"""Files of shared tasks: what becomes a row, and what is said of files that are broken."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.data import DatasetSpec, load
from evalkit.data.rows import Row
from evalkit.data.translation import read_e2e, read_wmt
from evalkit.errors import DatasetError


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_the_references_of_one_meaning_come_together(tmp_path: Path) -> None:
    path = write(tmp_path, "e2e.csv", 'mr,ref\n"name[A], x[b]",One.\n"name[B]",Two.\n"name[A], x[b]","Three, four."\n')
    rows = list(read_e2e(path))
    assert [row.values["references"] for row in rows] == [["One.", "Three, four."], ["Two."]]
    assert [row.values["prompt"] for row in rows] == ["name[A], x[b]", "name[B]"]
    assert [row.line for row in rows] == [2, 3]


def test_an_e2e_file_without_its_columns_says_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no columns mr and ref"):
        list(read_e2e(write(tmp_path, "e2e.csv", "a,b\n1,2\n")))


def test_an_empty_e2e_cell_is_a_bad_row(tmp_path: Path) -> None:
    (row,) = read_e2e(write(tmp_path, "e2e.csv", 'mr,ref\nname[A],""\n'))
    assert (row.fault, row.field, row.line) == ("is empty", "ref", 2)


def test_a_pair_of_line_files_and_further_references(tmp_path: Path) -> None:
    write(tmp_path, "news.en", 'Hello "you"\nA\u2028B\n')
    write(tmp_path, "news.de", "Hallo\nC\n")
    write(tmp_path, "news.de.1", "Servus\n\n")
    rows = list(read_wmt(tmp_path / "news.en-de"))
    assert [row.values["prompt"] for row in rows] == ['Hello "you"', "A\u2028B"]
    assert [row.values["references"] for row in rows] == [["Hallo", "Servus"], ["C"]]
    assert rows[0].values["target_language"] == "de"


def test_line_files_of_different_length_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "news.en", "a\nb\n")
    write(tmp_path, "news.de", "a\n")
    with pytest.raises(DatasetError, match="fewer lines"):
        list(read_wmt(tmp_path / "news.en-de"))
    with pytest.raises(DatasetError):
        list(read_wmt(tmp_path / "gone.en-de"))


@pytest.mark.parametrize(
    ("text", "references", "document"),
    [
        ("A\tB\nC\tD\tE\n", [["B"], ["D", "E"]], None),
        ("src\tref\thyp\tdoc\nA\tB\tX\td1\nC\tD\tY\td1\n", [["B"], ["D"]], "d1"),
        ("source\tref0\tref1\nA\tB\tF\nC\tD\tG\n", [["B", "F"], ["D", "G"]], None),
    ],
)
def test_tables_with_and_without_a_header(
    text: str, references: list[list[str]], document: str | None, tmp_path: Path
) -> None:
    rows = list(read_wmt(write(tmp_path, "wmt.tsv", text)))
    assert [row.values["prompt"] for row in rows] == ["A", "C"]
    assert [row.values["references"] for row in rows] == references
    assert rows[0].values.get("document_id") == document


def test_the_xml_of_the_campaigns(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "wmt.xml",
        '<?xml version="1.0"?><dataset id="x"><doc origlang="en" id="d1">\n<src lang="en"><p>\n'
        '<seg id="1">A &amp; B</seg>\n'
        '<seg id="2">C</seg></p></src><ref lang="de" translator="A"><p><seg id="1">a &lt; b</seg>'
        '<seg id="2">c</seg></p></ref><ref lang="de" translator="B"><p><seg id="1">aa</seg></p></ref>'
        '<hyp system="s"><p><seg id="1">NO</seg></p></hyp>'
        "</doc></dataset>",
    )
    rows = list(read_wmt(path))
    assert [row.values["prompt"] for row in rows] == ["A & B", "C"]
    assert [row.values["references"] for row in rows] == [["a < b", "aa"], ["c"]]
    assert {row.values["document_id"] for row in rows} == {"d1"}
    assert [row.line for row in rows] == [3, 4]


def test_a_pair_of_sgml_files(tmp_path: Path) -> None:
    source = '<srcset setid="n" srclang="any"><doc docid="d"><p><seg id="1">A</seg></p></doc></srcset>'
    target = '<refset setid="n" srclang="any" trglang="de"><doc docid="d"><p><seg id="1">B</seg></p></doc></refset>'
    path = write(tmp_path, "news-src.en.sgm", source)
    write(tmp_path, "news-ref.de.sgm", target)
    (row,) = read_wmt(path)
    assert (row.values["prompt"], row.values["references"], row.values["target_language"]) == ("A", ["B"], "de")


def test_an_entity_is_not_expanded(tmp_path: Path) -> None:
    text = '<!DOCTYPE d [<!ENTITY a "boom">]><doc id="d"><src><seg id="1">&a;&a;</seg></src></doc>'
    (row,) = read_wmt(write(tmp_path, "w.xml", text))
    assert row.values["prompt"] == "&a;&a;"


def test_a_suite_reads_them_directly_and_documents_are_clusters(tmp_path: Path) -> None:
    write(tmp_path, "wmt.tsv", "src\tref\tdoc\nA\tB\td1\nC\tD\td1\n")
    loaded = load(DatasetSpec("wmt", "wmt.tsv", format="wmt"), tmp_path)
    assert [sample.references for sample in loaded.samples] == [("B",), ("D",)]
    assert {sample.cluster for sample in loaded.samples} == {"d1"}


@settings(max_examples=100)
@given(st.text(max_size=300))
def test_whatever_a_file_says_it_gives_rows_or_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in ("a.tsv", "b.xml"):
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        with contextlib.suppress(DatasetError):
            assert all(isinstance(row, Row) for row in read_wmt(folder / name))


def test_the_public_e2e_test_set_has_its_630_meanings(public_data: Path) -> None:
    rows = list(read_e2e(public_data / "e2e_nlg" / "testset_w_refs.csv"))
    assert len(rows) == 630
    assert sum(len(row.values["references"]) for row in rows) == 4693


def test_sgml_without_quotes_literal_sections_and_inline_tags_are_read(tmp_path: Path) -> None:
    write(
        tmp_path, "n-src.en.sgm", "<srcset srclang=en><doc docid=d><seg id=1>Three <b>x</b> &lt; y</seg></doc></srcset>"
    )
    write(
        tmp_path, "n-ref.de.sgm", "<refset trglang=de><doc docid=d><seg id=1><![CDATA[x < &amp;]]></seg></doc></refset>"
    )
    (row,) = read_wmt(tmp_path / "n-src.en.sgm")
    assert row.values["prompt"] == "Three x < y"
    assert row.values["references"] == ["x < &amp;"]
    assert (row.values["source_language"], row.values["target_language"]) == ("en", "de")


def test_a_source_file_finds_its_reference_file(tmp_path: Path) -> None:
    write(tmp_path, "wmt20.en-de.src", "one\ntwo\n")
    write(tmp_path, "wmt20.en-de.ref", "eins\nzwei\n")
    rows = list(read_wmt(tmp_path / "wmt20.en-de.src"))
    assert [(row.values["prompt"], row.values["references"]) for row in rows] == [("one", ["eins"]), ("two", ["zwei"])]
    assert rows[0].values["target_language"] == "de"
    write(tmp_path, "lone.source", "one\n")
    with pytest.raises(DatasetError, match="lone"):
        list(read_wmt(tmp_path / "lone.source"))
