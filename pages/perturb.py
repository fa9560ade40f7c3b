"""What is done to the picture before the network sees it, and where that changes the prediction."""

from __future__ import annotations

from typing import Any

import dash
import dash_bootstrap_components as dbc
import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, html
from dash.exceptions import PreventUpdate
from numpy.typing import NDArray

import cnn
from cnn.colours import difference_range
from cnn.figures import Cells
from dashboard import ids
from dashboard.runtime.pictures import perturbed_in_words
from dashboard.runtime.runtime import Look, current
from dashboard.screens.values import Asked, register_values
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.perturbing import NAMES, PLACE, SWEPT
from dashboard.shell.tabs import is_open
from dashboard.state.view import View, parse

OVER = "perturb-over"
CURVE = "perturb-curve"
BEFORE = "perturb-before"
AFTER = "perturb-after"
CHANGE = "perturb-change"
ADVERSARIAL = "perturb-adversarial"
_PICTURES = {
    BEFORE: "The picture",
    AFTER: "As the network sees it",
    CHANGE: "What changed",
    ADVERSARIAL: "The adversarial part of it",
}
_CURVE_SIZE = {"height": "clamp(17rem, 44cqw, 26rem)"}


def layout(**_query: Any) -> html.Div:
    """Return the page; a script brings the sliders here from the panel, and the steps of an upload."""
    choice = html.Div(
        [
            dbc.Label("Curve over", html_for=OVER, className="mb-0 text-body-secondary"),
            dbc.Select(
                id=OVER,
                size="sm",
                className="w-auto",
                options=[{"label": NAMES[name], "value": name} for name in SWEPT],
            ),
        ],
        className="controls",
    )
    return html.Div(
        [
            components.heading(
                "Perturb",
                "Change the picture by degrees, and see where along each slider the network changes "
                "its mind.",
            ),
            html.Div(
                [
                    html.Div(id=PLACE, className="perturb-place"),
                    html.Div(
                        [
                            choice,
                            components.figure(
                                CURVE, "Prediction along the slider", caption=f"{CURVE}-caption"
                            ),
                        ]
                    ),
                ],
                className="perturb-row",
            ),
            html.Div(
                [
                    html.Div(
                        components.figure(figure, name, caption=f"{figure}-caption"),
                        id=f"{figure}-box",
                    )
                    for figure, name in _PICTURES.items()
                ],
                className="perturb-pictures",
            ),
            html.Section(id="upload-way", **components.aria(label="How the upload was prepared")),
        ],
        id="perturb-body",
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/perturb", name="Perturb", title="Perturb – CNN Visualizer",
        layout=layout, order=6, in_header=True,
    )  # fmt: skip
    app.callback(
        *[
            output
            for figure in (CURVE, *_PICTURES)
            for output in (
                Output(figure, "figure"),
                Output(figure, "style"),
                Output(f"{figure}-caption", "children"),
            )
        ],
        Output(f"{ADVERSARIAL}-box", "hidden"),
        Input(ids.VIEW, "data"),
        Input(ids.LAYERS, "data"),
        State(ids.LOCATION, "pathname"),
    )(paint)
    register_values(app.server, "perturb", values)
    tie(app, OVER, choose="chooseOver", chosen="chosenOver")
    app.clientside_callback(
        ClientsideFunction("cnn", "takePerturbation"),
        Output(PLACE, "data-taken"),
        Input(PLACE, "id"),
    )


def paint(
    stored: dict[str, Any] | None, layers: dict[str, Any] | None, pathname: str | None
) -> tuple[Any, ...]:
    """Return the curve, the picture before and after, and what lies between."""
    if not stored or not layers or not is_open(pathname, "perturb"):
        raise PreventUpdate
    view, _ = parse(stored)
    if layers["model"] != view.model:
        raise PreventUpdate
    try:
        look = current().look(view)
        shown = [_curve(view, look), *_pictures(view, look)]
    except cnn.CnnError as error:
        raise PreventUpdate from error
    return *[part for one in shown for part in one], not view.epsilon


def values(asked: Asked) -> dict[str, Any]:
    """Return what is painted while a pen or a slider moves: the pictures; the curve waits for rest."""
    look = current().look(asked.view)
    parts = _parts(asked.view, look)
    return {
        "figures": [asked.cells(figure, _cells(figure, part)) for figure, part in parts.items()],
        "texts": {f"{figure}-caption": _told(figure, asked.view, look) for figure in parts},
    }


