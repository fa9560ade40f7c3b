"""The panel beside every page: the picture that is looked at, and what the model says of it."""

from __future__ import annotations

import base64
import io
from collections import Counter
from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, html, no_update, set_props
from dash.exceptions import PreventUpdate
from numpy.typing import NDArray
from PIL import Image

import cnn
from cnn.data.labelled import numbered
from cnn.images.decoding import FORMATS
from cnn.models.folding import folds
from cnn.models.heads import head_of
from dashboard import arguments, ids
from dashboard.access.people import Role
from dashboard.access.roles import person, takes_models
from dashboard.runtime import links
from dashboard.runtime.catalogue import OF_RUN
from dashboard.runtime.further import Fed
from dashboard.runtime.pictures import Picture, perturbed_in_words
from dashboard.runtime.runtime import Look, Runtime, current
from dashboard.shell import components, perturbing
from dashboard.shell.components import aria
from dashboard.shell.controls import tie
from dashboard.shell.numbers import number_field, register_number
from dashboard.shell.prediction import prediction_facts
from dashboard.shell.tabs import opening_layer
from dashboard.state.given import MOST_NUMBERS, decode_numbers
from dashboard.state.models import limit_in_words as limit_of_models
from dashboard.state.uploads import limit_in_words
from dashboard.state.view import OF_MODEL_ALONE, OF_PICTURE, View, parse

_CHOICES = "choices"
_COLOURS = 3
_RANGE = "pixel-range"
_SUMS = "sums"
_KINDS = ",".join(f"image/{name.lower()}" for name in FORMATS)
# No screen shows the picture of the panel with more pixels on a side.
_MOST_SIDE = 256
_WAY_OUT = html.A("Show this server's own picture and model.", href="?", className="alert-link")


def layout(runtime: Runtime) -> html.Aside:
    """Return the panel, empty: its picture and prediction follow from the view."""
    limits, has_digits, who = runtime.settings.limits, _has_digits(runtime), person()
    return html.Aside(
        [
            html.H2("Input"),
            html.Div(
                [
                    html.Button(
                        str(label),
                        type="button",
                        className="btn btn-outline-primary",
                        title=f"A random {label}",
                        tabIndex="-1" if label else "0",
                        **components.data(label=str(label)),
                    )
                    for label in range(10)
                ],
                className="digits",
                hidden=not has_digits,
                role="toolbar",
                **aria(label="Pick a class"),
            ),
            html.Div(id=ids.CLASS, className="class-choice", hidden=has_digits),
            html.Div(
                [
                    html.Img(
                        id=ids.PICTURE, src=_NOTHING, className="sample", alt="No picture yet"
                    ),
                    html.P(id=ids.PICTURE_TEXT, className="sample-text"),
                ],
                className="sample-row",
            ),
            html.Div(
                [
                    _button("Another", ids.ANOTHER, "Another random picture of the same class"),
                    _button("Draw", ids.DRAW, "Draw a picture of your own (d)"),
                    html.Span(
                        _button(
                            "Upload", ids.UPLOAD, "A picture file; you can also drop or paste one"
                        ),
                        hidden=not who.may(Role.TRAINER),
                    ),
                ],
                className="sample-actions",
            ),
            _button(
                "Choose a picture", ids.CHOOSE, "All pictures of the data set, a page at a time"
            ),
            html.Div(id="further-inputs", className="further-inputs"),
            html.Div(id="drawing", hidden=True),
            html.Div(
                id="uploading",
                hidden=True,
                **components.data(
                    most=str(limits.bytes), limit=limit_in_words(limits), kinds=_KINDS
                ),
            ),
            html.H2("Prediction"),
            html.Div(id="prediction", className="prediction", **aria(live="polite")),
            html.P(id="prediction-note", className="hint"),
            html.Div(id="prediction-broken", className="form-check small", hidden=True),
            html.Div(id="prediction-bars", className="bars"),
            html.Div(id="epochs", hidden=True),
            _choices(runtime),
            html.P(id=ids.STATUS, className="small status", **aria(live="polite")),
            html.P(id=ids.SILENCE, className="small status", **aria(live="polite")),
            html.P(who.told, id="who", className="small status", hidden=not who.told),
            perturbing.layout(),
        ],
        className="panel",
        **aria(label="Input and prediction"),
    )


