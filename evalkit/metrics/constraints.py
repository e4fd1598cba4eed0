"""What a row asks of an answer's form, checked: IFEval's instructions, and a short form that people can write.

    >>> wanted = parse([{"kind": "words", "at_most": 5}, {"kind": "no_commas"}])
    >>> [finding.holds for finding in judge(wanted, "Short and sweet.")]
    [True, True]

A constraint that cannot be decided (in which language are two words?) is neither followed nor broken: ``holds`` is
none, and ``found`` says why. Rows are data: what they say is taken literally, never as a regular expression.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalkit.metrics import form, ifeval, json_schema, json_text, length, sentences
from evalkit.metrics.language import detect, fits

SIGNATURE = f"constraints:evalkit.2|{ifeval.SIGNATURE}"
_BOUNDS = ("at_least", "at_most", "exactly", "more_than", "less_than")
MOST_CONSTRAINTS = 100


@dataclass(frozen=True, slots=True)
class Constraint:
    kind: str
    """A short kind, such as ``words``, or an id of IFEval's, such as ``punctuation:no_comma``."""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """IFEval's family of the kind, such as ``length_constraints``."""
        return self.kind.partition(":")[0] if ":" in self.kind else KINDS[self.kind].group

    def __str__(self) -> str:
        said = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in self.arguments.items())
        return f"{self.kind}({said[:120]})"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one answer does with one constraint."""

    constraint: Constraint
    holds: bool | None
    """None: it cannot be decided."""
    found: Any = None
    """What was counted or found, where that says more than yes or no."""
    loosely: bool | None = None
    """Whether it holds of the answer without its first or last line or its stars, as IFEval's loose accuracy has it."""


