"""A result in a notebook cell: the outcome and the gates, as plain markup that takes the notebook's own style."""

from __future__ import annotations

from evalkit.report import view
from evalkit.results import Result

MARKS = {"pass": "✓", "fail": "✗", "unsure": "~"}
TEMPLATE = """\
<div class="evalkit-result">
<p><strong>{{ result.outcome.word | upper }}</strong> &mdash; {{ sentence }}</p>
<table>
<thead><tr><th></th><th>gate</th><th>value</th><th>95% interval</th><th>reason</th></tr></thead>
<tbody>
{%- for gate in gates %}
<tr><td>{{ marks[gate.shade] }}</td><td><code>{{ gate.gate }}</code></td><td>{{ gate.value }}</td>
<td>{{ gate.interval }}</td><td>{{ gate.reason }}</td></tr>
{%- endfor %}
</tbody>
</table>
</div>"""


def fragment(result: Result) -> str:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined)
    gates = [gate for gate in view.gates(result) if not gate.automatic or gate.counts_as != "pass"]
    return environment.from_string(TEMPLATE).render(
        result=result, sentence=view.sentence(result), gates=gates, marks=MARKS
    )
