"""What surrounds every page: the header, the input panel with the prediction, and the live state."""

from __future__ import annotations

import base64
import io
import logging
from dataclasses import replace
from typing import Any

import dash
import dash_bootstrap_components as dbc
import numpy as np
from dash import (
    ClientsideFunction,
    Dash,
    Input,
    Output,
    State,
    dcc,
    html,
    no_update,
    set_props,
)
from dash.exceptions import PreventUpdate
from PIL import Image

import cnn
from cnn import datasets
from dashboard import ids
from dashboard.components import aria, link
from dashboard.runtime import Runtime, current
from dashboard.view import View, parse

_PULSE_MILLISECONDS = 400
_PULSE_WHILE_BUSY = 3000
_MOST_BARS = 20
_WAY_OUT = html.A("Show this server's own picture and model.", href="?", className="alert-link")
_SPLITS = {
    "mnist/test": "MNIST, 10,000 test digits",
    "mnist/train": "MNIST, 60,000 training digits",
    "fashion_mnist/test": "Fashion-MNIST, 10,000 test pictures",
    "digits/all": "Embedded digits, 1,797",
}


def layout(runtime: Runtime) -> html.Div:
    """Return the tree around the page container."""
    return html.Div(
        [
            dcc.Store(id=ids.DEFAULTS, data=runtime.default_view().to_query()),
            dcc.Store(id=ids.VIEW),
            dcc.Store(id=ids.READY, data="starting"),
            dcc.Store(id=ids.LAYERS),
            dcc.Store(id=ids.PREDICTION),
            dcc.Interval(id=ids.PULSE, interval=_PULSE_MILLISECONDS),
            html.A("Skip to the page", href="#content", className="visually-hidden-focusable"),
            _header(),
            html.Div(
                [
                    _panel(runtime),
                    html.Main(
                        [
                            dbc.Alert(id=ids.NOTICE, is_open=False, color="warning"),
                            html.Div(dash.page_container, id=ids.CONTENT, className="waiting"),
                        ],
                        id="main",
                        tabIndex="-1",
                    ),
                ],
                className="columns",
            ),
        ]
    )


def _header() -> html.Header:
    pages = sorted(
        (page for page in dash.page_registry.values() if page.get("in_header")),
        key=lambda page: page["order"] or 0,
    )
    return html.Header(
        [
            link(
                "/",
                [html.Span("▣", className="brand-mark"), " CNN Visualizer"],
                className="brand",
            ),
            html.Nav(
                [link(page["relative_path"], page["name"], className="nav-link") for page in pages],
                className="nav pages",
                **aria(label="Pages"),
            ),
            html.Button(
                "◐",
                id=ids.THEME,
                type="button",
                className="btn btn-sm btn-outline-secondary theme",
                title="Light or dark",
                **aria(label="Light or dark"),
            ),
        ],
        className="top",
    )


def _panel(runtime: Runtime) -> html.Aside:
    return html.Aside(
        [
            html.H2("Input"),
            html.Div(
                [
                    html.Button(
                        str(label),
                        id=ids.digit(label),
                        type="button",
                        className="btn btn-outline-primary",
                        title=f"A random {label}",
                    )
                    for label in range(10)
                ],
                className="digits",
                role="group",
                **aria(label="Pick a class"),
            ),
            html.Div(
                [
                    html.Img(id=ids.PICTURE, className="sample", alt="No picture yet"),
                    html.P(id=ids.PICTURE_TEXT, className="sample-text"),
                ],
                className="sample-row",
            ),
            html.Div(
                [
                    html.Button(
                        "Another",
                        id=ids.ANOTHER,
                        type="button",
                        className="btn btn-sm btn-primary",
                        title="Another random picture of the same class",
                    ),
                    dbc.Label("No.", html_for=ids.INDEX, className="small mb-0"),
                    dbc.Input(
                        id=ids.INDEX,
                        type="number",
                        min=0,
                        step=1,
                        size="sm",
                        debounce=True,
                        placeholder="number",
                    ),
                ],
                className="sample-choice",
            ),
            dbc.Label("Data", html_for=ids.DATA, className="small mb-0"),
            dbc.Select(id=ids.DATA, size="sm", options=_data_options(runtime)),
            html.H2("Prediction"),
            html.Div(id="prediction", className="prediction", **aria(live="polite")),
            html.Div(id="prediction-bars", className="bars"),
            html.H2(html.Label("Model", htmlFor=ids.MODEL)),
            dbc.Select(id=ids.MODEL, size="sm", options=model_options(runtime)),
            html.P(id=ids.STATUS, className="small status", **aria(live="polite")),
        ],
        className="panel",
        **aria(label="Input and prediction"),
    )


