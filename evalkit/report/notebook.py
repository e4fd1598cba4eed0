"""Results, comparisons and cases in a notebook cell: markup that takes the notebook's own style, light or dark.

Every text goes through the template's escaping, after what would act or hide was made visible. There is no script, no
link and nothing to fetch: a notebook that is sent on shows the same.
"""

from __future__ import annotations

import struct
from functools import cache
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from evalkit.report import comparison_words as words
from evalkit.report import errors, formatting, view
from evalkit.report.cases import pieces, spans_of
from evalkit.report.contrast_words import LEGEND, WORDS
from evalkit.report.hostile import one_line, shorten_end, shown
from evalkit.report.together import together
from evalkit.report.window import Picture
from evalkit.results import Finding, Result
from evalkit.runner.compare import CaseChanges, Comparison, Pairing

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from evalkit.report.charts import Chart

VEGA_LITE = "application/vnd.vegalite.v5+json"
"""What notebooks know; the specifications need nothing that is newer."""
VEGA_LITE_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
CHART_WIDTH = 560
MARKS = {"pass": "✓", "fail": "✗", "unsure": "~"}
MOST_ESTIMATES = 60
MOST_CASES = 8
MOST_EXCHANGES = 4
MOST_ROWS = 40
"""Of a chart's table, where it is text."""
PNG = "image/png"
SHARPNESS = 2
"""Pixels of a drawn picture for one of the page, each way."""
WIDTH, MARGIN = 160, 6
STYLE = """\
<style>
.evalkit { line-height: 1.45; max-width: 72em }
.evalkit.evalkit table { border-collapse: collapse; margin: .4em 0; font-size: inherit }
.evalkit.evalkit table td, .evalkit.evalkit table th { padding: .2em .9em .2em 0; text-align: left;
  vertical-align: baseline }
.evalkit.evalkit table tr, .evalkit.evalkit tbody tr { background: none }
.evalkit.evalkit table td.number, .evalkit.evalkit table th.number { text-align: right;
  font-variant-numeric: tabular-nums }
.evalkit .whole, .evalkit .number, .evalkit th { white-space: nowrap }
.evalkit .wide { overflow-x: auto }
@media (max-width: 40em) {
  .evalkit.evalkit .wide table, .evalkit .wide tbody, .evalkit .wide tr, .evalkit .wide td { display: block }
  .evalkit .wide thead { display: none }
  .evalkit.evalkit .wide tr { padding: .5em 0; border-bottom: 1px solid rgba(128, 128, 128, .4) }
  .evalkit.evalkit .wide table td, .evalkit.evalkit .wide table td.number { padding: 0; text-align: left }
  .evalkit .wide td:empty { display: none }
  .evalkit .wide code { overflow-wrap: anywhere }
}
.evalkit svg { vertical-align: middle }
.evalkit .word { border-radius: .3em; padding: .1em .5em; font-weight: 600; color: #fff }
.evalkit .pass { background: #1a7f37 } .evalkit .fail { background: #b42318 } .evalkit .unsure { background: #7a5200 }
.evalkit .quiet { opacity: .75 }
.evalkit pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .2em 0 .6em; padding: .4em .6em;
  border-left: 3px solid currentColor; background: transparent; overflow: visible }
.evalkit summary { cursor: pointer }
.evalkit mark { background: #ffe08a; color: #1f1f1f }
</style>"""
PARTS = """\
{%- macro word(text, shade) -%}<span class="word {{ shade }}">{{ text }}</span>{%- endmacro %}
{%- macro drawn(gate) -%}
{%- set p = picture(gate) -%}
{%- if p -%}
<svg width="{{ p.width }}" height="18" viewBox="0 0 {{ p.width }} 18" role="img" aria-label="{{ p.label }}" \
stroke="currentColor" fill="currentColor">
{%- if p.target is not none %}<path d="M{{ p.target }} 1v16" stroke-dasharray="3 2" fill="none"/>{% endif -%}
{%- if p.low is not none %}<path d="M{{ p.low }} 9H{{ p.high }}M{{ p.low }} 5v8M{{ p.high }} 5v8" fill="none"/>
{%- endif -%}
<circle cx="{{ p.dot }}" cy="9" r="3.5"/></svg>
{%- endif -%}
{%- endmacro %}
{%- macro case(one) -%}
<p><strong>{{ one.check }}</strong>: {{ one.case }}
<span class="quiet">{{ one.metric }} {{ one.value }}{% if one.status != "scored" %}, {{ one.status }}{% endif %}</span>
{%- if one.note %}<br>{{ one.note }}{% endif %}</p>
{%- for said in one.exchanges %}
{%- if said.heading %}<p><em>{{ said.heading }}</em></p>{% endif %}
{%- for role, text in said.prompt %}<div class="quiet">{{ role }}</div><pre>{{ text }}</pre>{% endfor %}
{%- for text in said.references %}<div class="quiet">reference</div><pre>{{ text }}</pre>{% endfor %}
<div class="quiet">answer</div><pre>{% for text, marked in said.answer %}\
{% if marked %}<mark>{{ text }}</mark>{% else %}{{ text }}{% endif %}{% else %}(empty){% endfor %}</pre>
{%- if said.error %}<div class="quiet">error</div><pre>{{ said.error }}</pre>{% endif %}
{%- endfor %}
{%- if one.more %}<p class="quiet">{{ one.more }}</p>{% endif %}
{%- endmacro %}
"""
RESULT = """\
<div class="evalkit evalkit-result">{{ style }}
<p>{{ word(result.outcome.word | upper, shade) }} {{ sentence }}</p>
<p class="quiet">{{ reason }}. {{ effort }}.</p>
<div class="wide"><table>
<thead><tr><th></th><th>gate</th><th class="number">value</th><th></th><th>95% interval</th>\
<th>counts and reason</th></tr></thead>
<tbody>
{%- for gate in gates %}
<tr><td>{{ word(marks[gate.shade], gate.shade) }}</td><td><code>{{ gate.gate }}</code>
{%- if gate.status not in ("pass", "fail") %}<div class="quiet">{{ gate.status }}</div>{% endif %}</td>
<td class="number">{{ gate.value }}</td><td>{{ drawn(gate) }}</td><td class="whole">{{ gate.interval }}</td>
<td class="quiet">{{ gate.counts }}{% if gate.counts and gate.brief %}; {% endif %}{{ gate.brief }}</td></tr>
{%- endfor %}
</tbody>
</table></div>
{%- if errored %}<ul>{% for what, to_do in errored %}<li><strong>{{ what }}.</strong> {{ to_do }}</li>{% endfor %}</ul>
{%- endif %}
{%- if notices %}<ul>{% for notice in notices %}<li>{{ notice }}</li>{% endfor %}</ul>{% endif %}
<details><summary>{{ count(result.estimates | length, "estimate") }}</summary>
<div class="wide"><table>
<thead><tr><th>measured</th><th class="number">value</th><th>interval</th><th>counts</th></tr></thead>
<tbody>
{%- for one in estimates %}
<tr><td><code>{{ line(one.name) }}</code></td><td class="number">{{ measure(one.value, one.unit) }}</td>
<td class="whole">{{ interval(one.interval, one.unit) }}</td><td class="quiet">{{ counts(one.counts) }}</td></tr>
{%- endfor %}
</tbody></table></div>
{%- if more_estimates %}<p class="quiet">{{ count(more_estimates, "more estimate") }} in <code>.to_frame()</code></p>\
{% endif %}</details>
{%- if cases %}
<details><summary>{{ count(result.findings | length, "case") }} worth reading</summary>
{%- for one in cases %}{{ case(one) }}<hr>{% endfor %}
{%- if more_cases %}<p class="quiet">{{ count(more_cases, "more case") }} in <code>.findings</code></p>{% endif %}
</details>
{%- endif %}
</div>"""
CASE = """\
<div class="evalkit evalkit-case">{{ style }}{{ case(one) }}</div>"""
COMPARISON = """\
<div class="evalkit evalkit-comparison">{{ style }}
{%- for one in pairings %}
<p>{{ word(one.verdict, one.shade) }} {{ one.sentence }}</p>
{%- if one.warnings %}<ul>{% for warning in one.warnings %}<li>{{ warning }}</li>{% endfor %}</ul>{% endif %}
<div class="wide"><table>
<thead><tr><th></th><th>{{ headings[0] }}</th>\
{% for heading in headings[1:] %}<th class="number">{{ heading }}</th>{% endfor %}</tr></thead>
<tbody>
{%- for mark, name, cells in one.rows %}
<tr><td>{{ mark }}</td><td><code>{{ name }}</code></td>\
{% for cell in cells %}<td class="number">{{ cell }}</td>{% endfor %}</tr>
{%- endfor %}
</tbody>
</table></div>
{%- for title, many, cases in one.changes %}
<details><summary>{{ title }}: {{ count(many, "case") }}</summary>
{%- for name, told, pairs in cases %}
<p><strong>{{ name }}</strong> <span class="quiet">{{ told }}</span></p>
{%- for role, text in pairs %}<div class="quiet">{{ role }}</div><pre>{{ text }}</pre>{% endfor %}
{%- endfor %}
{%- if many > cases | length %}<p class="quiet">{{ count(many - cases | length, "more case") }} in \
<code>.to_frame("cases")</code></p>{% endif %}
</details>
{%- endfor %}
{%- endfor %}
<p class="quiet">{{ legend }}.</p>
</div>"""