def _choices(runtime: Runtime) -> html.Details:
    """Return the choice of picture, data and network; it is open where there is room."""
    return html.Details(
        [
            html.Summary("Choices"),
            html.Div(
                [
                    number_field(ids.INDEX, "No.", "index", waits=True),
                    dbc.Label("Data", html_for=ids.DATA, className="small mb-0"),
                    dbc.Select(id=ids.DATA, size="sm", options=data_options(runtime)),
                    dbc.Label("Model", html_for=ids.MODEL, className="small mb-0"),
                    dbc.Select(id=ids.MODEL, size="sm", options=model_options(runtime)),
                    html.Div(
                        [
                            dbc.Label("Output", html_for=ids.OUTPUT, className="small mb-0"),
                            dbc.Select(id=ids.OUTPUT, size="sm"),
                        ],
                        id=ids.OUTPUT_FIELD,
                        className="output-field",
                        hidden=True,
                    ),
                    *([_opening(runtime)] if takes_models(runtime.settings) else []),
                    *([_naming()] if _may_name(runtime) else []),
                ],
                className="sample-choice",
            ),
            *_about_own(runtime),
            _sums_choice(runtime),
            html.P(id="pixel-scale", className="hint"),
            html.Div(
                [_channel(name) for name in ("Red", "Green", "Blue")],
                id="pixel-colours",
                className="pixel-colours",
                hidden=True,
                **aria(label="Channels in colour"),
            ),
            _range_choice(runtime),
        ],
        id=_CHOICES,
    )


def _about_own(runtime: Runtime) -> list[html.P]:
    """Return what is not shown of the operator's own pictures; a script shows it beside these alone."""
    own = runtime.sets.own
    if not own or not own.notes:
        return []
    of = components.data(of=runtime.sets.own_name)
    return [html.P(" ".join(own.notes), id="data-notes", className="hint", hidden=True, **of)]


def _range_choice(runtime: Runtime) -> html.Div:
    """Return where the range of pixels is chosen, which is shown for models that do not say it."""
    return html.Div(
        [
            html.Label("Pixels", htmlFor=_RANGE, className="small mb-0"),
            html.Div(id=f"{_RANGE}-place"),
            html.Div(
                [_standard("mean", "Mean"), _standard("deviation", "Deviation")],
                id=f"{_RANGE}-standard",
                className="pixel-standard",
                hidden=True,
            ),
            _button(
                "Which suits?", f"{_RANGE}-compare", "Try each range with pictures of the data"
            ),
            *_keeping(
                runtime,
                _RANGE,
                "Let the file decide",
                "Pixels in this range",
                "Pixels as the file says",
            ),
            html.P(id=f"{_RANGE}-hint", className="hint", **aria(live="polite")),
        ],
        id=f"{_RANGE}-choice",
        className="card-choice",
        hidden=True,
    )


def _sums_choice(runtime: Runtime) -> html.Div:
    """Return where it is chosen what the output's sums are, which is shown where no loss says it."""
    return html.Div(
        [
            html.Label("The output’s sums are", htmlFor=_SUMS, className="small mb-0"),
            html.Div(id=f"{_SUMS}-place"),
            *_keeping(
                runtime, _SUMS, "Take it back", "Its sums are this", "Its sums are shown as found"
            ),
            html.P(id=f"{_SUMS}-hint", className="hint", **aria(live="polite")),
        ],
        id=f"{_SUMS}-choice",
        className="card-choice",
        hidden=True,
    )