def _curve(view: View, look: Look) -> tuple[Any, dict[str, str], str]:
    """Return the prediction along the range of the slider of the view."""
    model, prediction = current().model(view), look.passed.prediction
    names, head = prediction.class_names, prediction.head
    if not (head.has_classes or head.form == "scores"):
        return components.EMPTY_FIGURE, {}, f"No curve is drawn: the model gives {head.told}."
    if view.over == "epsilon" and not head.has_classes:
        return (
            components.EMPTY_FIGURE,
            {},
            "No curve is drawn: there is no class to move away from.",
        )
    if view.over == "epsilon":
        along, images = cnn.fgsm_sweep(model, look.plain, target=view.target)
    else:
        along, images = cnn.sweep(current().fitted(view), view.perturbation, view.over)
    shares = cnn.batch_probabilities(model, images)
    swept = SWEPT[view.over]
    figure = cnn.figures.sweep(
        along,
        shares,
        names,
        current=getattr(view, view.over),
        unit=swept.unit,
        title=f"Prediction over {swept.words}",
        written=cnn.captions.percent if head.has_classes else cnn.captions.number,
    )
    caption = cnn.captions.Caption(f"Each score over the {swept.words}.")
    if head.has_classes:
        caption = cnn.captions.sweep(along, shares, names, swept)
    return figure, _CURVE_SIZE, components.caption(caption)


def _pictures(view: View, look: Look) -> list[tuple[Any, dict[str, str], str]]:
    parts = _parts(view, look)
    shown: list[tuple[Any, dict[str, str], str]] = []
    for figure, name in _PICTURES.items():
        if figure not in parts:
            shown.append((components.EMPTY_FIGURE, {}, ""))
            continue
        part = parts[figure]
        size = cnn.figures.heatmap_size(cnn.figures.Mosaic.of(part.shape).shape)
        shown.append((_figure(figure, name, part), size, _told(figure, view, look)))
    return shown


def _parts(view: View, look: Look) -> dict[str, NDArray[np.float32]]:
    """Return what each figure shows, float32 (height, width, channels), as shares of full brightness."""
    before, plain, after = (
        pixels.astype(np.float32) / np.float32(255)
        for pixels in (current().fitted(view), look.plain, look.seen)
    )
    parts = {BEFORE: before, AFTER: after, CHANGE: after - before}
    return {**parts, ADVERSARIAL: after - plain} if view.epsilon else parts


def _limits(figure: str, part: NDArray[np.float32]) -> tuple[float, float]:
    """Return the range of colours: 0 to 1 of a picture, symmetric about 0 of a difference."""
    if figure in (BEFORE, AFTER):
        return 0.0, 1.0
    colours = difference_range(part)
    return colours.low, colours.high


def _cells(figure: str, part: NDArray[np.float32]) -> Cells:
    return cnn.figures.cells(part, limits=_limits(figure, part))


def _figure(figure: str, name: str, part: NDArray[np.float32]) -> Any:
    is_grey = part.shape[-1] == 1
    return cnn.figures.feature_maps(
        part,
        title=name if is_grey else f"{name}, a tile per colour",
        limits=_limits(figure, part),
        tile_name="" if is_grey else "colour",
        label="brightness" if figure in (BEFORE, AFTER) else "change of brightness",
    )


def _told(figure: str, view: View, look: Look) -> str:
    if figure == BEFORE:
        return "The picture in the size that the network takes, before anything is done to it."
    if figure == AFTER:
        return f"The network {cnn.captions.verdict(look.passed.prediction)}."
    if figure == CHANGE:
        done = perturbed_in_words(view)
        return (
            f"Red is brighter, blue is darker than before: {done}."
            if done
            else "Nothing is done yet: move a slider."
        )
    return _adversarial(view, look)


def _adversarial(view: View, look: Look) -> str:
    way = "away from the class predicted before"
    if view.target is not None:
        way = f"towards class {look.passed.prediction.class_names[view.target]}"
    return f"Each pixel moved by at most {view.epsilon:g} of its range, {way}."
