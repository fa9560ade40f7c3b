"""Why a cell is what it is: one number of a layer, taken apart down to multiplications."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any
from urllib.parse import unquote

import dash
import numpy as np
from dash import Dash, html
from numpy.typing import NDArray

import cnn
from cnn.figures import Chart, nothing
from cnn.figures.bars import NARROW_SIZE
from cnn.figures.mosaic import MOST_NUMBERS, MOST_TOGETHER
from cnn.figures.tiling import fair_share
from cnn.inspection.units import Source, Unit
from cnn.models.arithmetic.forms import Choice, Function, Gradient, Shares, WeightedSum
from cnn.properties import cached_property
from dashboard.screens import guessing
from dashboard.screens.cell import cell_of
from dashboard.screens.layers import VOLUME
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components, walking
from dashboard.shell.numbers import number_field, register_number
from dashboard.shell.tabs import register_tabs
from dashboard.state.view import ONE_CELL

PAGE = "why"
FORMULA, PROOF, MISSING = "why-formula", "why-proof", "why-missing"
CHANNEL, DEPTH, ROW, COLUMN = "why-channel", "why-depth", "why-row", "why-column"
SOURCE = "why-source"
MAP, BEFORE, BESIDE = "why-map", "why-before", "why-beside"
PATCH, KERNEL, PRODUCTS = "why-patch", "why-kernel", "why-products"
TERMS, RUNNING, CURVE = "why-terms", "why-running", "why-curve"
PICTURE, EFFECTIVE = "why-picture", "why-effective"
WALK, WALKED, GUESS = "why-walk", "why-walked", "why-guess"
EXPLAINED = "why-explained"
# The place of a cell in a map has so many at most; that of a volume is not asked for.
_MOST_SIDES = 2
# Of how many layers before it is drawn what is read of them.
_DRAWN = 2
# Names of so many letters together stand beside each other below bars.
_LETTERS_ACROSS = 12
# Where a sum has more steps, not all of them are drawn.
_MOST_STEPS = 1000
# In the order in which the number comes about.
_LABELS = {
    PICTURE: "The pixels that it depends on",
    EFFECTIVE: "How much each pixel counts",
    BEFORE: "What it reads",
    BESIDE: "What it reads of a second layer",
    PATCH: "The numbers that it reads",
    KERNEL: "The weights that they are multiplied with",
    PRODUCTS: "The products",
    TERMS: "What adds up to the sum",
    RUNNING: "The sum so far",
    CURVE: "The activation",
    MAP: "Where the number stands",
}
_FIELDS = {
    CHANNEL: "Channel",
    DEPTH: "Slice",
    ROW: "Row",
    COLUMN: "Column",
    SOURCE: "Input channel",
}


def layout(layer: Any = None, **_query: Any) -> html.Div:
    """Return the page for a layer; without one, the first layer with maps is shown."""
    name = unquote(layer) if isinstance(layer, str) else None
    return html.Div(
        [
            components.heading(
                "Why", "One number of a layer, taken apart down to multiplications."
            ),
            *stores(PAGE, name),
            components.tab_bar("why-tabs", "Layers"),
            components.alert("why-problem"),
            html.Div(
                [
                    html.Div([_field(one) for one in _FIELDS], className="controls"),
                    walking.strip(WALK, place=WALKED),
                    guessing.box(GUESS),
                    html.P(id=MISSING, className="why-missing"),
                    html.P(id=FORMULA, className="why-formula", **components.aria(live="polite")),
                    html.P(
                        [
                            html.Span(id=PROOF),
                            " ",
                            html.Span(
                                components.look_link(
                                    "/explain", "Which pixels make it?", identity=EXPLAINED
                                ),
                                id=f"{EXPLAINED}-box",
                            ),
                        ],
                        className="why-proof",
                    ),
                    html.Div(
                        [
                            html.Div([_box(PICTURE), _box(EFFECTIVE)], className="why-pixels"),
                            *[_box(one) for one in _LABELS if one not in (PICTURE, EFFECTIVE)],
                        ],
                        className="why-row",
                    ),
                ],
                id="why-body",
            ),
        ]
    )


def _field(identity: str) -> html.Div:
    return html.Div(
        number_field(identity, _FIELDS[identity], identity.removeprefix("why-")),
        id=f"{identity}-box",
        hidden=identity == DEPTH,
    )


def _box(figure: str) -> html.Div | html.Details:
    told = FORMULA if figure == MAP else ""
    box, identity = components.figure(figure, _LABELS[figure], cell_told=told), f"{figure}-box"
    if figure == EFFECTIVE:
        return html.Details([html.Summary(_LABELS[figure]), box], id=identity)
    return html.Div(box, id=identity)


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/why", path_template="/why/<layer>", name="Why",
        title="Why – CNN Visualizer", layout=layout, order=5.5, in_header=True,
    )  # fmt: skip
    register_tabs(app, PAGE, lambda layers: list(layers["names"]))
    register_screen(
        app, PAGE, show, figures=tuple(_LABELS),
        looks=("channel", "depth", "row", "column", "source", "effective", "guess"),
    )  # fmt: skip
    for field in _FIELDS:
        register_number(app, field)
    guessing.register(app, GUESS)


@dataclass(frozen=True, eq=False)
class _Cell:
    """The number that is looked at: the layer's output for the picture, and the arithmetic of it."""

    request: Request
    values: NDArray[np.float32]
    unit: Unit

    @cached_property
    def term(self) -> int | None:
        """The term looked at of a weighted sum, by its place: that of the input channel chosen, or
        the strongest."""
        form, wanted = self.unit.form, self.request.view.source
        if not isinstance(form, WeightedSum) or not len(form.channels):
            return None
        here = form.channels == wanted
        return int(here.argmax()) if here.any() else int(form.order[0])

    @property
    def window(self) -> WeightedSum | None:
        """The weighted sum, where it is one over windows of rows and columns."""
        form = self.unit.form
        return form if isinstance(form, WeightedSum) and form.values.ndim == 3 else None

    @property
    def named(self) -> dict[str, int]:
        """The cell as fields are asked for it; of a volume it has a channel only."""
        *cells, channel = self.unit.place
        names = ("row", "column") if len(cells) < 3 else ()
        return {"channel": channel, **dict(zip(names, cells, strict=False))}

    @cached_property
    def field(self) -> cnn.CellField | None:
        """What the number depends on; None for a pixel of the picture itself, or without a picture."""
        first = cnn.layer_infos(self.request.model)[0].name
        pixels = self.request.passed.activations[first]
        if pixels.ndim != 3 or first == self.unit.layer:
            return None
        field = cnn.receptive_field(
            self.request.model, layer=self.unit.layer, size=pixels.shape[:2], **self.named
        )
        return field if field.picture is not None else None

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The layers before of which the number reads any cell: of those joined, it is but one."""
        return tuple(one for one in self.unit.sources if len(one.cells))

    @cached_property
    def most(self) -> int:
        """The most numbers of a map on the page: all its figures share what an answer holds."""
        passed, form = self.request.passed.activations, self.unit.form
        shown = [self.values, *(passed[one.layer] for one in self.sources[:_DRAWN])]
        maps = [prod(one.shape[:-1]) for one in shown if one.ndim > 1]
        if self.field is not None and self.field.picture:
            maps += [self.field.picture.mask.size] * (1 + self.request.view.effective)
        if isinstance(form, Choice):
            maps.append(form.values.size)
        elif self.window:
            maps += [self.window.inside.size] * 3
        units = sum(one.size for one in shown if one.ndim == 1)
        left = max(MOST_TOGETHER // 4, MOST_TOGETHER - units)
        return min(MOST_NUMBERS, fair_share(maps, left))

    @property
    def channel_before(self) -> int:
        """The channel of the layer before that is looked at."""
        if self.window and self.term is not None:
            return int(self.window.channels[self.term])
        return self.unit.place[-1]

    def channel_of(self, source: Source) -> int:
        """The channel shown of a layer before: the one looked at, or the first that is read of it."""
        channels = source.cells[:, -1]
        return self.channel_before if self.channel_before in channels else int(channels[0])


def show(request: Request) -> Screen:
    """Return where the number stands, what it is made of, and the proof that the parts give it."""
    info = request.layer_among(cnn.layer_infos(request.model))
    values = request.passed.activations[info.name]
    unit = cnn.explain_unit(
        request.model, request.look.seen, layer=info.name,
        place=cell_of(request.view, values), activations=request.passed.activations,
    )  # fmt: skip
    cell = _Cell(request, values, unit)
    charts = {
        PICTURE: _picture(cell), EFFECTIVE: _effective(cell), BEFORE: _before(cell, 0),
        BESIDE: _before(cell, 1), **_window(cell), TERMS: _terms(cell), RUNNING: _running(cell),
        CURVE: _curve(cell), MAP: _map(cell),
    }  # fmt: skip
    hidden = {f"{figure}-box": not chart.traces for figure, chart in charts.items()}
    limits, walk = _limits(cell), _walk(cell)
    place = f"{info.name}, {cnn.captions.place(unit.place)}"
    return Screen(
        charts,
        texts={
            FORMULA: f"{place}: {cnn.captions.formula(unit)}",
            MISSING: _missing(request, limits),
            PROOF: cnn.captions.proof(unit),
            WALKED: cnn.captions.cell_number(**walk) if walk else "",
        },
        hidden={
            **hidden,
            f"{EFFECTIVE}-box": cell.field is None,
            **{f"{field}-box": field not in limits for field in _FIELDS},
            WALK: not walk,
            f"{EXPLAINED}-box": not info.inputs or info.nested,
        },
        properties={
            EXPLAINED: _explained(unit),
            f"{EFFECTIVE}-box": {"open": request.view.effective},
            **{
                field: {"data-now": str(now), "data-most": most}
                for field, (now, most) in limits.items()
            },
            **{f"{one}-box": {"className": _width(charts[one])} for one in (PATCH, KERNEL, PRODUCTS)},
            WALK: walk,
            GUESS: guessing.asked(request, place, lambda: cnn.captions.unit_question(unit)),
        },
    )  # fmt: skip


def _explained(unit: Unit) -> dict[str, Any]:
    """Return the attributes of the link to the maps of the number; those of a volume are of its mean."""
    *cells, channel = unit.place
    parts: dict[str, Any] = {"unit": unit.layer, "of": channel}
    if 0 < len(cells) <= _MOST_SIDES:
        sides = zip(("row", "column"), cells, strict=False)
        parts |= {"focus": ONE_CELL, **dict(sides)}
    return components.looks(**parts)


def _width(window: Chart) -> str:
    """Return the class of the box of a window, which says whether it takes twice the width."""
    shape = window.traces[0]["z"].shape if window.traces else None
    return "many-numbers" if shape and cnn.figures.needs_room(shape) else ""


def _walk(cell: _Cell) -> dict[str, int]:
    """Return the row and the column of the cell, and how many there are; nothing but of maps."""
    if cell.values.ndim != 3:
        return {}
    (rows, columns, _), (row, column, _) = cell.values.shape, cell.unit.place
    return {"row": row, "column": column, "rows": rows, "columns": columns}


def _limits(cell: _Cell) -> dict[str, tuple[int, int]]:
    """Return the number that each field shows, and the largest that it may be."""
    most = [side - 1 for side in cell.values.shape]
    *cells, channel = zip(cell.unit.place, most, strict=True)
    limits = {CHANNEL: channel}
    if cells:
        limits[ROW] = cells[-2] if len(cells) > 1 else cells[0]
    if len(cells) > 1:
        limits[COLUMN] = cells[-1]
    if cell.values.ndim == VOLUME:
        limits[DEPTH] = cells[0]
    if cell.window and len(cell.window.channels) > 1:
        limits[SOURCE] = (cell.channel_before, int(cell.window.channels.max()))
    return limits


def _missing(request: Request, limits: dict[str, tuple[int, int]]) -> str:
    """Return which parts of the cell of the view this layer does not have, and what is shown."""
    view = request.view
    wanted = {CHANNEL: view.channel, DEPTH: view.depth, ROW: view.row, COLUMN: view.column}
    return " ".join(
        f"There is no {_FIELDS[field].lower()} {wanted[field]} here: {most}, the last one, is shown."
        for field, (_, most) in limits.items()
        if (wanted.get(field) or 0) > most
    )


def _map(cell: _Cell) -> Chart:
    """Return where the number stands; of a volume in its slice."""
    values, place = cell.values, cell.unit.place
    name, channel = cell.unit.layer, place[-1]
    title = f"{name}, channel {channel}" if values.ndim > 1 else name
    slices = None
    if values.ndim == VOLUME:
        depth, place = place[0], place[1:]
        slices, values = (depth, values.shape[1]), values[depth]
        title += f", slice {depth}"
    caption = cnn.captions.Caption(
        "Where the number stands: in the frame.", "Click on another cell to see how it was made."
    )
    return cnn.figures.marked_chart(
        values, np.array([place], np.int64), title=title, channel=channel, most=cell.most,
        caption=caption,
    ).of_layer(
        name,
        channel=None if values.ndim == 1 else channel,
        cell=cell.unit.place,
        slices=slices,
    )  # fmt: skip


def _picture(cell: _Cell) -> Chart:
    """Return the picture with the pixels that the number depends on, unless it reads them itself."""
    first = cnn.layer_infos(cell.request.model)[0].name
    field = cell.field
    if field is None or not field.picture or first in [one.layer for one in cell.sources]:
        return nothing("")
    pixels = np.argwhere(field.picture.mask)
    marked = np.column_stack([pixels, np.zeros(len(pixels), np.int64)])
    return cnn.figures.marked_chart(
        cell.request.passed.activations[first], marked, title="picture", channel=0,
        most=cell.most, caption=cnn.captions.receptive_field(field.picture.mask, field.status),
    ).of_layer(first, channel=0)  # fmt: skip


def _effective(cell: _Cell) -> Chart:
    """Return how fast the number changes with each pixel, where asked for: it costs a gradient."""
    field, request = cell.field, cell.request
    if field is None or not field.picture or not request.view.effective:
        return nothing("")
    gradient = cnn.effective_field(
        request.model, request.look.seen, layer=cell.unit.layer, **cell.named
    )
    return cnn.figures.effective_chart(
        gradient, field.picture.mask, title="gradient", most=cell.most,
        caption=cnn.captions.effective_field(gradient, field.picture.mask),
    )  # fmt: skip


def _before(cell: _Cell, number: int) -> Chart:
    """Return what the number reads of one of the layers before, of the second with those not drawn."""
    if number >= len(cell.sources):
        return nothing("")
    source = cell.sources[number]
    others = [one.layer for one in cell.sources[_DRAWN:]] if number else []
    values = cell.request.passed.activations[source.layer]
    channel = cell.channel_of(source)
    title = f"{source.layer}, channel {channel}" if values.ndim > 1 else source.layer
    return cnn.figures.marked_chart(
        values, source.cells, title=title, channel=channel, most=cell.most,
        caption=cnn.captions.read_of(source.layer, others),
    ).of_layer(
        source.layer, channel=channel if values.ndim > 1 else None,
        slices=(0, values.shape[1]) if values.ndim == VOLUME else None,
    )  # fmt: skip


def _window(cell: _Cell) -> dict[str, Chart]:
    """Return the window of one input channel, its kernel and their products, or the candidates."""
    empty = {PATCH: nothing(""), KERNEL: nothing(""), PRODUCTS: nothing("")}
    form = cell.unit.form
    if isinstance(form, Choice) and form.values.ndim == 2:
        patch = cnn.figures.window_chart(
            form.values, form.inside, title="candidates", marked=form.winners[:1],
            most=cell.most, caption=cnn.captions.candidates(form),
        )  # fmt: skip
        return {**empty, PATCH: patch}
    if cell.window is None or cell.term is None:
        return empty
    term = cell.window.terms[cell.term]
    everywhere = np.ones_like(term.inside)
    return {
        PATCH: cnn.figures.window_chart(
            term.values, term.inside, title=f"patch of channel {term.channel}",
            most=cell.most, caption=cnn.captions.patch(term),
        ),
        KERNEL: cnn.figures.window_chart(
            term.weights, everywhere, title="× kernel", label="weight", most=cell.most,
            caption=cnn.captions.Caption("The weights that these numbers are multiplied with."),
        ),
        PRODUCTS: cnn.figures.window_chart(
            term.products, everywhere, title="= products", label="product", most=cell.most,
            caption=cnn.captions.products(term),
        ),
    }  # fmt: skip


def _terms(cell: _Cell) -> Chart:
    form = cell.unit.form
    if isinstance(form, Gradient):
        return cnn.figures.terms_chart(
            form.products, range(form.products.size), bias=None, each="input",
            title="gradient × input",
        )  # fmt: skip
    if not isinstance(form, WeightedSum) or len(form.channels) < 2:
        return nothing("")
    each = "input channel" if form.values.ndim > 1 else "input"
    return cnn.figures.terms_chart(
        form.subtotals, [int(i) for i in form.channels], bias=form.bias or None, each=each,
        title="what adds up", chosen=cell.channel_before if cell.window else None,
        caption=cnn.captions.terms(form, each),
    )  # fmt: skip


def _running(cell: _Cell) -> Chart:
    form = cell.unit.form
    if not isinstance(form, WeightedSum | Choice) or len(running := form.running) < 3:
        return nothing("")
    drawn = np.linspace(0, len(running) - 1, min(len(running), _MOST_STEPS)).round().astype(int)
    caption, is_thinned = cnn.captions.running(form), len(drawn) < len(running)
    if is_thinned:
        seen = f"{caption.seen} {len(drawn):,} of these steps are drawn."
        caption = cnn.captions.Caption(seen, caption.notice)
    if isinstance(form, WeightedSum):
        what, each = "sum", f"{cnn.captions.step_of(form).removeprefix('input ')}s added"
        names = [str(place) for place in drawn] if is_thinned else None
    else:
        what, each = "largest" if form.takes_largest else "smallest", "number"
        names = [str(place + 1) for place in drawn]
    return cnn.figures.outputs_chart(
        running[drawn].astype(np.float32), title=f"the {what} so far", label=what, each=each,
        names=names, size=NARROW_SIZE, caption=caption,
    )  # fmt: skip


def _curve(cell: _Cell) -> Chart:
    function = cell.unit.activation or cell.unit.form
    if isinstance(function, Shares):
        return _shares(cell, function)
    if not isinstance(function, Function):
        return nothing("")
    caption = cnn.captions.Caption("The activation as a curve, and this number on it.")
    return cnn.figures.curve_chart(function, title=function.name, caption=caption)


def _shares(cell: _Cell, form: Shares) -> Chart:
    """Return what becomes of all logits; where they are those of the answer, each is of a class."""
    prediction = cell.request.passed.prediction
    is_answer = prediction.head.last == cell.unit.layer
    is_class = is_answer and len(prediction.class_names) == len(form.shares)
    each = "class" if is_class else "channel" if cell.values.ndim > 1 else "unit"
    names = prediction.class_names if is_class else [str(i) for i in range(len(form.shares))]
    fit = is_class and sum(map(len, names)) <= _LETTERS_ACROSS
    return cnn.figures.outputs_chart(
        form.shares.astype(np.float32), title=f"{form.name} of {len(names)} logits", label="share",
        each=each, names=names if fit else None, size=NARROW_SIZE,
        caption=cnn.captions.shares_of(form, each, names),
    )  # fmt: skip
