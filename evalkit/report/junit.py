"""``junit.xml``: a test case per gate, so that any CI server shows which gate failed, by how much and on what.

Nothing of the outcome is lost on the way: a gate that counts as failed is a failure, one that could not be decided an
error, and an outcome that no gate stands for (not measured, nothing evaluated, interrupted) is an error of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from evalkit.errors import ExitCode
from evalkit.records import Word
from evalkit.report import errors, trust, view
from evalkit.report.files import write_text
from evalkit.report.hostile import one_line, shown, visible
from evalkit.report.places import place_of, repository_root
from evalkit.results import Finding, Result

NAME = "junit.xml"
WORST_CASES = 3
LONGEST_TEXT = 1000
WITHOUT_A_GATE = {ExitCode.WRONG_INPUT, ExitCode.NOT_MEASURED, ExitCode.NOTHING_EVALUATED, ExitCode.INTERRUPTED}


def write(result: Result, folder: Path) -> Path:
    return write_text(folder / NAME, render(result))


def render(result: Result) -> str:
    suite = ET.Element("testsuite")
    _properties(suite, result)
    infos = view.metric_infos(result)
    tally = {"failures": 0, "errors": 0}
    for verdict in result.outcome.verdicts:
        gate = view.gate_view(verdict, infos)
        kind = _gate_case(suite, result, gate)
        if kind:
            tally[kind] += 1
    cases = len(result.outcome.verdicts)
    if result.outcome.exit_code in WITHOUT_A_GATE:
        case = ET.SubElement(suite, "testcase", _attributes(classname=result.run.suite, name="outcome", time="0"))
        message = f"{result.outcome.word}: {result.outcome.reason}"
        ET.SubElement(case, "error", _attributes(message=message, type=result.outcome.word)).text = one_line(message)
        tally["errors"] += 1
        cases += 1
    numbers = {"tests": cases, **tally, "skipped": 0}
    head = {"name": f"{result.run.suite} on {result.run.model}", **numbers, "time": f"{result.usage.seconds:.3f}"}
    suite.attrib.update(_attributes(**head, timestamp=result.run.created))
    root = ET.Element("testsuites", _attributes(name="evalkit", **numbers, time=f"{result.usage.seconds:.3f}"))
    root.append(suite)
    if said := "\n".join(f"{what}\n  {advice}" for what, advice in errors.lines(result)):
        ET.SubElement(suite, "system-err").text = visible(said)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _attributes(**values: Any) -> dict[str, str]:
    return {key: one_line(str(value)) for key, value in values.items()}


def _properties(suite: ET.Element, result: Result) -> None:
    run = result.run
    said: dict[str, Any] = {
        "run": run.id,
        "outcome": result.outcome.word,
        "exit_code": result.outcome.exit_code,
        "model": run.model,
        "fingerprint.suite": run.suite_fingerprint,
        "fingerprint.model": run.model_fingerprint,
        **{f"fingerprint.dataset.{name}": fingerprint for name, fingerprint in run.datasets.items()},
        **{f"environment.{name}": value for name, value in run.environment.items()},
        "reproduce": result.reproduce,
    }
    properties = ET.SubElement(suite, "properties")
    said |= {f"errors.{group.failure}": group.measurements for group in result.errors}
    apart = (("versus", note.text) for note in trust.notes(result) if note.label == "versus")
    for name, value in (*said.items(), *apart):
        ET.SubElement(properties, "property", _attributes(name=name, value=value))


def _gate_case(suite: ET.Element, result: Result, gate: view.GateView) -> str:
    """Adds the case; answers which tally it belongs to, or nothing."""
    classname = f"{result.run.suite}.{gate.check or 'suite'}"
    case = ET.SubElement(suite, "testcase", _attributes(classname=classname, name=gate.gate, time="0", **_where(gate)))
    facts = "\n".join(_facts(gate))
    if gate.counts_as is Word.PASS:
        ET.SubElement(case, "system-out").text = visible(f"{gate.status}: {gate.reason}\n{facts}")
        return ""
    tag, tally = ("failure", "failures") if gate.counts_as is Word.FAIL else ("error", "errors")
    message = f"{gate.gate}: expected {gate.target}, actual {gate.value}. {gate.reason}"
    element = ET.SubElement(case, tag, _attributes(message=message, type=gate.status))
    element.text = visible(f"{gate.reason}\n{facts}\n" + "\n".join(_worst_cases(result, gate.check)))
    return tally


def _where(gate: view.GateView) -> dict[str, Any]:
    """Servers that show test cases link them to their files."""
    place = place_of(gate, repository_root())
    return {"file": place.path, "line": place.line} if place else {}


def _facts(gate: view.GateView) -> list[str]:
    between = f"{gate.interval} ({gate.confidence} interval)" if gate.confidence else gate.interval
    facts = [
        f"expected: {gate.target}",
        f"actual:   {gate.value}",
        f"interval: {between}",
        f"counts:   {gate.counts}",
        f"about:    {gate.about}",
    ]
    return [*facts, f"defined:  {gate.origin}"] if gate.origin else facts


def _worst_cases(result: Result, check: str) -> list[str]:
    infos = view.metric_infos(result)
    findings = [finding for finding in result.findings if finding.check == check][:WORST_CASES]
    return [_finding(finding, view.finding_value(finding, infos)) for finding in findings]


def _finding(finding: Finding, value: str) -> str:
    note = f": {one_line(finding.note)}" if finding.note else ""
    lines = [f"\nworst case {one_line(finding.case)} ({one_line(finding.metric)} {value}, {finding.status}){note}"]
    for exchange in finding.exchanges:
        lines += [f"  {message.role}: {shown(message.content, LONGEST_TEXT)}" for message in exchange.messages]
        lines += [f"  reference: {shown(reference, LONGEST_TEXT)}" for reference in exchange.references[:3]]
        lines.append(f"  answer: {shown(exchange.answer, LONGEST_TEXT)}")
        if exchange.error:
            lines.append(f"  error: {shown(exchange.error, LONGEST_TEXT)}")
    return "\n".join(lines)