def _keeping(runtime: Runtime, of: str, back: str, kept: str, undone: str) -> list[html.Button]:
    """Return the buttons that keep a choice on the card, and take it back; a script shows one."""
    if not _may_name(runtime):
        return []
    return [
        _button("Keep for this model", f"{of}-keep", f"{kept}, for all readers", hidden=True),
        _button(back, f"{of}-undo", f"{undone}, for all readers", hidden=True),
    ]


def _channel(name: str) -> html.Label:
    """Return the choice of the channel that is one of the colours; a script fills it."""
    identity = f"pixel-{name.lower()}"
    place = html.Span(id=f"{identity}-place", **components.data(identity=identity))
    return html.Label([name, place], className="small", htmlFor=identity)


def _standard(name: str, label: str) -> html.Label:
    """Return the place of the field for the mean or the deviation; a script builds it."""
    identity = f"{_RANGE}-{name}"
    return html.Label(
        [label, html.Span(id=f"{identity}-place")], className="small", htmlFor=identity
    )


def _has_digits(runtime: Runtime) -> bool:
    """Whether the classes that are shown first are the ten digits, each of which has a button."""
    try:
        return runtime.sets.classes(runtime.default_data()) == numbered(10)
    except cnn.DatasetError:
        return True


def _opening(runtime: Runtime) -> html.Div:
    """Return the button that opens a model file of the reader, and the place for how far that is."""
    most = runtime.settings.model_bytes
    return html.Div(
        [
            html.Button(
                "Open a model file",
                id=ids.OPEN_MODEL,
                type="button",
                className="btn btn-sm btn-outline-primary",
                title="A .keras or .h5 file, for all to choose; choose its card "
                "(name.card.json) with it to have its class names. You can also drop them",
            ),
            html.Div(id="opening", hidden=True),
        ],
        className="opening",
        **components.data(
            most=str(most), limit=limit_of_models(most), kinds=",".join(cnn.models.FORMATS)
        ),
    )


def _may_name(runtime: Runtime) -> bool:
    """Whether the reader may name the classes of any model."""
    return takes_models(runtime.settings) or person().may(Role.OPERATOR)


def _naming() -> html.Div:
    """Return the button that names the classes of the model, and the place for their names."""
    return html.Div(
        [
            _button(
                "Name the classes",
                "name-classes",
                "What the model's classes are called, for all readers",
            ),
            html.Div(id="naming", hidden=True),
        ],
        className="naming",
    )


def _button(text: str, identity: str, title: str, *, hidden: bool = False) -> html.Button:
    look = "btn btn-sm btn-outline-primary"
    return html.Button(text, id=identity, type="button", className=look, title=title, hidden=hidden)


def data_options(runtime: Runtime) -> list[dict[str, str]]:
    """Return the data sets that can be chosen."""
    choices = runtime.sets.choices()
    return [{"label": label, "value": value} for value, label in choices.items()]


def model_options(runtime: Runtime, view: View | None = None) -> list[dict[str, Any]]:
    """Return the models that can be chosen: that of the view, and the newest ones.

    Of several with one name each is told by the end of its key.
    """
    entries, are_all = runtime.catalogue.menu(view.model if view else "")
    times = Counter(e.name for e in entries)
    options: list[dict[str, Any]] = [
        {"label": e.name if times[e.name] == 1 else f"{e.name} · {e.key[-4:]}", "value": e.key}
        for e in entries
    ]
    older = {"label": "older ones: on the Training page", "value": "", "disabled": True}
    return options if are_all else [*options, older]


