"""How networks learn: the runs, their curves beside each other, and a form that starts another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.exceptions import PreventUpdate

import cnn
from cnn.configuration import TrainingConfig, differences
from cnn.figures import Course
from cnn.moments import Moment
from cnn.runs import ACTIVE, Run
from dashboard import components, ids, runs_table, training_form
from dashboard.panel import model_options
from dashboard.runs_table import ALL, Row, part
from dashboard.runtime import Runtime, current
from dashboard.training_form import FIELDS, LESSON, NETWORK, OWN, WATCH, identity
from dashboard.view import View, parse

LOSS = "training-loss"
ACCURACY = "training-accuracy"
RATE = "training-rate"
GRADIENTS = "training-gradients"
SPEED = "training-speed"
CLASSES = "training-classes"
FIGURES = (LOSS, ACCURACY, RATE, CLASSES, GRADIENTS, SPEED)
SETTINGS = "training-settings"
START = "training-start"
PROBLEM = "training-problem"
DIAGRAM = "training-diagram"
DIAGRAM_TOLD = "training-diagram-told"
RUNS = "training-runs"
TICK = "training-tick"
CURVES_TICK = "training-curves-tick"
SHOWN = "training-shown"
LISTED = "training-listed"
TICKED = {"type": "training-ticked", "page": "training"}
EDITED = "training-edited"
DELETED = "training-deleted"
_TICK_MILLISECONDS = 1500
_QUIET_MILLISECONDS = 5000
# Drawing curves takes the browser a third of a second, which a training beside it feels.
_CURVES_MILLISECONDS = 6000
_SINGLE = "training-single"
_MOST_COMPARED = 10


def layout(**_query: Any) -> html.Div:
    """Return the page with empty figures, the list and the form."""
    return html.Div(
        [
            components.heading(
                "Training",
                "How networks learn. Tick runs to compare them; the slider below the prediction "
                "goes back to any moment of the model in use.",
            ),
            dcc.Interval(id=TICK, interval=_TICK_MILLISECONDS),
            dcc.Interval(id=CURVES_TICK, interval=_CURVES_MILLISECONDS),
            dcc.Store(id=SHOWN),
            dcc.Store(id=LISTED),
            dcc.Store(id=TICKED),
            html.Div(id=SETTINGS, className="facts table-box"),
            _figures(),
            html.H2("Runs"),
            components.alert(PROBLEM),
            html.Div(id=RUNS, className="table-box runs"),
            html.H2("Train a new classifier", className="mt-3"),
            training_form.layout(),
            components.figure(DIAGRAM, "Diagram of the network to be trained", wide=True),
            html.P(id=DIAGRAM_TOLD, className="caption", **components.aria(live="polite")),
            dbc.Button("Train", id=START, color="primary"),
            *_dialogs(),
        ]
    )


def _figures() -> html.Div:
    names = {
        LOSS: "Loss per epoch",
        ACCURACY: "Accuracy per epoch",
        RATE: "Learning rate along the training",
        CLASSES: "Accuracy of each class",
        GRADIENTS: "Gradient of each layer",
        SPEED: "Pictures per second",
    }
    figures = [
        components.figure(key, name, caption=f"{key}-caption") for key, name in names.items()
    ]
    return html.Div(
        [
            html.Div(figures[:2], className="even"),
            html.Div(figures[2:4], className="even"),
            html.Div(figures[4:], className="even", id=_SINGLE),
        ],
        className="curves",
    )


def _dialogs() -> list[Any]:
    name = dbc.Input(id=f"{EDITED}-name", maxLength=cnn.runs.MOST_NAME)
    note = dbc.Textarea(id=f"{EDITED}-note", maxLength=cnn.runs.MOST_NOTE, rows=4)
    edit = [
        dbc.Label("Name", html_for=f"{EDITED}-name"), name,
        dbc.Label("Note", html_for=f"{EDITED}-note", className="mt-2"), note,
    ]  # fmt: skip
    return [
        _dialog(EDITED, "Name and note", edit, "Save"),
        _dialog(DELETED, "Delete a run", [html.P(id=f"{DELETED}-told")], "Delete for good"),
    ]


def _dialog(identity: str, title: str, body: list[Any], action: str) -> html.Div:
    modal = dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(title)),
            dbc.ModalBody(body),
            dbc.ModalFooter(dbc.Button(action, id=f"{identity}-go", color="primary")),
        ],
        id=identity,
        is_open=False,
    )
    return html.Div([dcc.Store(id=f"{identity}-run"), modal])


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/training", name="Training", title="Training – CNN Visualizer",
        layout=layout, order=6, in_header=True,
    )  # fmt: skip
    app.callback(
        *[Output(figure, "figure") for figure in FIGURES],
        *[Output(f"{figure}-caption", "children") for figure in FIGURES],
        Output(SETTINGS, "children"),
        Output(_SINGLE, "hidden"),
        Output(SHOWN, "data"),
        Input(ids.VIEW, "data"),
        Input(CURVES_TICK, "n_intervals"),
        Input(CURVES_TICK, "disabled"),
        State(SHOWN, "data"),
    )(draw)
    app.callback(
        Output(RUNS, "children"),
        Output(LISTED, "data"),
        Output(TICKED, "data"),
        Output(TICK, "interval"),
        Output(CURVES_TICK, "disabled"),
        Input(ids.VIEW, "data"),
        Input(TICK, "n_intervals"),
        State(LISTED, "data"),
        State(TICK, "interval"),
    )(follow)
    app.callback(
        Output(PROBLEM, "children"),
        Output(PROBLEM, "is_open"),
        Output(TICK, "n_intervals"),
        Input(START, "n_clicks"),
        State(LESSON, "value"),
        *[State(identity(field), "value") for field in FIELDS],
        prevent_initial_call=True,
    )(start)
    app.callback(
        Output(PROBLEM, "children", allow_duplicate=True),
        Output(PROBLEM, "is_open", allow_duplicate=True),
        Output(TICK, "n_intervals", allow_duplicate=True),
        Input(part("cancel", ALL), "n_clicks"),
        Input(part("resume", ALL), "n_clicks"),
        prevent_initial_call=True,
    )(act)
    _register_form(app)
    _register_dialogs(app)
    app.callback(
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input({**part("use", ALL), "key": ALL}, "n_clicks"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )(use)
    app.callback(
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(part("compare", ALL), "value"),
        State({**TICKED, "page": ALL}, "data"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )(compare)


def _register_form(app: Dash) -> None:
    app.callback(
        Output(identity(_field("dataset")), "options"),
        Output(identity(_field("dataset")), "value"),
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
        State(identity(_field("dataset")), "value"),
        prevent_initial_call=True,
    )(fill)
    app.callback(
        Output(DIAGRAM, "figure"),
        Output(DIAGRAM, "style"),
        Output(DIAGRAM_TOLD, "children"),
        Output(START, "disabled"),
        Input(ids.READY, "data"),
        *[Input(identity(field), "value") for field in NETWORK],
    )(preview)


def _register_dialogs(app: Dash) -> None:
    app.callback(
        Output(EDITED, "is_open"),
        Output(f"{EDITED}-run", "data"),
        Output(f"{EDITED}-name", "value"),
        Output(f"{EDITED}-note", "value"),
        Input(part("edit", ALL), "n_clicks"),
        prevent_initial_call=True,
    )(edit)
    app.callback(
        Output(DELETED, "is_open"),
        Output(f"{DELETED}-run", "data"),
        Output(f"{DELETED}-told", "children"),
        Input(part("delete", ALL), "n_clicks"),
        prevent_initial_call=True,
    )(confirm)
    done = (
        Output(PROBLEM, "children", allow_duplicate=True),
        Output(PROBLEM, "is_open", allow_duplicate=True),
        Output(TICK, "n_intervals", allow_duplicate=True),
    )
    app.callback(
        *done,
        Output(EDITED, "is_open", allow_duplicate=True),
        Input(f"{EDITED}-go", "n_clicks"),
        State(f"{EDITED}-run", "data"),
        State(f"{EDITED}-name", "value"),
        State(f"{EDITED}-note", "value"),
        prevent_initial_call=True,
    )(save_note)
    app.callback(
        *done,
        Output(DELETED, "is_open", allow_duplicate=True),
        Input(f"{DELETED}-go", "n_clicks"),
        State(f"{DELETED}-run", "data"),
        prevent_initial_call=True,
    )(delete)


def follow(
    stored: dict[str, Any] | None, _tick: int | None, listed: str | None, interval: int
) -> tuple[Any, ...]:
    """Return all runs; of a list that is on the screen only the progress is brought up to date."""
    if not stored:
        raise PreventUpdate
    runtime = current()
    view, _ = parse(stored)
    rows = _rows(runtime, view)
    active = [row for row in rows if row.status.state in ACTIVE]
    if active:
        runtime.ensure_worker()
    for row in active:
        _show_progress(row, listed)
    wanted = _TICK_MILLISECONDS if active else _QUIET_MILLISECONDS
    pace = (no_update,) * 2 if wanted == interval else (wanted, not active)
    key = repr([row.look for row in rows])
    if key == listed:
        return no_update, no_update, no_update, *pace
    chosen = [row.run.id for row in rows if row.is_chosen]
    return runs_table.table(rows), key, chosen, *pace


def draw(
    stored: dict[str, Any] | None, _tick: int | None, _ended: bool | None, shown: str | None
) -> tuple[Any, ...]:
    """Return the curves of the chosen runs, unless they are on the screen."""
    if not stored:
        raise PreventUpdate
    view, _ = parse(stored)
    return _curves(view, [row for row in _rows(current(), view) if row.is_chosen], shown)


def _show_progress(row: Row, listed: str | None) -> None:
    if listed and repr(row.run.id) in listed:
        value, told = runs_table.progress(row.run, row.status)
        set_props(part("bar", row.run.id), {"value": value})
        set_props(part("told", row.run.id), {"children": told})


def _rows(runtime: Runtime, view: View) -> list[Row]:
    """Return all runs, the newest first and the bundled one last."""
    keys = {entry.run: entry.key for entry in runtime.catalogue.entries() if entry.run}
    shown = _run_of(runtime, view)
    found = []
    for run in [*runtime.settings.jobs.runs(), Run(cnn.pretrained_run())]:
        try:
            found.append((run, runtime.status_of(run)))
        except cnn.RunError:
            continue
    chosen = _chosen(view, shown, found)
    names = runs_table.names([run for run, _ in found])
    return [
        Row(
            run, status, keys.get(run, ""), run == shown, run.id in chosen, name,
            is_bundled=run.path == cnn.pretrained_run(),
        )
        for (run, status), name in zip(found, names, strict=True)
    ]  # fmt: skip


def _chosen(view: View, shown: Run | None, found: list[tuple[Run, Any]]) -> list[str]:
    """Return the ids of the runs that are drawn: those ticked, else one at work, else that in use."""
    if view.runs:
        return view.runs.split(",")
    active = [run.id for run, status in found if status.state == "running"]
    return active[:1] or ([shown.id] if shown else [])


def _run_of(runtime: Runtime, view: View) -> Run | None:
    try:
        return runtime.entry(view).run
    except cnn.CnnError:
        return None


def _curves(view: View, rows: list[Row], shown: str | None) -> tuple[Any, ...]:
    """Return the figures, their captions, the settings, whether some are hidden, and a key."""
    courses = [_course(row) for row in rows]
    key = repr([(row.run.path, row.name, row.status.state) for row in rows])
    key += repr([(len(c.history), len(c.batches)) for c in courses]) + view.epoch + view.model
    if key == shown:
        raise PreventUpdate
    if not rows:
        none = (
            "None of the runs that the link compares is on this server: tick some below."
            if view.runs
            else "This model came as a file: how it was trained is not known."
        )
        empty = (components.EMPTY_FIGURE,) * len(FIGURES)
        return *empty, none, *[""] * (len(FIGURES) - 1), [], True, key
    figures = _of_one(rows[0], courses[0]) if len(rows) == 1 else _of_many(rows, courses)
    if len(rows) == 1 and rows[0].is_shown and view.epoch:
        _mark(figures, rows[0], Moment.parse(view.epoch))
    captions = (
        _loss_caption(courses), _accuracy_caption(courses), _rate_caption(rows),
        "Of the validation pictures, the share that is recognised. A dark cell is a class that is hard.",
        "How much the loss would change with each layer's weights: steps are that large.",
        "Measured step by step in the process that trains.",
    )  # fmt: skip
    facts = components.facts(_settings(rows[0])) if len(rows) == 1 else _differences(rows)
    return *figures, *captions, facts, len(rows) > 1, key


def _course(row: Row) -> Course:
    return Course(row.name, row.run.history, row.run.batches, max(1, row.status.batches))


def _of_one(row: Row, course: Course) -> list[Any]:
    classes = row.run.classes
    epochs = [int(epoch) for epoch in classes["epoch"]] if len(classes) else []
    return [
        cnn.figures.history([course], quantity="loss", title=f"Loss of {row.name}"),
        cnn.figures.history([course], quantity="accuracy", title=f"Accuracy of {row.name}"),
        cnn.figures.learning_rates([course], title="Learning rate"),
        cnn.figures.class_accuracy(
            classes, title="Accuracy of each class, epoch by epoch", columns=epochs
        )
        if epochs
        else components.EMPTY_FIGURE,
        cnn.figures.gradients(course, title="Gradient of each layer"),
        cnn.figures.throughput(course, title="Pictures per second"),
    ]


def _of_many(rows: list[Row], courses: list[Course]) -> list[Any]:
    known = [(row, row.run.classes.tail(1)) for row in rows if len(row.run.classes)]
    classes: Any = components.EMPTY_FIGURE
    if known:
        table = cnn.runs.together([table for _, table in known])
        names = [row.name for row, _ in known]
        classes = cnn.figures.class_accuracy(
            table, title="Accuracy of each class, after the last epoch", columns=names
        )
    return [
        cnn.figures.history(courses, quantity="loss", title=f"Loss of {len(rows)} runs"),
        cnn.figures.history(courses, quantity="accuracy", title=f"Accuracy of {len(rows)} runs"),
        cnn.figures.learning_rates(courses, title="Learning rate"),
        classes,
        *[components.EMPTY_FIGURE] * 2,
    ]


def _mark(figures: list[Any], row: Row, moment: Moment) -> None:
    place = moment.epoch + moment.batch / max(1, row.status.batches)
    for figure in (*figures[:3], *figures[4:]):
        cnn.figures.mark(figure, place, "shown")


def _loss_caption(courses: list[Course]) -> str:
    if len(courses) > 1:
        return "Solid: on the pictures trained on. Dashed: on validation pictures."
    table = courses[0].history
    return components.caption(
        cnn.captions.course(table["loss"].tolist(), table["val_loss"].tolist())
    )


def _accuracy_caption(courses: list[Course]) -> str:
    if len(courses) == 1:
        known = courses[0].history["val_accuracy"].tolist()
        return components.caption(cnn.captions.accuracy(known))
    best = {c.name: float(c.history["val_accuracy"].max()) for c in courses if len(c.history)}
    if not best:
        return "No epoch has ended yet."
    name = max(best, key=lambda known: best[known])
    return f"The best validation accuracy is {best[name]:.2%}, of {name}."


def _rate_caption(rows: list[Row]) -> str:
    kinds = sorted({f"{row.run.config.optimizer}, {row.run.config.schedule}" for row in rows})
    return f"Optimiser and schedule: {'; '.join(kinds)}."


def _settings(row: Row) -> list[tuple[str, str]]:
    config = row.run.config
    standard = TrainingConfig().flat()
    scores = cnn.runs.facts(row.run).get("scores", {})
    always = ("dataset", "epochs", "batch_size", "learning_rate", "seed")
    return [
        *[
            training_form.in_words(name, value)
            for name, value in config.flat().items()
            if name != "save_to" and (name in always or value != standard[name])
        ],
        *[(f"accuracy on {name}", f"{score:.2%}") for name, score in scores.items()],
    ]


def _differences(rows: list[Row]) -> Any:
    """Return the settings in which the runs differ, a row per setting and a column per run."""
    differing = differences([row.run.config for row in rows])
    if not differing:
        return "All settings of these runs are the same."
    head = html.Tr([html.Th("setting", scope="col"), *[html.Th(r.name, scope="col") for r in rows]])
    body = [_difference(name, values) for name, values in differing.items()]
    return dbc.Table([html.Thead(head), html.Tbody(body)], size="sm")


def _difference(name: str, values: list[Any]) -> html.Tr:
    told = [training_form.in_words(name, value) for value in values]
    return html.Tr([html.Th(told[0][0], scope="row"), *[html.Td(value) for _, value in told]])


def start(_clicks: int | None, lesson: str, *values: Any) -> tuple[Any, bool, Any]:
    """Queue a training with the settings of the form."""
    try:
        settings = training_form.chosen(FIELDS, values)
        run = current().submit_training(TrainingConfig.from_flat(settings))
        if lesson != OWN:
            chosen = cnn.lessons.LESSONS[lesson]
            run.write_note(chosen.name, chosen.watch)
        set_props(ids.PULSE, {"disabled": False})
        return "", False, 0
    except (cnn.CnnError, OSError) as error:
        return str(error), True, no_update


def act(*_clicks: Any) -> tuple[Any, bool, Any]:
    """Cancel or resume the run whose button was clicked."""
    return _do(lambda run: {"run-cancel": run.ask_to_cancel, "run-resume": lambda: _resume(run)})


def _resume(run: Run) -> None:
    current().resume_training(run)
    set_props(ids.PULSE, {"disabled": False})


def _do(actions: Any) -> tuple[Any, bool, Any]:
    clicked: Any = ctx.triggered_id
    if not clicked or not any(one["value"] for one in ctx.triggered):
        raise PreventUpdate
    try:
        actions(current().settings.jobs.run(clicked["run"]))[clicked["type"]]()
    except (cnn.CnnError, OSError) as error:
        return str(error), True, 0
    return "", False, 0


def edit(_clicks: list[int | None]) -> tuple[Any, ...]:
    """Open the dialog with the name and the note of the run whose button was clicked."""
    run = _clicked_run()
    return True, run.id, run.note.name, run.note.text


def confirm(_clicks: list[int | None]) -> tuple[Any, ...]:
    """Open the dialog that asks whether the run is to be deleted."""
    run = _clicked_run()
    told = (
        f"{run.name}: its model, its history and {len(run.moments)} moments "
        f"({cnn.captions.megabytes(run.moments_bytes)}) will be gone. This cannot be undone."
    )
    return True, run.id, told


def _clicked_run() -> Run:
    clicked: Any = ctx.triggered_id
    if not clicked or not any(one["value"] for one in ctx.triggered):
        raise PreventUpdate
    return current().settings.jobs.run(clicked["run"])


def save_note(_: int | None, run_id: str, name: str | None, text: str | None) -> tuple[Any, ...]:
    """Keep the name and the note of the dialog."""
    return *_try(
        lambda: current().settings.jobs.run(run_id).write_note(name or "", text or "")
    ), False


def delete(_: int | None, run_id: str) -> tuple[Any, ...]:
    """Delete the run of the dialog."""
    return *_try(current().settings.jobs.run(run_id).delete), False


def _try(action: Any) -> tuple[Any, bool, Any]:
    try:
        action()
    except (cnn.CnnError, OSError) as error:
        return str(error), True, 0
    return "", False, 0


def use(_clicks: list[int | None], stored: dict[str, Any] | None) -> dict[str, Any]:
    """Return the view with the model whose button was clicked."""
    clicked: Any = ctx.triggered_id
    if not stored or not clicked or not any(one["value"] for one in ctx.triggered):
        raise PreventUpdate
    set_props(ids.MODEL, {"options": model_options(current())})
    set_props(ids.PULSE, {"disabled": False})
    view, _ = parse(stored)
    other = replace(
        view, model=clicked["key"], epoch="", other="", channel=None, source=None, target=None
    )
    return other.to_query()


def compare(
    ticked: list[bool], before: list[list[str] | None], stored: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the view with the runs that are ticked; ten at most.

    `before` has those that were ticked when the list was made: a new list is no choice. It is empty
    when the page has just been left, and with it the list.
    """
    places = [one["id"]["run"] for one in ctx.inputs_list[0]]
    chosen = [run for run, on in zip(places, ticked, strict=True) if on][:_MOST_COMPARED]
    if not stored or not before or before[0] in (None, chosen):
        raise PreventUpdate
    view, _ = parse(stored)
    return replace(view, runs=",".join(chosen)).to_query()


