"""What is done to the picture before the network sees it: sliders, and what follows along each."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
from dash import Dash, Input, Output, dcc, html
from dash.exceptions import PreventUpdate

import cnn
from cnn.adversarial import EPSILON
from cnn.colours import difference_range
from cnn.perturbations import MOST_SEED, RANGES
from dashboard import components, ids
from dashboard.runtime import Look, current
from dashboard.view import View, parse

_NAMES = {
    "rotate": "Rotation",
    "x": "Shift right",
    "y": "Shift down",
    "zoom": "Zoom",
    "noise": "Noise",
    "blur": "Blur",
    "contrast": "Contrast",
    "epsilon": "Adversarial ε",
}
_SWEPT = {**RANGES, "epsilon": EPSILON}


def layout() -> html.Details:
    """Return the section, closed; its sliders are built in the browser from the ranges."""
    sliders = [{"key": key, "name": _NAMES[key], **asdict(swept)} for key, swept in _SWEPT.items()]
    told = {"sliders": sliders, "mostSeed": MOST_SEED}
    return html.Details(
        [
            html.Summary("Perturb"),
            html.Div(id="perturb-controls", **components.data(sliders=json.dumps(told))),
            components.figure(
                ids.CURVE, "Prediction along the slider", caption=f"{ids.CURVE}-caption"
            ),
            html.Div(
                components.figure(
                    ids.DIFFERENCE, "Adversarial change", caption=f"{ids.DIFFERENCE}-caption"
                ),
                id=f"{ids.DIFFERENCE}-box",
                hidden=True,
            ),
            dcc.Store(id=ids.CURVE_KEY),
        ],
        id=ids.PERTURB,
    )


def register(app: Dash) -> None:
    """Register the callbacks of the section."""
    app.callback(
        Output(ids.CURVE, "figure"),
        Output(ids.CURVE, "style"),
        Output(f"{ids.CURVE}-caption", "children"),
        Output(ids.DIFFERENCE, "figure"),
        Output(ids.DIFFERENCE, "style"),
        Output(f"{ids.DIFFERENCE}-caption", "children"),
        Output(f"{ids.DIFFERENCE}-box", "hidden"),
        Input(ids.CURVE_KEY, "data"),
    )(curve)


def curve(key: dict[str, str] | None) -> tuple[Any, ...]:
    """Return the prediction along the range of the slider `over`, and the adversarial change."""
    runtime = current()
    if not key or runtime.ready != "ready" or key["over"] not in _SWEPT:
        raise PreventUpdate
    view, _ = parse({name: value for name, value in key.items() if name != "over"})
    try:
        look = runtime.look(view)
        figure, caption = _sweep(view, look, key["over"])
    except cnn.CnnError as error:
        raise PreventUpdate from error
    return figure, {"height": "190px"}, components.caption(caption), *_difference(view, look)


def _sweep(view: View, look: Look, over: str) -> tuple[Any, cnn.captions.Caption]:
    model, names = current().model(view), look.passed.prediction.class_names
    if over == "epsilon":
        values, images = cnn.fgsm_sweep(model, look.plain, target=view.target)
    else:
        values, images = cnn.sweep(current().fitted(view), view.perturbation, over)
    shares = cnn.batch_probabilities(model, images)
    swept = _SWEPT[over]
    figure = cnn.figures.sweep(
        values, shares, names, current=getattr(view, over), unit=swept.unit, title=_NAMES[over]
    )
    return figure, cnn.perturbations.sweep_caption(values, shares, names, swept)


def _difference(view: View, look: Look) -> tuple[Any, ...]:
    """Return the figure of the adversarial change, its style, its caption, whether it is hidden."""
    if not view.epsilon:
        return components.EMPTY_FIGURE, {}, "", True
    change = (look.seen.astype(np.float32) - look.plain) / np.float32(255)
    colours, is_grey = difference_range(change), change.shape[-1] == 1
    title = f"adversarial change, ε = {view.epsilon:g}"
    title += "" if is_grey else ", a tile per colour of the picture"
    figure = cnn.figures.feature_maps(
        change, title=title, limits=colours, tile_name="" if is_grey else "colour", label="change"
    )
    size = cnn.figures.heatmap_size(cnn.figures.Mosaic.of(change.shape).shape)
    prediction = look.passed.prediction
    way = "away from the class predicted before"
    if view.target is not None:
        way = f"towards class {prediction.class_names[view.target]}"
    (name, share), *_ = prediction.top(1)
    told = (
        f"Each pixel moved by at most {view.epsilon:g} of its range, {way}: a red cell became brighter, "
        f"a blue one darker. The network now says {name} ({cnn.captions.percent(share)})."
    )
    return figure, size, told, False