def register(app: Dash) -> None:
    """Register the callbacks of the panel."""
    app.clientside_callback(
        ClientsideFunction("cnn", "hasRoom"),
        Output(_CHOICES, "open"),
        Input(_CHOICES, "id"),
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "choose"),
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(ids.DATA, "value"),
        Input(ids.MODEL, "value"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "chosen"),
        Output(ids.DATA, "value"),
        Output(ids.MODEL, "value"),
        Input(ids.VIEW, "data"),
        State(ids.DATA, "value"),
        State(ids.MODEL, "value"),
    )
    tie(app, ids.OUTPUT, choose="chooseOutput", chosen="chosenOutput")
    app.clientside_callback(
        ClientsideFunction("cnn", "offerOutputs"),
        Output(ids.OUTPUT, "options"),
        Output(ids.OUTPUT_FIELD, "hidden"),
        Input(ids.LAYERS, "data"),
    )
    arguments.accept(app, {ids.WANTED: arguments.Wanted})
    app.clientside_callback(
        ClientsideFunction("cnn", "follow"),
        Output(ids.WANTED, "data"),
        Input(ids.VIEW, "data"),
        Input(ids.READY, "data"),
        Input(ids.LAYERS, "data"),
        State(ids.REPAIRED, "data"),
    )
    app.callback(
        Output(ids.PANEL, "data"),
        Output(ids.NOTICE, "children"),
        Output(ids.NOTICE, "is_open"),
        Output(ids.CONTENT, "className"),
        Input(ids.WANTED, "data"),
        State(ids.LAYERS, "data"),
        State(ids.REPAIRED, "data"),
        State(ids.CONTENT, "className"),
        State(ids.NOTICE, "is_open"),
    )(show)
    app.clientside_callback(ClientsideFunction("cnn", "paintPanel"), Input(ids.PANEL, "data"))
    app.clientside_callback(
        ClientsideFunction("cnn", "showPicture"),
        Input(ids.VIEW, "data"),
        Input(ids.READY, "data"),
        Input(ids.LAYERS, "data"),
    )
    app.clientside_callback(ClientsideFunction("cnn", "showChoices"), Input(ids.VIEW, "data"))
    app.clientside_callback(
        ClientsideFunction("cnn", "showMoments"),
        Input(ids.MOMENTS, "data"),
        Input(ids.VIEW, "data"),
    )
    register_number(app, ids.INDEX)
    perturbing.register(app)


def show(
    wanted: dict[str, Any] | None,
    known: dict[str, Any] | None,
    repaired: dict[str, Any] | None,
    condition: str,
    is_noticed: bool,
) -> tuple[Any, ...]:
    """Return what the panel shows of the view, and whatever is wrong with the link.

    The layers are set where the model is another, not returned: pages that wait for them would
    wait for this answer at every change of the picture. What stays as it is, the page's condition
    and an empty notice, is not sent again: Dash would look at the whole page for it.
    """
    if not wanted:
        raise PreventUpdate
    stored = wanted["view"]
    runtime = current()
    view, problems = parse(stored)
    if repaired and repaired["view"] == stored:
        problems = (*repaired["messages"], *problems)
    try:
        picture = runtime.picture(view)
        runtime.entry(view)
        looked = None if runtime.ready == "failed" else _looked(runtime, view, picture)
    except cnn.CnnError as error:
        if _repair(runtime, stored):
            return (no_update,) * 4
        wrong = [" ".join([str(error), *problems]), " ", _WAY_OUT]
        return _NO_PICTURE, wrong, True, "unavailable"
    content, of_model = looked or (_unlooked(view, picture), None)
    if runtime.ready == "failed":
        return content, runtime.not_ready, True, "unavailable"
    if of_model and (known is None or known.get("network") != view.network):
        set_props(ids.LAYERS, {"data": {**of_model, "early": runtime.ready == "starting"}})
        set_props(ids.MOMENTS, {"data": moments(view)})
    now = "" if of_model else "waiting"
    return (
        content,
        " ".join(problems) if problems or is_noticed else no_update,
        bool(problems) if problems or is_noticed else no_update,
        now if now != condition else no_update,
    )


