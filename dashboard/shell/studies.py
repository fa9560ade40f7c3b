"""What takes many pictures to tell, on demand: a button, how far it is, and what it came to.

A page puts `study(...)` into its layout and calls `register_study` once; the browser does the rest
(`assets/80-pages/studies.js`), with the routes of `dashboard.routes.studies`. Which layer is ranked the
page says as `data-layer` of the `place`, a property of its screen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from dash import ClientsideFunction, Dash, Input, Output, html
from plotly.io.json import to_json_plotly

from cnn import captions
from cnn.attribution.methods import METHODS
from cnn.captions import attribution, synthesis, trust
from cnn.captions import diagnosis as words
from cnn.figures import trust as figures_of_trust
from cnn.figures.synthesis import climbs
from cnn.inspection.diagnosis import Diagnosis
from cnn.inspection.diagnosis.findings import Finding, Shown
from cnn.inspection.top_pictures import TopPictures
from cnn.studies import Evaluation, Kind, Maps, Raised, Ranking, Trust, Turned
from cnn.studies.answers import Answer
from cnn.words import number, percent
from dashboard import ids
from dashboard.shell import components, top_pictures
from dashboard.shell.panel import data_uri
from dashboard.state.view import View

TRIAL, CASCADE = "trust-{way}-{fill}", "trust-cascade"
CLIMBS = "synthesis-climbs"
_PAGES: dict[Shown, str] = {"maps": "activations", "weights": "filters", "arithmetic": "why"}


def study(
    kind: Kind,
    title: str,
    button_text: str,
    figures: Sequence[Any] = (),
    *,
    shown: str = "table",
) -> html.Section:
    """Return the place of a study under its title.

    In the text of the button `{layer}` stands for the layer that the page shows. The `figures` are those
    that the answer is drawn in, and `shown` is what else it is shown as.
    """
    heading = f"{place(kind)}-title"
    return html.Section(
        [
            html.H2(title, id=heading),
            html.Div(
                [
                    html.Button(
                        button_text.replace("{layer}", "the layer"),
                        type="button",
                        className="btn btn-sm btn-outline-primary study-start",
                        disabled=True,
                    ),
                    html.Progress(
                        className="study-bar", max="1", value="0", hidden=True,
                        **components.aria(label=f"Progress: {title}"),
                    ),
                    html.Span(className="study-progress"),
                    html.Button(
                        "Cancel",
                        type="button",
                        className="btn btn-sm btn-outline-secondary study-cancel",
                        hidden=True,
                    ),
                ],
                className="controls study-controls",
            ),
            html.P(className="study-said", **components.aria(live="polite")),
            html.Div(className="study-pictures"),
            components.table_box(f"{place(kind)}-table", f"{title}: {shown}", kind="study-table"),
            *([html.Div(list(figures), className="study-figures", hidden=True)] if figures else []),
        ],
        id=place(kind),
        className="study",
        **components.aria(labelledby=heading),
        **components.data(kind=kind, text=button_text),
    )  # fmt: skip


def place(kind: Kind) -> str:
    """Return the id of the place of a study."""
    return f"study-{kind}"


def register_study(app: Dash, kind: Kind) -> None:
    """Let the place of a study follow the view, and find again what was begun."""
    app.clientside_callback(
        ClientsideFunction("cnn", "followStudy"),
        # Without an output Dash would look for the place on every page.
        Output(place(kind), "data-asked"),
        Input(place(kind), "id"),
        Input(place(kind), "data-layer"),
        Input(ids.VIEW, "data"),
    )


def page_showing(found: Finding) -> str:
    """Return the page on which what was found in a layer is seen."""
    return _PAGES[found.shown]


def told(answer: Answer, view: View) -> dict[str, Any]:
    """Return what a study came to as the browser shows it: a sentence and a table, or pictures.

    The table is a `head` of columns and `rows` of a name and cells; a row that stands for a channel
    has its number, and one that stands for a layer the `page` that shows it. What is shown by the page
    itself has neither. Differences of
    accuracies are in percentage points.
    """
    if isinstance(answer, Diagnosis):
        over = words.selection(answer.selection)
        return {"said": f"{words.diagnosis(answer)} {over}", **_diagnosis(answer)}
    if isinstance(answer, TopPictures):
        return top_pictures.told(answer, view)
    if isinstance(answer, Trust):
        return {"said": trust.NEVER_ADDED, **_trust(answer)}
    if isinstance(answer, Maps):
        return {"said": attribution.found_by_worker(answer), **_maps(answer)}
    if isinstance(answer, Turned):
        return {"said": "The change is on the page.", "isPage": True}
    if isinstance(answer, Raised):
        return {"said": components.caption(synthesis.synthesis(answer)), **_raised(answer)}
    if isinstance(answer, Evaluation):
        return {"said": components.caption(captions.evaluation(answer)), **_evaluation(answer)}
    return {"said": components.caption(captions.ranking(answer)), **_ranking(answer)}


def _diagnosis(answer: Diagnosis) -> dict[str, Any]:
    return {
        "head": ["layer", "severity", "what was found"],
        "rows": [
            {
                "name": found.layer,
                "page": page_showing(found),
                "cells": [found.severity, words.finding(found)],
            }
            for found in answer.findings
        ],
    }


def _trust(answer: Trust) -> dict[str, Any]:
    measures = [
        ("deletion and insertion", answer.curves.mark, trust.curves(answer.curves)),
        ("weights drawn anew", answer.cascade.mark, trust.cascade(answer.cascade)),
        ("stability", answer.stability.mark, trust.stability(answer.stability)),
    ]
    if answer.law:
        law = answer.law
        measures.insert(0, (law.name, law.mark, captions.Caption(attribution.kept_law(law))))
    if answer.linearity:
        measures.append(("linearity", answer.linearity.mark, trust.linearity(answer.linearity)))
    drawn = {TRIAL.format(way=one.way, fill=one.fill): one for one in answer.curves.trials}
    figures = {
        identity: _figure(figures_of_trust.trial(answer.curves, one), trust.trial(one))
        for identity, one in drawn.items()
    }
    figures[CASCADE] = _figure(figures_of_trust.cascade(answer.cascade), trust.NECESSARY)
    return {
        "figures": figures,
        "head": ["measure", "mark", "what it means for this map"],
        "rows": [
            {"name": name, "cells": [trust.MARKS[mark], components.caption(caption)]}
            for name, mark, caption in measures
        ],
    }


def _raised(answer: Raised) -> dict[str, Any]:
    """Return the pictures, the way up to each, and the same numbers as a table."""
    seeds = [answer.settings["seed"] + place for place in range(len(answer.paths))]
    ends = [(path[0], max(path)) for path in answer.paths]
    return {
        "made": [
            {
                "src": data_uri(pixels),
                "words": f"seed {seed}: {number(before)} → {number(after)}",
            }
            for seed, pixels, (before, after) in zip(seeds, answer.found, ends, strict=True)
        ],
        "figures": {CLIMBS: _figure(climbs(answer), "")},
        "head": ["seed", "value of the noise", "of the picture", "found at step"],
        "rows": [
            {
                "name": str(seed),
                "cells": [number(before), number(after), str(path.index(after))],
            }
            for seed, path, (before, after) in zip(seeds, answer.paths, ends, strict=True)
        ],
    }


def _maps(answer: Maps) -> dict[str, Any]:
    return {
        "head": ["method", "what its map comes to"],
        "rows": [
            {"name": METHODS[one.method].name, "cells": [attribution.kept(one)]}
            for one in answer.maps
        ],
    }


def _figure(figure: go.Figure, caption: str) -> dict[str, Any]:
    return {"figure": json.loads(to_json_plotly(figure)), "caption": caption}


def _evaluation(answer: Evaluation) -> dict[str, Any]:
    all_of_them = (answer.pictures, answer.before.accuracy, answer.after.accuracy)
    classes = zip(answer.counts, answer.before.classes, answer.after.classes, strict=True)
    rows = zip(["all", *answer.names], [all_of_them, *classes], strict=True)
    return {
        "head": ["class", "pictures", "accuracy before", "after", "points"],
        "rows": [
            {"name": name, "cells": [f"{count:,}", *_accuracies(before, after)]}
            for name, (count, before, after) in rows
        ],
    }


def _accuracies(before: float | None, after: float | None) -> list[str]:
    if before is None or after is None:
        return ["–", "–", "–"]
    return [percent(before, 2), percent(after, 2), _points(after - before)]


def _ranking(answer: Ranking) -> dict[str, Any]:
    return {
        "head": ["channel", "loss rises by", "loss without", "accuracy without", "points"],
        "rows": [
            {
                "name": str(one.channel),
                "channel": one.channel,
                "cells": [
                    number(one.cost), number(one.loss), percent(one.accuracy, 2),
                    _points(one.accuracy - answer.accuracy),
                ],
            }
            for one in answer.channels
        ],
    }  # fmt: skip


def _points(difference: float) -> str:
    """Return a difference of two shares in percentage points, with its sign."""
    text = f"{100 * difference:+.2f}".replace("-", "−")
    return "0" if text[1:] == "0.00" else text
