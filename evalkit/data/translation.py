"""Files of shared tasks as they are published: WMT's translations and E2E's descriptions.

``wmt`` reads a table of source, reference and further references, the XML and SGML files of the campaigns, and pairs of
line files; ``e2e`` puts the references of one meaning together. Both give ``prompt`` and ``references`` as they stand.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evalkit.data.opening import UTF8_BOM, check_encoding, encoding_fault, lines, missing_file, opened
from evalkit.data.readers import read_csv, read_tsv
from evalkit.data.rows import Row, shown
from evalkit.errors import DatasetError

_SOURCES = ("src", "source")
_REFERENCE = re.compile(r"(?:ref|reference|tgt|target)s?[-_.]?\w?", re.IGNORECASE)
_PAIR = re.compile(r"\.([a-z]{2,3}(?:_[A-Za-z]+)?)-([a-z]{2,3}(?:_[A-Za-z]+)?)$")
_TAG = re.compile(r"<(/?)(srcset|refset|tstset|doc|src|ref|hyp|seg)\b([^<>]{0,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]{1,40})\s{0,3}=\s{0,3}(?:\"([^\"]{0,500})\"|'([^']{0,500})'|([^\s\"'<>]{1,500}))")
_SEGMENT_ENDS = re.compile(r"</seg\b|<seg\b|</?(?:p|hl|doc|src|ref|hyp|srcset|refset|tstset)\b", re.IGNORECASE)
_LITERAL, _LITERAL_ENDS = "<![CDATA[", "]]>"
_INLINE_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_LINE_PAIRS = {".src": (".ref", ".tgt", ".trg"), ".source": (".target", ".reference")}


def read_e2e(path: str | Path) -> Iterator[Row]:
    """Rows ``mr,ref``, as many to a meaning as it has references, become one row each. All are held in memory."""
    file = Path(path)
    meanings: dict[str, Row] = {}
    references: dict[str, list[str]] = {}
    for row in read_tsv(file) if ".tsv" in file.suffixes else read_csv(file):
        if row.fault:
            yield row
            continue
        if not {"mr", "ref"} <= set(row.values):
            hint = f"its columns: {', '.join(map(str, row.values))}"
            raise DatasetError("has no columns mr and ref", where=shown(file), hint=hint)
        meaning, reference = row.values["mr"], row.values["ref"]
        if not meaning.strip() or not reference.strip():
            yield Row({}, row.line, "is empty", "ref" if meaning.strip() else "mr")
            continue
        meanings.setdefault(meaning, row)
        references.setdefault(meaning, []).append(reference)
    for meaning, row in meanings.items():
        yield Row({"prompt": meaning, "references": references[meaning], "mr": meaning}, row.line)


def read_wmt(path: str | Path) -> Iterator[Row]:
    """``news.xml``, ``news-src.en.sgm`` (with ``news-ref.de.sgm`` beside it), ``news.tsv``, or ``news.en-de``, which
    stands for the line files ``news.en`` and ``news.de`` (and ``news.de.0``, ``news.de.1`` ... with more references).
    ``news.src`` finds ``news.ref`` (or ``.tgt``, ``.trg``), and ``news.source`` finds ``news.target``.
    """
    file = Path(path)
    suffixes = {suffix.lower() for suffix in file.suffixes}
    if suffixes & {".xml", ".sgm", ".sgml"}:
        return _marked_up(file)
    if file.suffix.lower() in _LINE_PAIRS:
        return _source_and_reference(file)
    pair = _PAIR.search(file.name)
    if pair and not file.exists():
        return _line_files(file, pair[1], pair[2])
    return _table(file)


def _row(source: str, references: list[str], line: int, **labels: str) -> Row:
    if not source.strip():
        return Row({}, line, "is empty", "source")
    given = [text for text in references if text.strip()]
    values: dict[str, Any] = {"prompt": source, "references": given} if given else {"prompt": source}
    return Row({**values, **{name: text for name, text in labels.items() if text}}, line)


def _text_lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Number, text and what is wrong with it. Only line feeds end a line: other separators are text."""
    for number, raw in lines(path):
        try:
            yield number, raw.decode("utf-8").rstrip("\r\n"), ""
        except UnicodeDecodeError as error:
            yield number, "", encoding_fault(error)


def _table(path: Path) -> Iterator[Row]:
    """Cells divided by tabs, without quotes. A header is one that names a source; otherwise the first cell is it."""
    header: list[str] | None = None
    for number, text, fault in _text_lines(path):
        cells = text.split("\t")
        if header is None:
            named = [cell.strip().lower() for cell in cells]
            header = named if set(named) & set(_SOURCES) else []
            if header:
                continue
        if fault:
            yield Row({}, number, fault)
        elif text.strip():
            yield _cells(cells, header, number)


def _cells(cells: list[str], header: list[str], line: int) -> Row:
    if not header:
        if len(cells) < 2:
            return Row({}, line, "has no tab between source and reference")
        return _row(cells[0], cells[1:], line)
    if len(cells) != len(header):
        return Row({}, line, f"has {len(cells)} cells where the header has {len(header)}")
    source = next(cell for name, cell in zip(header, cells, strict=True) if name in _SOURCES)
    references = [cell for name, cell in zip(header, cells, strict=True) if _REFERENCE.fullmatch(name)]
    others = {
        "document_id" if name in {"doc", "docid", "doc_id", "document"} else name: cell
        for name, cell in zip(header, cells, strict=True)
        if name and name not in _SOURCES and not _REFERENCE.fullmatch(name) and name not in {"prompt", "references"}
    }
    return _row(source, references, line, **others)