def _looked(runtime: Runtime, view: View, picture: Picture) -> tuple[Any, Any] | None:
    """Return what the panel shows of a look, and the layers; None while TensorFlow starts.

    Unless both were known before that start.
    """

    def look() -> dict[str, Any]:
        look = runtime.look(view)
        return {**facts(view, picture, look), "src": data_uri(small(look.seen), view)}

    content = runtime.kept_json(view, OF_PICTURE, ["panel"], look)
    of_model = runtime.kept_json(view, OF_MODEL_ALONE, ["panel", "layers"], lambda: layers(view))
    return (content, of_model) if content and of_model else None


def _unlooked(view: View, picture: Picture) -> dict[str, Any]:
    return {**facts(view, picture, None), "src": data_uri(small(picture.pixels), view)}


def facts(view: View, picture: Picture, look: Look | None) -> dict[str, Any]:
    """Return what the panel says of the picture, of the prediction if there is a look, and of surgery."""
    prediction = None
    if look:
        prediction = prediction_facts(look.passed, picture, look.seen, look.true, look.unnamed)
        told = filter(None, [prediction["note"], look.in_training])
        prediction["note"] = " ".join(told)
    described = "\n".join(filter(None, [picture.caption, perturbed_in_words(view)]))
    surgery = cnn.captions.operations(view.operations)
    return {
        "alt": picture.described, "text": described, "prediction": prediction, "surgery": surgery,
        "size": look.seen.shape[:2] if look else picture.pixels.shape[:2],
        "scale": _scale(view, picture, look) if look else None,
        "sums": _sums(view, look) if look else None,
        "inputs": [_input(view, one) for one in look.inputs] if look else [],
    }  # fmt: skip


def _input(view: View, fed: Fed) -> dict[str, Any]:
    """Return what the panel shows of a further input: its numbers, or which picture it gets.

    `back` names what it gets again where the reader takes back what he gave; empty where he gave none.
    """
    one, without = fed.further, "The same" if fed.further.given is None else "The model’s"
    shown: dict[str, Any] = {
        "name": one.name, "place": str(one.place), "isOfFile": fed.is_of_file,
        "back": ("" if not fed.is_typed else without if fed.row is None else "The file’s"),
    }  # fmt: skip
    if one.form is None:
        return {**shown, "numbers": _numbers(view, fed), "most": MOST_NUMBERS}
    picture = fed.sample.pixels if fed.sample else fed.row
    src = "" if picture is None else data_uri(small(one.fitted(picture)), view)
    index = fed.sample.index if fed.sample else None
    return {**shown, "of": fed.of, "index": index, "text": _which(fed), "src": src}


def _which(fed: Fed) -> str:
    """Return which picture a further input gets, in words."""
    if fed.sample is not None:
        label = "" if fed.sample.class_name is None else f", label {fed.sample.class_name}"
        return f"number {fed.sample.index}{label}"
    if fed.row is not None:
        return "of this picture, from its file"
    return "the same picture" if fed.further.given is None else "the picture of the model's card"


def _numbers(view: View, fed: Fed) -> list[str]:
    """Return the numbers of a further input, each so that it is read as the same again."""
    chosen = decode_numbers(view.given).get(fed.further.place) if view.given else None
    row = fed.row if fed.is_of_file else fed.further.given
    own = [] if row is None else row.ravel().tolist()
    return [str(np.float32(one)).removesuffix(".0") for one in chosen or own]


def _scale(view: View, picture: Picture, look: Look) -> dict[str, Any]:
    """Return how pixels are scaled, and the ranges to choose from where the model does not say it."""
    is_open = bool(view.range or look.kept_range) or not look.scale.is_stated
    names = look.ranges if is_open else ()
    kept, found = look.kept_range, cnn.captions.pixel_range("")
    first = [["", cnn.captions.kept_range(kept) if kept else found]] if is_open else []
    return {
        "text": " ".join([f"Pixels: {look.scale.reason}.", *look.notes]),
        "ranges": [*first, *([name, cnn.captions.pixel_range(name)] for name in names)],
        "channels": look.fitted.shape[-1],
        "chosen": view.range,
        "kept": look.kept_range,
        "keeps": look.has_card,
        "colours": _colours(view, picture, look),
    }