@cache
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    environment.globals.update(
        style=Markup(STYLE),  # noqa: S704 - a constant
        marks=MARKS,
        count=formatting.count,
        counts=formatting.counts,
        interval=formatting.interval,
        measure=_measure,
        line=one_line,
        picture=_drawing,
    )
    return environment


def _measure(value: float | None, unit: str) -> str:
    return one_line(formatting.measure(value, unit))


@cache
def _template(source: str) -> Template:
    return _environment().from_string(PARTS + source)


def _rendered(template: str, **values: Any) -> str:
    return _template(template).render(**values).strip()


def fragment(result: Result) -> str:
    infos = view.metric_infos(result)
    whole = [one for one in result.estimates if not one.slice] + [one for one in result.estimates if one.slice]
    return _rendered(
        RESULT,
        result=result,
        shade=view.outcome_shade(result),
        sentence=view.sentence(result),
        reason=one_line(result.outcome.reason),
        effort=view.effort(result),
        gates=[gate for gate in view.gates(result) if not gate.automatic or gate.counts_as != "pass"],
        errored=list(errors.lines(result)),
        notices=[shorten_end(notice, 300) for notice in view.notices(result)[:5]],
        estimates=whole[:MOST_ESTIMATES],
        more_estimates=max(0, len(whole) - MOST_ESTIMATES),
        cases=[_case(one, view.finding_value(one, infos)) for one in result.findings[:MOST_CASES]],
        more_cases=max(0, len(result.findings) - MOST_CASES),
    )