def _data_options(runtime: Runtime) -> list[dict[str, str]]:
    path = runtime.settings.data_path
    found = {name for name in datasets.KERAS_DATASETS if datasets.find(name, path)}
    names = {datasets.DIGITS, *found}
    return [
        {"label": label, "value": value}
        for value, label in _SPLITS.items()
        if value.split("/")[0] in names
    ]


def model_options(runtime: Runtime) -> list[dict[str, str]]:
    """Return the models that can be chosen."""
    return [{"label": entry.name, "value": entry.key} for entry in runtime.catalogue.entries()]


def register(app: Dash) -> None:
    """Register the callbacks of the shell."""
    app.clientside_callback(
        ClientsideFunction("cnn", "read"),
        Output(ids.VIEW, "data"),
        Input(ids.LOCATION, "search"),
        State(ids.DEFAULTS, "data"),
        State(ids.VIEW, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "write"),
        Input(ids.VIEW, "data"),
        Input(ids.LOCATION, "pathname"),
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "markCurrent"), Input(ids.LOCATION, "pathname")
    )
    app.callback(
        Output(ids.READY, "data"),
        Output(ids.STATUS, "children"),
        Output(ids.PULSE, "interval"),
        Output(ids.PULSE, "disabled"),
        Output(ids.MODEL, "options"),
        Output(ids.DATA, "options"),
        Input(ids.PULSE, "n_intervals"),
        State(ids.READY, "data"),
        State(ids.VIEW, "data"),
        State(ids.STATUS, "children"),
    )(pulse)
    app.clientside_callback(
        ClientsideFunction("cnn", "pick"),
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(ids.ANY_DIGIT, "n_clicks"),
        Input(ids.ANOTHER, "n_clicks"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "paintPrediction"), Input(ids.PREDICTION, "data")
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "choose"),
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(ids.INDEX, "value"),
        Input(ids.DATA, "value"),
        Input(ids.MODEL, "value"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "chosen"),
        Output(ids.INDEX, "value"),
        Output(ids.DATA, "value"),
        Output(ids.MODEL, "value"),
        Input(ids.VIEW, "data"),
        State(ids.INDEX, "value"),
        State(ids.DATA, "value"),
        State(ids.MODEL, "value"),
    )
    app.callback(
        Output(ids.PICTURE, "src"),
        Output(ids.PICTURE, "alt"),
        Output(ids.PICTURE_TEXT, "children"),
        Output(ids.PREDICTION, "data"),
        Output(ids.NOTICE, "children"),
        Output(ids.NOTICE, "is_open"),
        Output(ids.CONTENT, "className"),
        Input(ids.VIEW, "data"),
        Input(ids.READY, "data"),
        State(ids.LAYERS, "data"),
        State(ids.CONTENT, "className"),
        State(ids.NOTICE, "is_open"),
    )(show)
    app.callback(
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(ids.READY, "data"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )(replace_refused_model)


def pulse(
    _: int | None, known: str, stored: dict[str, Any] | None, told_before: list[Any] | None
) -> tuple[Any, ...]:
    """Say whether TensorFlow is ready and what is going on; slow down or stop when all is quiet."""
    runtime = current()
    runtime.start()
    is_ready = runtime.ready == "ready"
    told = _status(runtime)
    if is_ready and told_before and stored:
        _use_newly_trained(runtime, stored)
    return (
        runtime.ready if runtime.ready != known else no_update,
        told,
        _PULSE_WHILE_BUSY if is_ready else _PULSE_MILLISECONDS,
        is_ready and not told,
        model_options(runtime) if is_ready else no_update,
        _data_options(runtime) if is_ready else no_update,
    )


def _use_newly_trained(runtime: Runtime, stored: dict[str, Any]) -> None:
    """Show the operator's model where the bundled one stood in for it until now."""
    own, default = runtime.settings.model_path, runtime.catalogue.default()
    stands_in = stored["model"] == runtime.catalogue.bundled().key
    if own == default.path and stands_in and default.run is not None:
        set_props(ids.VIEW, {"data": {**stored, "model": default.key}})


def _status(runtime: Runtime) -> list[Any]:
    """Return what is going on in the background, in words."""
    told: list[Any] = []
    if runtime.ready == "starting":
        told.append("TensorFlow is starting; the figures fill by themselves. ")
    if runtime.problem:
        told.append(f"{runtime.problem} ")
    own = runtime.settings.model_path
    if own is not None and not own.exists() and runtime.training_of(own) is not None:
        told += [f"{own.name} is being trained: ", link("/training", "watch it"), ". "]
    return [*told, *_download_status(runtime)]


def _download_status(runtime: Runtime) -> list[str]:
    download = runtime.settings.jobs.download() if runtime.settings.download else None
    if download is None or datasets.find(datasets.MNIST, runtime.settings.data_path):
        return []
    if download.state == "failed":
        return [f"The embedded digits are used: {download.message}"]
    share = datasets.fetched_share()
    return [f"MNIST is being downloaded ({share:.0%}); until then the embedded digits are used."]


def on_error(error: Exception) -> None:
    """Tell the reader that a callback failed; the log has the details."""
    logging.getLogger(__name__).error("A callback failed.", exc_info=error)
    told = (
        f"This view could not be computed ({type(error).__name__}); the server's log has the "
        "details. Choose another layer or picture, or reload the page."
    )
    set_props(ids.NOTICE, {"children": told, "is_open": True})


def replace_refused_model(_ready: str, stored: dict[str, Any] | None) -> dict[str, str]:
    """Return the view with the bundled model, where the operator's proved unusable at the start."""
    view, _ = parse(stored or {})
    catalogue = current().catalogue
    if not catalogue.is_refused(view.model):
        raise PreventUpdate
    return replace(view, model=catalogue.default().key).to_query()


def show(
    stored: dict[str, Any] | None,
    _ready: str,
    known: dict[str, Any] | None,
    condition: str,
    is_noticed: bool,
) -> tuple[Any, ...]:
    """Return the picture, what the model says of it, and whatever is wrong with the link.

    The layers are set where the model is another, not returned: pages that wait for them would
    wait for this answer at every change of the picture. What stays as it is, the page's condition
    and an empty notice, is not sent again: Dash would look at the whole page for it.
    """
    if not stored:
        raise PreventUpdate
    runtime = current()
    view, problems = parse(stored)
    try:
        sample, data = runtime.sample(view), runtime.dataset(view)
        told: tuple[Any, ...] = (
            _data_uri(sample.pixels),
            f"{sample.class_name}: {data.name} {data.split}, picture number {sample.index}",
            f"Label {sample.class_name}\n{_origin(data, sample)}",
        )
        runtime.entry(view)
        prediction = runtime.forward(view).prediction if runtime.ready == "ready" else None
    except cnn.CnnError as error:
        empty = (_data_uri(np.zeros((1, 1, 1), np.uint8)), "No picture", "No picture")
        wrong = [" ".join([str(error), *problems]), " ", _WAY_OUT]
        return (*empty, None, wrong, True, "unavailable")
    if prediction and (known is None or known["model"] != view.model):
        set_props(ids.LAYERS, {"data": layers(view)})
    said = _said(prediction, sample) if prediction else None
    now = "" if prediction else "waiting"
    return (
        *told,
        said,
        " ".join(problems) if problems or is_noticed else no_update,
        bool(problems) if problems or is_noticed else no_update,
        now if now != condition else no_update,
    )


def layers(view: View) -> dict[str, Any]:
    """Return the names of the layers of the view's model, as pages need them for tabs and links."""
    infos = cnn.layer_infos(current().model(view))
    return {
        "model": view.model,
        "names": [info.name for info in infos],
        "opening": next((i.name for i in infos if i.has_maps and i.weight_shapes), ""),
        "weighted": [info.name for info in infos if info.weight_shapes and not info.nested],
    }


def _origin(data: cnn.Dataset, sample: cnn.Sample) -> str:
    if data.name == datasets.DIGITS:
        return f"embedded digit {sample.index} of {len(data):,}"
    return f"{data.name} {data.split}, number {sample.index} of {len(data):,}"


def _said(prediction: cnn.Prediction, sample: cnn.Sample) -> dict[str, Any]:
    """Return the prediction as the browser paints it: the winner, a mark, and a bar per class."""
    (name, probability), *_ = prediction.top(1)
    comparable = sample.class_name in prediction.class_names
    is_right = name == sample.class_name
    mark = "✓ right" if is_right else f"✗ wrong, it is {sample.class_name}"
    shown = list(zip(prediction.class_names, prediction.probabilities.tolist(), strict=True))
    if len(shown) > _MOST_BARS:
        shown = prediction.top(_MOST_BARS)
    return {
        "name": name,
        "probability": cnn.captions.percent(probability),
        "right": is_right if comparable else None,
        "mark": mark if comparable else "",
        "bars": [[label, share, cnn.captions.percent(share)] for label, share in shown],
    }


def _data_uri(pixels: np.ndarray[Any, Any]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