def _sums(view: View, look: Look) -> dict[str, Any] | None:
    """Return what the output's sums may be taken for, and what they are; None where that is known."""
    head = look.passed.prediction.head
    if not head.choices:
        return None
    first = cnn.captions.kept_sums(look.kept_sums) if look.kept_sums else cnn.captions.sums_as("")
    return {
        "choices": [["", first], *([aim, cnn.captions.sums_as(aim)] for aim in head.choices)],
        "chosen": view.sums,
        "kept": look.kept_sums,
        "keeps": look.has_card,
    }


def _colours(view: View, picture: Picture, look: Look) -> dict[str, Any] | None:
    """Return which channels are red, green and blue, and of how many; None where there is no choice."""
    count = max(look.fitted.shape[-1], picture.pixels.shape[-1])
    return {"count": count, "chosen": view.red_green_blue} if count > _COLOURS else None


def _repair(runtime: Runtime, stored: dict[str, Any]) -> bool:
    """Let the repaired view be shown, where what cannot be shown is the link's own fault."""
    link = links.follow(runtime, stored)
    query = link.view.to_query()
    if query == stored:
        return False
    set_props(ids.REPAIRED, {"data": {"view": query, "messages": link.messages}})
    set_props(ids.VIEW, {"data": query})
    return True


def layers(view: View) -> dict[str, Any]:
    """Return the names of the layers of the view's model, as pages need them for tabs and links."""
    model, trained = current().model(view), current().trained(view)
    infos = cnn.layer_infos(model)
    return {
        "model": view.model,
        "output": str(view.output or ""),
        "outputs": current().outputs(view),
        "surgery": view.surgery,
        "network": view.network,
        "names": [info.name for info in infos],
        "blocks": folds(infos),
        "classes": _classes(model),
        "opening": opening_layer(infos),
        "weighted": [info.name for info in infos if info.weight_shapes and not info.nested],
        "changeable": [info.name for info in cnn.models.changeable_layers(trained)],
    }


def _classes(model: Any) -> tuple[str, ...]:
    """Return the classes that the model chooses among; none where it gives no probabilities."""
    return cnn.class_names(model) if head_of(model).has_classes else ()


def moments(view: View) -> dict[str, Any]:
    """Return the moments of the training of the view's model, as the slider needs them.

    `live` says that more may come; then the last of them is not the finished model.
    """
    run = current().entry(view).run
    kept = run.moments if run else ()
    return {
        "model": view.model,
        "values": [str(moment) for moment in kept],
        "labels": [moment.description for moment in kept],
        "live": view.model.startswith(OF_RUN),
        "size": cnn.captions.megabytes(run.moments_bytes) if run else "",
    }


def small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture in the size in which the panel shows it: no larger than its place ever is."""
    return cnn.images.reduced(pixels, _MOST_SIDE)


def data_uri(pixels: NDArray[np.uint8], view: View | None = None) -> str:
    """Return the picture, uint8 (height, width, channels), as a PNG in an address, in its colours."""
    buffer = io.BytesIO()
    shown = np.ascontiguousarray(cnn.images.in_colours(pixels, (view or View()).red_green_blue))
    Image.fromarray(shown[..., 0] if shown.shape[-1] == 1 else shown).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


_NOTHING = data_uri(np.zeros((1, 1, 1), np.uint8))
_NO_PICTURE: dict[str, Any] = {
    "src": _NOTHING,
    "alt": "No picture",
    "text": "No picture",
    "size": (0, 0),
    "prediction": None,
    "surgery": "",
    "scale": None,
    "inputs": [],
}