def _line_files(path: Path, source: str, target: str) -> Iterator[Row]:
    stem = path.name[: -len(f".{source}-{target}")]
    first = path.with_name(f"{stem}.{source}")
    others = [path.with_name(f"{stem}.{target}")]
    others += sorted(path.parent.glob(f"{_escaped(stem)}.{target}.[0-9]"))
    found = [file for file in others if file.is_file()]
    if not first.is_file():
        raise missing_file(first)
    if not found:
        raise missing_file(others[0])
    return _together([first, *found], source_language=source, target_language=target)


def _source_and_reference(path: Path) -> Iterator[Row]:
    """``news.src`` and ``news.ref``; the languages stand in ``news.en-de.src``."""
    suffixes = _LINE_PAIRS[path.suffix.lower()]
    found = [file for suffix in suffixes if (file := path.with_suffix(suffix)).is_file()]
    if not path.is_file():
        raise missing_file(path)
    if not found:
        raise missing_file(path.with_suffix(suffixes[0]))
    pair = _PAIR.search(path.stem)
    return _together([path, *found], **({"source_language": pair[1], "target_language": pair[2]} if pair else {}))


def _together(files: Sequence[Path], **labels: str) -> Iterator[Row]:
    """Line by line: the first file has the sources, the others a reference each."""
    readers = list(map(_text_lines, files))
    while True:
        read = [next(reader, None) for reader in readers]
        if all(line is None for line in read):
            return
        if any(line is None for line in read):
            ended = next(shown(file) for file, line in zip(files, read, strict=True) if line is None)
            longer = next(shown(file) for file, line in zip(files, read, strict=True) if line is not None)
            raise DatasetError(f"has fewer lines than {longer}", where=ended)
        there = [line for line in read if line is not None]
        fault = next((line[2] for line in there if line[2]), "")
        if fault:
            yield Row({}, there[0][0], fault)
            continue
        texts = [line[1] for line in there]
        yield _row(texts[0], texts[1:], there[0][0], **labels)


def _escaped(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


def _plain(marked: str) -> str:
    """What stands in a segment, without tags inside it; entities are read, save in a literal (CDATA) section."""
    read: list[str] = []
    at = 0
    while (start := marked.find(_LITERAL, at)) >= 0 and (end := marked.find(_LITERAL_ENDS, start)) >= 0:
        read += [_without_tags(marked[at:start]), marked[start + len(_LITERAL) : end]]
        at = end + len(_LITERAL_ENDS)
    return "".join([*read, _without_tags(marked[at:])]).strip()


def _without_tags(marked: str) -> str:
    return html.unescape(_INLINE_TAG.sub("", marked))


class _Segments:
    """What a marked-up file says: by document and segment, the source and every reference. Entities are read, and
    nothing is ever fetched or expanded: it is no XML parser that could be made to."""

    def __init__(self) -> None:
        self.sources: dict[tuple[str, str], tuple[str, int]] = {}
        self.references: dict[tuple[str, str], list[str]] = {}
        self.languages = {"src": "", "ref": ""}

    def read(self, path: Path) -> None:
        with opened(path) as stream:
            raw = stream.read()
        check_encoding(raw[:4], path)
        try:
            text = raw.removeprefix(UTF8_BOM).decode("utf-8")
        except UnicodeDecodeError as error:
            raise DatasetError("is not UTF-8", where=shown(path), hint="save it as UTF-8") from error
        side, document, line, at = "", "", 1, 0
        for tag in _TAG.finditer(text):
            name, closing = tag[2].lower(), bool(tag[1])
            given = {key.lower(): "".join(values) for key, *values in _ATTRIBUTE.findall(tag[3])}
            if name in {"srcset", "refset", "tstset"} and not closing:
                side = {"srcset": "src", "refset": "ref"}.get(name, "")
                self._note_language(side, given.get("trglang" if side == "ref" else "srclang", ""))
            elif name in {"src", "ref", "hyp"}:
                side = "" if closing or name == "hyp" else name
                self._note_language(side, given.get("lang", ""))
            elif name == "doc" and not closing:
                document = given.get("docid") or given.get("id") or document
            elif name == "seg" and not closing and side:
                line += text.count("\n", at, tag.start())
                at = tag.start()
                self._take(side, (document, given.get("id", str(tag.start()))), text, tag.end(), line)

    def _note_language(self, side: str, language: str) -> None:
        if side and language and language != "any":
            self.languages[side] = language

    def _take(self, side: str, key: tuple[str, str], text: str, start: int, line: int) -> None:
        end = _SEGMENT_ENDS.search(text, start)
        content = _plain(text[start : end.start() if end else len(text)])
        if side == "src":
            self.sources[key] = (content, line)
        else:
            self.references.setdefault(key, []).append(content)


def _marked_up(path: Path) -> Iterator[Row]:
    found = _Segments()
    found.read(path)
    if not found.references:
        beside = _references_beside(path)
        for file in beside:
            found.read(file)
    if not found.sources:
        raise DatasetError("has no source segments", where=shown(path), hint="name the file of the sources (-src)")
    for (document, name), (source, line) in found.sources.items():
        row = _row(
            source,
            found.references.get((document, name), []),
            line,
            document_id=document,
            segment=name,
            source_language=found.languages["src"],
            target_language=found.languages["ref"],
        )
        yield row


def _references_beside(path: Path) -> list[Path]:
    """``news-ref.de.sgm`` of ``news-src.en.sgm``."""
    stem, mark, _ = path.name.partition("-src.")
    return sorted(path.parent.glob(f"{_escaped(stem)}-ref.*")) if mark else []
