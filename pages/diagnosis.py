"""What is wrong with the network, or may be: each finding with its numbers and what shows it."""

from __future__ import annotations

from typing import Any

import dash
from dash import Dash, html

import cnn
from cnn.captions import diagnosis as words
from cnn.inspection.diagnosis.findings import Checked, Finding, Severity
from cnn.inspection.diagnosis.selection import selection_of
from cnn.studies import DIAGNOSE
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components, studies
from dashboard.state.view import OF_NETWORK

PAGE = "diagnosis"
SUMMARY, SAMPLE = "diagnosis-summary", "diagnosis-sample"
LARGE, HERE = "diagnosis-large", "diagnosis-here"
FINDINGS, CHECKS = "diagnosis-findings", "diagnosis-checks"
_SIGNS: dict[Severity, str] = {"fault": "✖", "warning": "▲", "note": "●"}
_MOST_LINKS = 12


def layout(**_query: Any) -> html.Div:
    """Return the page without its findings: they depend on the model and the data."""
    waiting = html.Li("Looking at the network and at a sample of the pictures …")
    return html.Div(
        [
            components.heading(
                "Diagnosis",
                "What is wrong with the network, or may be: found in its weights, and in what it makes "
                "of a sample of the data set.",
            ),
            *stores(PAGE),
            html.P(id=SUMMARY, className="diagnosis-summary", **components.aria(live="polite")),
            html.P(id=SAMPLE, className="text-body-secondary"),
            html.Div(
                studies.study(DIAGNOSE, "What a worker finds", "Look through the network"),
                id=LARGE,
                hidden=True,
            ),
            html.Div(
                [
                    html.H2("What was found"),
                    html.Ul([waiting], id=FINDINGS, className="findings"),
                    html.H2("What was looked for"),
                    html.Dl(id=CHECKS, className="checks"),
                ],
                id=HERE,
            ),
        ]
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/diagnosis", name="Diagnosis", title="Diagnosis – CNN Visualizer",
        layout=layout, order=3.5, in_header=True,
    )  # fmt: skip
    register_screen(
        app, PAGE, show, figures=(), waits=True,
        of=(*OF_NETWORK, "range", "colours", "given", "also", "data", "split"),
    )  # fmt: skip
    studies.register_study(app, DIAGNOSE)


def show(request: Request) -> Screen:
    """Return the findings, the gravest first, over which pictures, and every check by its name.

    A network that is too large to be looked through at once is left to a worker.
    """
    if selection_of(request.model, request.runtime.dataset(request.view)).is_short:
        cost = cnn.totals(request.model).multiply_adds
        texts = {SUMMARY: words.left_to_a_worker(cost), SAMPLE: ""}
        return Screen({}, texts=texts, hidden={LARGE: False, HERE: True})
    made = request.runtime.diagnosis(request.view)
    return Screen(
        {},
        texts={SUMMARY: words.diagnosis(made), SAMPLE: words.selection(made.selection)},
        hidden={LARGE: True, HERE: False},
        properties={
            FINDINGS: {"children": [_finding(found) for found in made.findings]},
            CHECKS: {"children": [part for one in made.checked for part in _check(one)]},
        },
    )


def _finding(found: Finding) -> html.Li:
    sign = html.Span(_SIGNS[found.severity], **components.aria(hidden="true"))
    return html.Li(
        [
            html.H3(
                [
                    html.Span([sign, f" {found.severity}"], className="severity"),
                    html.Span(components.layer_name(found.layer), title=found.layer),
                ]
            ),
            html.P(words.finding(found)),
            html.P(components.facts(words.numbers(found)), className="numbers"),
            html.P(_links(found)),
        ],
        className=f"finding {found.severity}",
    )


def _links(found: Finding) -> list[Any]:
    """Return the links to what shows the finding: the layer's page, for each of its channels."""
    page = studies.page_showing(found)
    path = components.layer_path(page, found.layer)
    name = page.capitalize()
    if not found.channels:
        return [components.link(path, f"See it on {name}")]
    each = words.each_of(found)
    few, rest = found.channels[:_MOST_LINKS], len(found.channels) - _MOST_LINKS
    links: list[Any] = [f"See on {name} "]
    for channel in few:
        links += [components.look_link(path, f"{each}\u00a0{channel}", channel=channel), " "]
    return [*links, f"and {rest:,} more"] if rest > 0 else links


def _check(checked: Checked) -> list[Any]:
    outcome, reason = words.outcome(checked)
    came = html.Strong(f"{outcome[0].upper()}{outcome[1:]}")
    why = f": {reason}." if reason else "."
    return [
        html.Dt(words.check_name(checked.name)),
        html.Dd([came, f"{why} Looked for: {words.looks_for(checked.name)}."]),
    ]