def case_fragment(finding: Finding, unit: str = "") -> str:
    return _rendered(CASE, one=_case(finding, formatting.measure(finding.value, unit)))


def _case(finding: Finding, value: str) -> dict[str, Any]:
    """Prompt and references once, where several answers are to the same."""
    spans, before, said = spans_of(finding.evidence), None, []
    told = together(finding)
    for one in told[:MOST_EXCHANGES]:
        exchange = one.exchange
        same = before is not None and (before.messages, before.references) == (exchange.messages, exchange.references)
        before = exchange
        said.append(
            {
                "heading": one.heading,
                "prompt": [] if same else [(one_line(m.role), shown(m.content)) for m in exchange.messages],
                "references": [] if same else [shown(text, 1000) for text in exchange.references[:3]],
                "answer": pieces(exchange.answer, spans.get(one.position)),
                "error": shown(exchange.error, 1000),
            }
        )
    left = len(told) - len(said)
    return {
        "check": one_line(finding.check),
        "case": one_line(shorten_end(finding.case, 200)),
        "metric": one_line(finding.metric),
        "value": one_line(value),
        "status": str(finding.status),
        "note": one_line(shorten_end(finding.note, 500)),
        "exchanges": said,
        "more": f"{formatting.count(left, 'more answer')} of this case" if left else "",
    }


def _drawing(gate: view.GateView) -> dict[str, Any] | None:
    """The interval against the target, on an axis as near as possible."""
    of: Picture | None = gate.picture
    if of is None:
        return None

    def x(value: float | None) -> float | None:
        return None if value is None else round(MARGIN + of.axis.place(value) * (WIDTH - 2 * MARGIN), 1)

    whole = of.low is not None and of.high is not None
    return {
        "width": WIDTH,
        "dot": x(of.value),
        "low": x(of.low) if whole else None,
        "high": x(of.high) if whole else None,
        "target": x(of.threshold),
        "label": f"{gate.value}, interval {gate.interval}, wanted {gate.target}",
    }