Verdict = tuple[bool | None, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    group: str
    check: Callable[[str, Mapping[str, Any]], Verdict]
    needs: Mapping[str, str] = field(default_factory=dict)
    """Arguments by name: ``text``, ``texts``, ``schema``; a trailing ``?`` may be left out."""
    counted: bool = False
    """It takes bounds: ``at_least``, ``at_most``, ``exactly``, ``more_than``, ``less_than``."""
    default: Mapping[str, int] = field(default_factory=dict)
    """The bounds where none are said; without them, bounds must be said."""


def _within(count: int, said: Mapping[str, Any]) -> bool:
    return (
        count >= said.get("at_least", 0)
        and ("at_most" not in said or count <= said["at_most"])
        and ("exactly" not in said or count == said["exactly"])
        and ("more_than" not in said or count > said["more_than"])
        and ("less_than" not in said or count < said["less_than"])
    )


def _counting(group: str, counter: Callable[[str], int]) -> Kind:
    def check(text: str, said: Mapping[str, Any]) -> Verdict:
        count = counter(text)
        return _within(count, said), count

    return Kind(group, check, counted=True)


def _counting_of(group: str, name: str, counter: Callable[[str, str], int]) -> Kind:
    def check(text: str, said: Mapping[str, Any]) -> Verdict:
        count = counter(text, said[name])
        return _within(count, said), count

    return Kind(group, check, {name: "text"}, counted=True, default={"at_least": 1})


def _plain(group: str, holds: Callable[[str], bool]) -> Kind:
    return Kind(group, lambda text, said: (holds(text), None))


def whole_words(text: str, word: str) -> int:
    """How often a word or phrase stands in a text, not inside other words, whatever the case; also without spaces."""
    pattern = re.escape(word.strip())
    before = r"(?<!\w)" if word.strip()[:1].isascii() else ""
    after = r"(?!\w)" if word.strip()[-1:].isascii() else ""
    return sum(1 for _ in re.finditer(before + pattern + after, text, re.IGNORECASE))


def _contains(text: str, said: Mapping[str, Any]) -> Verdict:
    missing = [word for word in said["texts"] if not whole_words(text, word)]
    return not missing, {"missing": missing} if missing else None


def _excludes(text: str, said: Mapping[str, Any]) -> Verdict:
    there = [word for word in said["texts"] if whole_words(text, word)]
    return not there, {"there": there} if there else None


def _one_of(text: str, said: Mapping[str, Any]) -> Verdict:
    bare = _bare(text)
    return any(bare == _bare(option) for option in said["options"]), None


def _bare(text: str) -> str:
    return text.strip().strip("\"'*`").rstrip(".!").casefold()


def _json(text: str, said: Mapping[str, Any]) -> Verdict:
    return json_text.is_json(text), None


def _json_schema(text: str, said: Mapping[str, Any]) -> Verdict:
    try:
        wrong = json_schema.problem(json_text.read(text), said["schema"])
    except json_text.NoJson:
        return False, "not JSON"
    except (json_text.Unreadable, json_schema.TooLarge, RecursionError):
        return None, "too deep or too large to check"
    return not wrong, wrong or None


def _language(text: str, said: Mapping[str, Any]) -> Verdict:
    holds = fits(text, said["language"].strip().lower().partition("-")[0])
    return holds, "the language cannot be told" if holds is None else detect(text).code


def _cased(text: str, holds: Callable[[str], bool]) -> Verdict:
    """Scripts without capitals can neither keep nor break a rule about them."""
    if not any(character.isupper() or character.islower() for character in text):
        return None, "no letters that have a case"
    return holds(text), None


KINDS: Mapping[str, Kind] = {
    "words": _counting("length_constraints", length.words),
    "characters": _counting("length_constraints", lambda text: len(text.strip())),
    "sentences": _counting("length_constraints", sentences.count),
    "paragraphs": _counting("length_constraints", form.paragraphs),
    "lines": _counting("length_constraints", lambda text: sum(1 for line in text.splitlines() if line.strip())),
    "bullets": _counting("detectable_format", form.bullets),
    "numbered": _counting("detectable_format", form.numbered),
    "highlights": _counting("detectable_format", form.highlights),
    "placeholders": _counting("detectable_content", form.placeholders),
    "capital_words": _counting("change_case", form.capital_words),
    "sections": _counting_of("detectable_format", "marker", form.sections),
    "keyword": _counting_of("keywords", "word", whole_words),
    "letter": _counting_of("keywords", "letter", form.occurrences),
    "contains": Kind("keywords", _contains, {"texts": "texts"}),
    "excludes": Kind("keywords", _excludes, {"texts": "texts"}),
    "starts_with": Kind(
        "startend",
        lambda text, said: (text.strip().casefold().startswith(said["text"].strip().casefold()), None),
        {"text": "text"},
    ),
    "ends_with": Kind(
        "startend",
        lambda text, said: (text.strip().casefold().endswith(said["text"].strip().casefold()), None),
        {"text": "text"},
    ),
    "quoted": _plain("startend", ifeval.quoted),
    "one_of": Kind("detectable_format", _one_of, {"options": "texts"}),
    "title": _plain("detectable_format", form.has_title),
    "postscript": Kind(
        "detectable_content",
        lambda text, said: (ifeval.follows("detectable_content:postscript", said, text), None),
        {"postscript_marker": "text?"},
    ),
    "two_responses": _plain("combination", ifeval.two_responses),
    "no_commas": _plain("punctuation", lambda text: not any(comma in text for comma in ",，、،")),
    "lowercase": Kind("change_case", lambda text, said: _cased(text, lambda it: it == it.lower())),
    "uppercase": Kind("change_case", lambda text, said: _cased(text, lambda it: it == it.upper())),
    "json": Kind("detectable_format", _json),
    "json_schema": Kind("detectable_format", _json_schema, {"schema": "schema"}),
    "language": Kind("language", _language, {"language": "text"}),
}
"""By short name."""

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"postscript": {"postscript_marker": "P.S."}}


def parse(said: Any) -> tuple[Constraint, ...]:
    """A row's ``constraints``: a list of ``{kind: words, at_most: 50}``, or JSON text of one.

    What is wrong with it is a ``ValueError`` that says so.
    """
    entries = [said] if isinstance(said, Mapping) else said
    if isinstance(entries, str):
        try:
            return parse(json.loads(entries))
        except (json.JSONDecodeError, RecursionError):
            raise ValueError("constraints are a list, such as [{kind: words, at_most: 50}]") from None
    if not isinstance(entries, Sequence) or not all(isinstance(entry, Mapping) for entry in entries):
        raise ValueError("constraints are a list, such as [{kind: words, at_most: 50}]")
    if len(entries) > MOST_CONSTRAINTS:
        raise ValueError(f"{len(entries)} constraints are more than {MOST_CONSTRAINTS}")
    return tuple(_parsed(entry) for entry in entries)


