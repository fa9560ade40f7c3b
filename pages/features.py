"""What a channel responds to: the pictures for which it is highest, in the middle, and lowest."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import dash
from dash import Dash, html

import cnn
from cnn.attribution.synthesis import OPTIONS, SYNTHESIS
from cnn.inspection.top_pictures import CLASSES
from cnn.models.heads import head_of
from cnn.studies import SYNTHESISE, TOPS
from dashboard.screens.cell import sides_of_maps, sought_cell
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.numbers import number_field, register_number
from dashboard.shell.options import option_field, register_option
from dashboard.shell.studies import CLIMBS, place, register_study, study
from dashboard.shell.tabs import register_tabs
from dashboard.state.view import OF_NETWORK, ONE_CELL, WHOLE_MAP

PAGE = "features"
FACTS, MISSING = "features-facts", "features-missing"
CHANNEL, ROW, COLUMN = "features-channel", "features-row", "features-column"
FOCUS, OF_MAPS = "features-focus", "features-of-maps"
CELL, COLUMNS = "features-cell", "features-columns"
_OPTIONS = {f"features-option-{SYNTHESIS}-{name}": one for name, one in OPTIONS.items()}
_FOCUSES = [(WHOLE_MAP, "its whole map"), (ONE_CELL, "one cell")]


def layout(layer: Any = None, **_query: Any) -> html.Div:
    """Return the page for a layer; without one, the first convolution is shown."""
    name = unquote(layer) if isinstance(layer, str) else None
    return html.Div(
        [
            components.heading(
                "Features",
                "What a channel responds to: the pictures of the data set for which it is highest, in "
                "the middle, and lowest.",
            ),
            *stores(PAGE, name),
            components.tab_bar("features-tabs", "Layers, and the classes"),
            components.alert("features-problem"),
            html.Div(
                [
                    html.Div(id=FACTS, className="facts"),
                    html.Div(
                        [
                            number_field(CHANNEL, "Channel", "channel"),
                            html.Div(
                                components.choices(FOCUS, "Of", _FOCUSES, WHOLE_MAP), id=OF_MAPS
                            ),
                            html.Div(
                                [
                                    number_field(ROW, "Row", "row"),
                                    html.Div(number_field(COLUMN, "Column", "column"), id=COLUMNS),
                                ],
                                id=CELL,
                                className="controls",
                                hidden=True,
                            ),
                        ],
                        className="controls",
                    ),
                    html.P(id=MISSING, className="why-missing"),
                    html.P(
                        "A worker looks through the split that is chosen in the panel, once for all "
                        "channels of the layer, and keeps what it finds.",
                        className="text-body-secondary",
                    ),
                    study(
                        TOPS,
                        "Pictures of the data set",
                        "Find the pictures for {layer}",
                        shown="pictures",
                    ),
                    study(
                        SYNTHESISE,
                        "Pictures made of noise",
                        "Synthesise what this channel of {layer} responds to most",
                        [components.figure(CLIMBS, "Value by step")],
                    ),
                    html.Details(
                        [
                            html.Summary("Options of the synthesis"),
                            *(option_field(identity, one) for identity, one in _OPTIONS.items()),
                        ],
                        className="explain-options features-options",
                    ),
                ],
                id="features-body",
            ),
        ]
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/features", path_template="/features/<layer>", name="Features",
        title="Features – CNN Visualizer", layout=layout, order=5.2, in_header=True,
    )  # fmt: skip
    register_tabs(app, PAGE, _tabs)
    register_screen(
        app,
        PAGE,
        show,
        figures=(),
        of=(*OF_NETWORK, "range", "data", "split"),
        looks=("channel", "focus", "row", "column"),
    )
    for field in (CHANNEL, ROW, COLUMN):
        register_number(app, field)
    tie(app, FOCUS, choose="chooseFocus", chosen="chosenFocus")
    register_study(app, TOPS)
    register_study(app, SYNTHESISE)
    for identity, option in _OPTIONS.items():
        register_option(app, identity, option)


def _tabs(layers: dict[str, Any]) -> list[str]:
    return [*layers["names"], *([CLASSES] if layers["classes"] else [])]


def show(request: Request) -> Screen:
    """Return what the layer is, and which channel of it is looked at; a worker finds the pictures."""
    name, count, facts = _of_classes(request) or _of_layer(request)
    sides, cell = _cell(request, name)
    wanted, last = request.view.channel or 0, count - 1
    missing = f"There is no channel {wanted} here: {last}, the last one, is shown."
    return Screen(
        {},
        texts={FACTS: facts, MISSING: missing if wanted > last else ""},
        hidden={OF_MAPS: not sides, CELL: cell is None, COLUMNS: len(sides) < 2},
        properties={
            CHANNEL: {"data-now": str(min(wanted, last)), "data-most": last},
            **{
                field: {"data-now": str(at), "data-most": side - 1}
                for field, side, at in zip((ROW, COLUMN), sides, cell or (), strict=False)
            },
            place(TOPS): {"data-layer": name},
            place(SYNTHESISE): {"data-layer": name},
        },
    )


def _cell(request: Request, name: str) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Return the sides of the layer's maps, and the cell of them that pictures are sought for."""
    if name == CLASSES:
        return (), None
    info = cnn.layer_info(request.model, name)
    return sides_of_maps(info), sought_cell(request.view, info)


def _of_classes(request: Request) -> tuple[str, int, str] | None:
    """Return name, number and facts of the classes; None where a layer is looked at."""
    if request.layer != CLASSES or not head_of(request.model).has_classes:
        return None
    names = cnn.class_names(request.model)
    chosen = names[min(request.view.channel or 0, len(names) - 1)]
    what = "the sum for each class, before the softmax"
    return CLASSES, len(names), components.facts([("", what), ("class", chosen)])


def _of_layer(request: Request) -> tuple[str, int, str]:
    info = request.layer_among(cnn.layer_infos(request.model))
    facts = [
        ("", cnn.captions.sides(info.output_shape)),
        ("", info.kind),
        ("activation", info.activation or ""),
        ("sees", cnn.captions.field(info)),
    ]
    return info.name, info.channels, components.facts(facts)