# --- comparisons ------------------------------------------------------------------------------------------------------


def comparison_fragment(comparison: Comparison) -> str:
    pairings = []
    for pairing in comparison.candidates:
        units = words.units(pairing)
        pairings.append(
            {
                **_verdict(pairing),
                "sentence": one_line(words.sentence(pairing)),
                "warnings": [one_line(warning) for warning in words.warnings(pairing)],
                "rows": [
                    (WORDS[one.word], one_line(one.name), words.cells(one)[1:])
                    for one in pairing.metrics
                    if one.word != "same"
                ],
                "changes": [
                    (title.capitalize(), len(cases), _changed(cases, units))
                    for title, cases in words.cases(pairing)
                    if cases
                ],
            }
        )
    return _rendered(COMPARISON, pairings=pairings, headings=words.HEADINGS, legend=LEGEND)


def _verdict(pairing: Pairing) -> dict[str, str]:
    if pairing.worse:
        return {"verdict": "REGRESSION", "shade": "fail"}
    found = pairing.decisive
    return {"verdict": "NO REGRESSION" if found else "NOTHING TO JUDGE", "shade": "pass" if found else "unsure"}


def _changed(cases: CaseChanges, units: dict[tuple[str, str], str]) -> list[tuple[str, str, list[Any]]]:
    found = []
    for change in words.shown_cases(cases)[:MOST_CASES]:
        said: list[Any] = []
        for before, after in words.pairs(change)[: words.MOST_EXCHANGES]:
            one = after or before
            if one is not None:
                said += [(one_line(message.role), shown(message.content)) for message in one.messages]
                said += [(label, shown(text)) for label, text in words.answers(change, before, after)]
        name = one_line(shorten_end(f"{change.check}: {change.case}", 200))
        found.append((name, words.change_in_words(change, units.get((change.check, change.metric), "")), said))
    return found


# --- charts -----------------------------------------------------------------------------------------------------------


def chart_bundle(chart: Chart) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a notebook is given, and what it is told of it: the picture to be drawn; drawn already, for what draws none
    itself, such as exported pages and code hosts; and as a sentence with its table. No HTML: notebooks that can draw
    would prefer it to the picture."""
    spec = chart_spec(chart)
    table = "\n".join("  ".join(map(one_line, row)) for row in (chart.columns, *chart.rows[:MOST_ROWS]))
    left = len(chart.rows) - MOST_ROWS
    more = f"\n{formatting.count(left, 'more row')}" if left > 0 else ""
    bundle = {VEGA_LITE: spec, "text/plain": f"{spec['description']}\n\n{table}{more}"}
    drawn = _drawn(spec)
    if not drawn:
        return bundle, {}
    width, height = (size // SHARPNESS for size in struct.unpack(">II", drawn[16:24]))
    return {**bundle, PNG: drawn}, {PNG: {"width": width, "height": height}}


def _drawn(spec: dict[str, Any]) -> bytes:
    """Nothing where the package that draws is not installed. It may fetch nothing."""
    try:
        from vl_convert import vegalite_to_png
    except ImportError:
        return b""
    return vegalite_to_png(spec, scale=SHARPNESS, allowed_base_urls=[])


def chart_spec(chart: Chart) -> dict[str, Any]:
    """With a width and colours of its own, on white: a notebook's dark side is not ours to know."""
    from evalkit.report.charts import coloured

    width = min(CHART_WIDTH, chart.widest or CHART_WIDTH)
    around = {"$schema": VEGA_LITE_SCHEMA, "background": "#ffffff", "description": one_line(chart.says)}
    size = {"width": width, "autosize": {"type": "fit-x", "contains": "padding"}}
    title = {"text": wrap(one_line(chart.title), CHART_WIDTH // 8), "anchor": "start", "offset": 10}
    config = {"axis": {"labelLimit": CHART_WIDTH // 2}, "view": {"stroke": None}}
    return {"config": config, **coloured(chart.spec), **around, **size, "title": title}