def datasets(_ready: str) -> tuple[Any, Any]:
    """Return the data that can be trained on, and the best of them."""
    names = {"mnist": "MNIST", "digits": "embedded digits"}
    best = current().default_data()
    usable = names if best == "mnist" else {"digits": names["digits"]}
    return [{"label": label, "value": name} for name, label in usable.items()], best


def fill(lesson: str, dataset: str) -> tuple[Any, ...]:
    """Return what to watch in the lesson, and its settings."""
    data_dir = current().settings.data_path
    settings = training_form.settings_of(lesson, dataset=dataset, data_dir=data_dir)
    watch = cnn.lessons.LESSONS[lesson].watch if lesson != OWN else ""
    values = [training_form.shown(f, settings[f.name]) for f in FIELDS if f.name != "dataset"]
    return watch, *values


def preview(_ready: str, *values: Any) -> tuple[Any, ...]:
    """Return the diagram of the chosen network, or the reason why there is none."""
    if current().ready != "ready":
        raise PreventUpdate
    try:
        architecture = cnn.Architecture(**training_form.chosen(NETWORK, values))
        model = cnn.build_classifier(architecture=architecture)
    except cnn.CnnError as error:
        return components.EMPTY_FIGURE, {"height": "2rem"}, str(error), True
    infos = cnn.layer_infos(model)
    figure = cnn.figures.diagram(infos, title="The network to be trained, from left to right")
    size = {"width": f"{figure.layout.width}px", "height": f"{figure.layout.height}px"}
    totals = cnn.totals(model)
    told = (
        f"{totals.layers} layers, {totals.parameters:,} parameters, "
        f"{totals.multiply_adds:,} multiply-adds per picture."
    )
    return figure, size, told, False


def _field(name: str) -> training_form.Field:
    return next(field for field in FIELDS if field.name == name)
