"""How networks learn: the runs, their curves beside each other, and a form that starts another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash
from dash import (
    ClientsideFunction,
    Dash,
    Input,
    Output,
    State,
    ctx,
    dcc,
    html,
    no_update,
    set_props,
)
from dash.exceptions import PreventUpdate

import cnn
from cnn.data.sizing import size_to_train
from cnn.figures import EMPTY_FIGURE
from dashboard import arguments, ids
from dashboard.access.people import Role
from dashboard.access.roles import person
from dashboard.runs import curves, dialogs, form, paging, queueing, start, table
from dashboard.runs.curves import FIGURES, SINGLE, Curves, caption_of
from dashboard.runs.form import FIELDS, LESSON, OWN, PREVIEWED, WATCH, identity
from dashboard.runs.paging import PAGE, PageRequest
from dashboard.runs.start import MOST_COMPARED
from dashboard.runs.table import ALL, part
from dashboard.runtime.runtime import current
from dashboard.shell import components
from dashboard.shell.panel import model_options
from dashboard.state.view import parse

WHICH = "training-which"
SETTINGS = "training-settings"
PROBLEM = "training-problem"
TOO_MANY = "training-too-many"
DIAGRAM = "training-diagram"
DIAGRAM_CAPTION = "training-diagram-caption"
RUNS = "training-runs"
TICK = "training-tick"
DRAWN = "training-drawn"
ON_SCREEN = "training-on-screen"
LISTED = "training-listed"
FOLLOWED = "training-followed"
TICKED = {"type": "training-ticked", "page": "training"}


def layout(**_query: Any) -> html.Div:
    """Return the page with empty figures, the list and the form."""
    return html.Div(
        [
            components.heading(
                "Training",
                "How networks learn. Tick runs to compare them; the slider below the prediction "
                "goes back to any moment of the model in use.",
            ),
            dcc.Store(id=TICK),
            dcc.Store(id=DRAWN),
            dcc.Store(id=ON_SCREEN),
            dcc.Store(id=LISTED),
            dcc.Store(id=FOLLOWED),
            dcc.Store(id=TICKED),
            html.P(id=WHICH, className="mb-1"),
            components.table_box(SETTINGS, "Settings of the runs", kind="facts"),
            curves.layout(),
            html.H2("Runs"),
            components.alert(PROBLEM),
            components.alert(TOO_MANY),
            paging.search(),
            components.table_box(RUNS, "Trainings", kind="runs"),
            paging.turning(),
            html.Section(
                [
                    html.H2("Train a new classifier", className="mt-3"),
                    form.layout(),
                    html.Div(
                        components.figure(
                            DIAGRAM,
                            "Diagram of the network to be trained",
                            has_caption=False,
                            wide=True,
                        ),
                        id=f"{DIAGRAM}-box",
                    ),
                    html.P(id=DIAGRAM_CAPTION, className="caption"),
                    start.foot(),
                ],
                hidden=not person().may(Role.TRAINER),
            ),
            *dialogs.layout(),
        ]
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/training", name="Training", title="Training – CNN Visualizer",
        layout=layout, order=7, in_header=True,
    )  # fmt: skip
    arguments.accept(
        app,
        {
            TICK: int | float,
            DRAWN: dict[str, list[arguments.Name]],
            ON_SCREEN: list[arguments.Name],
            LISTED: arguments.Name,
            TICKED["type"]: list[arguments.Name],
            LESSON: arguments.Name,
            **{identity(field): form.accepted(field) for field in FIELDS},
        },
    )
    app.callback(
        *[Output(figure, "figure") for figure in FIGURES],
        *[Output(caption_of(figure), "children") for figure in FIGURES],
        Output(SETTINGS, "children"),
        Output(SINGLE, "hidden"),
        Output(DRAWN, "data"),
        Output(WHICH, "children"),
        Output(curves.MISSING, "children"),
        Output(curves.CURVES, "hidden"),
        *[Output(curves.box_of(figure), "hidden") for figure in FIGURES],
        Output(curves.UNKNOWN, "children"),
        Input(ids.VIEW, "data"),
        Input(ON_SCREEN, "data"),
        Input(LISTED, "data"),
        State(DRAWN, "data"),
    )(draw)
    app.clientside_callback(
        ClientsideFunction("cnn", "watchCurves"),
        Output(ON_SCREEN, "data"),
        Input(ON_SCREEN, "id"),
    )
    app.callback(
        Output(RUNS, "children"),
        Output(LISTED, "data"),
        Output(TICKED, "data"),
        Output(FOLLOWED, "data"),
        *paging.OUTPUTS,
        Input(ids.VIEW, "data"),
        Input(TICK, "data"),
        Input(PAGE, "data"),
        State(LISTED, "data"),
    )(list_runs)
    paging.register(app)
    app.clientside_callback(
        ClientsideFunction("cnn", "followRuns"), Input(LISTED, "data"), State(PAGE, "data")
    )
    app.clientside_callback(ClientsideFunction("cnn", "followRun"), Input(FOLLOWED, "data"))
    outputs = (
        Output(PROBLEM, "children", allow_duplicate=True),
        Output(PROBLEM, "is_open", allow_duplicate=True),
        Output(TICK, "data", allow_duplicate=True),
    )
    start.register(app, outputs[-1])
    app.callback(
        *outputs,
        Input(part("cancel", ALL), "n_clicks"),
        Input(part("resume", ALL), "n_clicks"),
        prevent_initial_call=True,
    )(act)
    _register_form(app)
    dialogs.register(app, outputs)
    app.callback(
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input({**part("use", ALL), "key": ALL}, "n_clicks"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )(use)
    app.callback(
        Output(ids.VIEW, "data", allow_duplicate=True),
        Output(TOO_MANY, "children"),
        Output(TOO_MANY, "is_open"),
        Output(LISTED, "data", allow_duplicate=True),
        Input(part("compare", ALL), "value"),
        State({**TICKED, "page": ALL}, "data"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )(compare)


def _register_form(app: Dash) -> None:
    app.callback(
        Output(form.DATASET, "options"),
        Output(form.DATASET, "value"),
        Input(ids.READY, "data"),
    )(datasets)
    app.callback(
        Output(WATCH, "children"),
        *[
            Output(identity(f), "value", allow_duplicate=True)
            for f in FIELDS
            if f.name != "dataset"
        ],
        Input(LESSON, "value"),
        State(form.DATASET, "value"),
        prevent_initial_call=True,
    )(fill)
    app.callback(
        Output(DIAGRAM, "figure"),
        Output(DIAGRAM, "style"),
        Output(f"{DIAGRAM}-box", "hidden"),
        Output(DIAGRAM_CAPTION, "children"),
        Input(ids.READY, "data"),
        Input(form.DATASET, "value"),
        *[Input(identity(field), "value") for field in PREVIEWED],
    )(preview)


def list_runs(
    stored: dict[str, Any] | None, _tick: int | None, page: Any, listed: str | None
) -> tuple[Any, ...]:
    """Return a page of the runs, unless the list on the screen, `listed`, looks the same.

    The browser makes the run that is followed the choice: it stays on the screen when it ends.
    """
    if not stored:
        raise PreventUpdate
    view, _ = parse(stored)
    listing = table.listing(current(), view, PageRequest.parse(page), current().statuses())
    if listing.look == listed:
        raise PreventUpdate
    return (
        table.table(listing.rows), listing.look, listing.chosen, listing.followed,
        *paging.contents(listing.place, listing.elsewhere),
    )  # fmt: skip


def draw(
    stored: dict[str, Any] | None,
    on_screen: list[str] | None,
    _listed: str | None,
    known: dict[str, list[str]] | None,
) -> tuple[Any, ...]:
    """Return the curves of the chosen runs, under their names of now.

    Other runs are drawn in every figure; progress only in those on the screen. `on_screen` has the
    captions that the browser finds there, as soon as it knows; `known` what each figure shows.
    """
    if not stored or on_screen is None:
        raise PreventUpdate
    view, _ = parse(stored)
    in_use = table.run_in_use(current(), view)
    drawn = Curves(table.chosen_rows(current(), view), view, has_other=bool(in_use))
    wanted, before = [drawn.choice, drawn.progress], known or {}
    due = [
        figure
        for figure in FIGURES
        if before.get(figure, [])[:1] != [drawn.choice]
        or (caption_of(figure) in on_screen and before[figure] != wanted)
    ]
    if not due:
        raise PreventUpdate
    is_other, missing = len(due) == len(FIGURES), drawn.missing
    return (
        *[drawn.figure(figure) if figure in due else no_update for figure in FIGURES],
        *[drawn.caption(figure) if figure in due else no_update for figure in FIGURES],
        drawn.settings if is_other else no_update,
        not drawn.is_single if is_other else no_update,
        {**before, **dict.fromkeys(due, wanted)},
        drawn.summary if is_other else no_update,
        missing if is_other else no_update,
        bool(missing) if is_other else no_update,
        *[figure in drawn.unknown if is_other else no_update for figure in FIGURES],
        drawn.unknown_in_words if is_other else no_update,
    )


def act(*_clicks: Any) -> tuple[str, bool, int]:
    """Cancel or resume the run whose button was clicked."""
    clicked = table.clicked()

    def action() -> None:
        run = current().settings.jobs.run(clicked["run"])
        if clicked["type"] == "run-cancel":
            queueing.cancel(run)
        else:
            queueing.resume(run)

    return table.attempt(action)


def use(_clicks: list[int | None], stored: dict[str, Any] | None) -> dict[str, Any]:
    """Return the view with the model whose button was clicked."""
    clicked = table.clicked()
    if not stored:
        raise PreventUpdate
    view, _ = parse(stored)
    runs = view.runs if "," in view.runs else ""
    other = replace(view.of_model(clicked["key"]), runs=runs)
    set_props(ids.MODEL, {"options": model_options(current(), other)})
    return other.to_query()


def compare(
    ticked: list[bool], before: list[list[str] | None], stored: dict[str, Any] | None
) -> tuple[Any, str, bool, Any]:
    """Return the view with the runs that are ticked, or the reason why they are too many.

    `before` has those that were ticked when the list was made, on its other pages too: a new list
    is no choice. It is empty when the page has just been left, and with it the list. When the last tick
    is taken away, the run of the model in use is drawn, and the list is made again to tick that.
    """
    places = [one["id"]["run"] for one in ctx.inputs_list[0]]
    if not stored or not before or before[0] is None:
        raise PreventUpdate
    elsewhere = [run for run in before[0] if run not in places]
    chosen = [*(run for run, on in zip(places, ticked, strict=True) if on), *elsewhere]
    if set(chosen) == set(before[0]):
        return no_update, "", False, no_update
    if len(chosen) > MOST_COMPARED:
        message = (
            f"{len(chosen)} runs are ticked, and at most {MOST_COMPARED} are compared: untick one."
        )
        return no_update, message, True, no_update
    view, _ = parse(stored)
    if chosen:
        return replace(view, runs=",".join(chosen)).to_query(), "", False, no_update
    in_use = table.run_in_use(current(), view)
    runs = in_use.id if in_use and in_use.id not in before[0] else ""
    return replace(view, runs=runs).to_query(), "", False, ""


def datasets(_ready: str) -> tuple[Any, Any]:
    """Return the data that can be trained on, and the best of them."""
    sets = current().sets
    options = [{"label": sets.called(name), "value": name} for name in sets.here()]
    return options, current().default_data()


def fill(lesson: str, dataset: str) -> tuple[Any, ...]:
    """Return what to watch in the lesson, and its settings."""
    data_dir = current().settings.data_path
    try:
        path = current().sets.path(dataset)
        settings = form.settings_of(lesson, dataset=path, data_dir=data_dir)
    except cnn.CnnError as error:
        raise PreventUpdate from error
    watch = cnn.lessons.LESSONS[lesson].watch if lesson != OWN else ""
    values = [f.in_control(settings[f.name]) for f in FIELDS if f.name != "dataset"]
    return watch, *values


def preview(_ready: str, dataset: str, *values: Any) -> tuple[Any, ...]:
    """Return the diagram of the chosen network, or the reason why there is none."""
    if current().ready != "ready":
        raise PreventUpdate
    try:
        settings = form.chosen(PREVIEWED, values)
        side = settings.pop("size")
        architecture = cnn.Architecture(**settings)
        data = current().sets.load(dataset, "train")
        if not data.is_labelled:
            return (
                EMPTY_FIGURE,
                {},
                True,
                "Without labels there are no classes to draw a network for.",
            )
        shape = (*size_to_train(data, side).size, data.first().shape[2])
        model = cnn.build_classifier(shape, len(data.class_names), architecture=architecture)
    except cnn.CnnError as error:
        return EMPTY_FIGURE, {}, True, str(error)
    infos = cnn.layer_infos(model)
    figure = cnn.figures.diagram(infos, title="The network to be trained, from left to right")
    size = {"width": f"{figure.layout.width}px", "height": f"{figure.layout.height}px"}
    totals = cnn.totals(model)
    caption = (
        f"{totals.layers} layers, {totals.parameters:,} parameters, "
        f"{cnn.captions.cost(totals.multiply_adds)} multiply-adds per picture."
    )
    return figure, size, False, caption