def _parsed(entry: Mapping[str, Any]) -> Constraint:
    kind = entry.get("kind")
    given = {str(name): value for name, value in entry.items() if name != "kind" and value is not None}
    if isinstance(kind, str) and kind in ifeval.INSTRUCTIONS:
        return Constraint(kind, ifeval.arguments_of(kind, given))
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"no constraint is called {str(kind)[:40]!r}; there are {', '.join(KINDS)}, and IFEval's ids")
    known = KINDS[kind]
    arguments = dict(_DEFAULTS.get(kind, {}))
    for name, value in given.items():
        if known.counted and name in _BOUNDS:
            arguments[name] = _bound(kind, name, value)
        elif name in known.needs:
            arguments[name] = _argument(kind, name, known.needs[name].rstrip("?"), value)
        else:
            allowed = [*known.needs, *(_BOUNDS if known.counted else ())]
            raise ValueError(f"'{kind}' does not take '{name}'" + (f" but {', '.join(allowed)}" if allowed else ""))
    missing = [name for name, form_ in known.needs.items() if name not in arguments and not form_.endswith("?")]
    if missing:
        raise ValueError(f"'{kind}' needs '{missing[0]}'")
    if known.counted and not any(bound in arguments for bound in _BOUNDS):
        if not known.default:
            raise ValueError(f"'{kind}' needs a bound: {', '.join(_BOUNDS)}")
        arguments.update(known.default)
    return Constraint(kind, arguments)


def _bound(kind: str, name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (0 <= value < 1e12 and value == value // 1):
        raise ValueError(f"'{kind}': '{name}' is a whole number, not {str(value)[:40]!r}")
    return int(value)


def _argument(kind: str, name: str, expected: str, value: Any) -> Any:
    if expected == "schema":
        json_schema.check_schema(value)
        return value
    if expected == "texts":
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, Sequence) and texts and all(isinstance(text, str) and text.strip() for text in texts):
            return list(texts)
        raise ValueError(f"'{kind}': '{name}' is a list of texts, not {str(value)[:40]!r}")
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"'{kind}': '{name}' is a text, not {str(value)[:40]!r}")
    return value


def from_ifeval(instruction_id_list: Any, kwargs: Any) -> tuple[Constraint, ...]:
    """The two columns of IFEval's rows; a ``ValueError`` where they do not fit together or name none of its ids."""
    if isinstance(instruction_id_list, str) or not isinstance(instruction_id_list, Sequence):
        raise ValueError("'instruction_id_list' is a list of IFEval's ids")  # noqa: TRY004 - a bad value of a row
    given = [{} for _ in instruction_id_list] if kwargs is None else kwargs
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != len(instruction_id_list):
        raise ValueError("'kwargs' is a list of as many objects as there are ids in 'instruction_id_list'")
    return tuple(
        Constraint(str(name), ifeval.arguments_of(str(name), arguments if isinstance(arguments, Mapping) else {}))
        for name, arguments in zip(instruction_id_list, given, strict=True)
    )


def holds(constraint: Constraint, text: str) -> Verdict:
    """Whether a text follows one constraint to the letter, and what was found. Nothing visible follows none."""
    if not text.strip():
        return False, "empty"
    if ":" in constraint.kind:
        return ifeval.follows(constraint.kind, constraint.arguments, text), None
    return KINDS[constraint.kind].check(text, constraint.arguments)


def judge(constraints: Sequence[Constraint], text: str) -> list[Finding]:
    """What an answer does with each constraint, strictly and loosely."""
    variants = ifeval.relaxed(text)
    findings = []
    for constraint in constraints:
        strictly, found = holds(constraint, text)
        loosely = strictly
        if strictly is not True:
            others = [holds(constraint, variant)[0] for variant in variants[1:] if variant.strip()]
            loosely = True if True in others else strictly
        findings.append(Finding(constraint, strictly, found, loosely))
    return findings
