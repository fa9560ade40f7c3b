"""How the model in use was trained, and a button that trains another."""

from __future__ import annotations

from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.exceptions import PreventUpdate

import cnn
from cnn.configuration import TrainingConfig
from cnn.runs import ACTIVE, Run, Status
from dashboard import components, ids
from dashboard.panel import model_options
from dashboard.runtime import Runtime, current
from dashboard.view import parse

LOSS = "training-loss"
ACCURACY = "training-accuracy"
SETTINGS = "training-settings"
START = "training-start"
CANCEL = "training-cancel"
PROBLEM = "training-problem"
PROGRESS = "training-progress"
BAR = "training-bar"
TOLD = "training-told"
RUNS = "training-runs"
TICK = "training-tick"
SHOWN = "training-shown"
FIELDS = ("epochs", "batch_size", "learning_rate", "seed")
_LABELS = {
    "epochs": ("Epochs", 3, 1),
    "batch_size": ("Batch size", 128, 1),
    "learning_rate": ("Learning rate", 0.001, "any"),
    "seed": ("Seed", 0, 1),
}
_TICK_MILLISECONDS = 700
_QUIET_MILLISECONDS = 5000
_USE = {"type": "use-model", "key": dash.ALL}


def layout(**_query: Any) -> html.Div:
    """Return the page with empty figures and the form."""
    return html.Div(
        [
            components.heading(
                "Training", "How this model learned, and a new one while it learns."
            ),
            dcc.Interval(id=TICK, interval=_TICK_MILLISECONDS),
            dcc.Store(id=SHOWN),
            html.Div(id=SETTINGS, className="facts"),
            html.Div(
                [
                    components.figure(LOSS, "Loss per epoch", caption=f"{LOSS}-caption"),
                    components.figure(
                        ACCURACY, "Accuracy per epoch", caption=f"{ACCURACY}-caption"
                    ),
                ],
                className="even",
            ),
            html.H2("Train a new classifier", className="mt-2"),
            components.alert(PROBLEM),
            _form(),
            html.Div(
                [
                    dbc.Progress(id=BAR, value=0, className="mb-1", style={"height": "0.8rem"}),
                    html.Div(id=TOLD, **components.aria(live="polite")),
                    dbc.Button("Cancel", id=CANCEL, size="sm", color="secondary", outline=True),
                ],
                id=PROGRESS,
                hidden=True,
                className="progress-box",
            ),
            html.H2("Runs"),
            html.Div(id=RUNS, className="table-box"),
        ]
    )


def _form() -> html.Div:
    fields = [
        html.Div(
            [
                dbc.Label(label, html_for=f"training-{name}", className="small mb-0"),
                dbc.Input(
                    id=f"training-{name}", type="number", value=value, step=step, size="sm", min=0,
                ),
            ]
        )
        for name, (label, value, step) in _LABELS.items()
    ]  # fmt: skip
    return html.Div(
        [
            *fields,
            html.Div(
                [
                    dbc.Label("Data", html_for="training-dataset", className="small mb-0"),
                    dbc.Select(id="training-dataset", size="sm"),
                ]
            ),
            dbc.Switch(id="training-augment", label="Vary the pictures", value=True),
            dbc.Button("Train", id=START, color="primary", size="sm"),
        ],
        className="form-row",
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/training", name="Training", title="Training – CNN Visualizer",
        layout=layout, order=6, in_header=True,
    )  # fmt: skip
    app.callback(
        Output(LOSS, "figure"),
        Output(ACCURACY, "figure"),
        Output(f"{LOSS}-caption", "children"),
        Output(f"{ACCURACY}-caption", "children"),
        Output(SETTINGS, "children"),
        Output(SHOWN, "data"),
        Output(PROGRESS, "hidden"),
        Output(BAR, "value"),
        Output(TOLD, "children"),
        Output(RUNS, "children"),
        Output(TICK, "interval"),
        Output("training-dataset", "options"),
        Output("training-dataset", "value"),
        Input(ids.VIEW, "data"),
        Input(TICK, "n_intervals"),
        State(SHOWN, "data"),
        State("training-dataset", "value"),
    )(follow)
    app.callback(
        Output(PROBLEM, "children"),
        Output(PROBLEM, "is_open"),
        Output(TICK, "n_intervals"),
        Input(START, "n_clicks"),
        Input(CANCEL, "n_clicks"),
        State(TICK, "n_intervals"),
        *[State(f"training-{name}", "value") for name in FIELDS],
        State("training-dataset", "value"),
        State("training-augment", "value"),
        prevent_initial_call=True,
    )(act)
    app.callback(
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(_USE, "n_clicks"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )(use)


def follow(
    stored: dict[str, Any] | None, _tick: int | None, shown: str | None, dataset: str | None
) -> tuple[Any, ...]:
    """Return the history of the model in use, or of the run that is going on, and all runs."""
    if not stored:
        raise PreventUpdate
    runtime = current()
    view, _ = parse(stored)
    runs = runtime.settings.jobs.runs()
    states = {run.id: run.status for run in runs}
    active = next((run for run in runs if states[run.id].state in ACTIVE), None)
    if active is not None:
        runtime.ensure_worker()
    run = (
        active if active is not None and not active.history.empty else _run_of(runtime, view.model)
    )
    history = _history(run, shown)
    options = _dataset_options(runtime)
    return (
        *history,
        active is None,
        _percent_done(active, states[active.id]) if active else 0,
        _told(active, states[active.id]) if active else "",
        _runs_table(runtime, runs, states, view.model),
        _TICK_MILLISECONDS if active else _QUIET_MILLISECONDS,
        options,
        dataset or options[0]["value"],
    )


def act(
    _start: int | None, _cancel: int | None, ticks: int | None, *form: Any
) -> tuple[Any, bool, int]:
    """Start a training with the settings of the form, or cancel the one that is going on."""
    runtime = current()
    active = [r for r in runtime.settings.jobs.runs() if r.status.state in ACTIVE]
    try:
        if ctx.triggered_id == CANCEL:
            for run in active:
                run.ask_to_cancel()
        elif active:
            return f"The run {active[0].id} is going on: cancel it or wait for its end.", True, 0
        else:
            runtime.submit_training(_config(*form))
    except cnn.CnnError as error:
        return str(error), True, ticks or 0
    return "", False, (ticks or 0) + 1


def use(clicks: list[int | None], stored: dict[str, Any] | None) -> dict[str, Any]:
    """Return the view with the model whose button was clicked."""
    if not stored or not any(clicks):
        raise PreventUpdate
    set_props(ids.MODEL, {"options": model_options(current())})
    return {**stored, "model": ctx.triggered_id["key"]}


def _config(
    epochs: Any, batch_size: Any, learning_rate: Any, seed: Any, dataset: Any, augment: Any
) -> TrainingConfig:
    given = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    for name, value in given.items():
        if value is None:
            label = _LABELS[name][0]
            raise cnn.RunError(f"{label} is not filled in with a number that can be used.")
    return TrainingConfig(dataset=dataset, augment=bool(augment), **given)


def _run_of(runtime: Runtime, key: str) -> Run | None:
    try:
        return runtime.catalogue.get(key).run
    except cnn.CnnError:
        return None


def _history(run: Run | None, shown: str | None) -> tuple[Any, ...]:
    """Return the curves of a run with their captions and its settings, unless they are shown."""
    if run is None:
        none = "This model came as a file: how it was trained is not known."
        if shown == "none":
            return (no_update,) * 6
        return components.EMPTY_FIGURE, components.EMPTY_FIGURE, none, none, [], "none"
    table = run.history
    state = f"{run.path} {len(table)}"
    if state == shown:
        return (no_update,) * 6
    name = "the bundled classifier" if run.path == cnn.pretrained_run() else run.id
    loss = cnn.captions.course(table["loss"].tolist(), table["val_loss"].tolist())
    return (
        cnn.figures.history(table, quantity="loss", title=f"Loss of {name}"),
        cnn.figures.history(table, quantity="accuracy", title=f"Accuracy of {name}"),
        components.caption(loss),
        components.caption(cnn.captions.accuracy(table["val_accuracy"].tolist())),
        components.facts(_settings(run)),
        state,
    )


def _settings(run: Run) -> list[tuple[str, str]]:
    config = run.config
    scores = cnn.runs.facts(run).get("scores", {})
    return [
        ("data", config.dataset),
        ("epochs", str(config.epochs)),
        ("batch size", str(config.batch_size)),
        ("learning rate", f"{config.learning_rate:g}, falling to 0"),
        ("varied pictures", "yes" if config.augment else "no"),
        ("seed", str(config.seed)),
        *[(f"accuracy on {name}", f"{score:.2%}") for name, score in scores.items()],
    ]


def _percent_done(run: Run, status: Status) -> float:
    total = run.config.epochs * status.batches
    done = max(0, status.epoch - 1) * status.batches + status.batch
    return 100 * done / total if total else 0


def _told(run: Run, status: Status) -> str:
    """Return how far a run is, in words."""
    if status.state == "queued":
        return f"Run {run.id} is waiting for the worker, which starts TensorFlow first."
    if status.message:
        return f"Run {run.id}: {status.message}"
    if status.loss is None:
        return f"Run {run.id} is starting."
    left = "" if status.seconds_left is None else f" · {_duration(status.seconds_left)} left"
    return (
        f"Epoch {status.epoch} of {run.config.epochs} · batch {status.batch} of {status.batches} · "
        f"loss {status.loss:.4f} · accuracy {status.accuracy:.2%}{left}"
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _runs_table(runtime: Runtime, runs: list[Run], states: dict[str, Status], shown: str) -> Any:
    if not runs:
        return html.P("No training was started here yet.", className="text-body-secondary")
    keys = {entry.run: entry.key for entry in runtime.catalogue.entries() if entry.run}
    head = html.Tr(
        [html.Th(c, scope="col") for c in ("run", "state", "data", "epochs", "best accuracy", "")]
    )
    rows = [_run_row(run, states[run.id], keys.get(run), shown) for run in runs]
    return dbc.Table([html.Thead(head), html.Tbody(rows)], size="sm")


def _run_row(run: Run, status: Status, key: str | None, shown: str) -> html.Tr:
    history = run.history
    best = f"{history['val_accuracy'].max():.2%}" if len(history) else ""
    action: Any = ""
    if key is not None and key == shown:
        action = "in use"
    elif key is not None:
        identity = {"type": "use-model", "key": key}
        action = dbc.Button("Use this model", id=identity, size="sm", outline=True, color="primary")
    state = f"{status.state}: {status.message}" if status.message else status.state
    cells = (state, run.config.dataset, f"{len(history)} of {run.config.epochs}", best, action)
    return html.Tr([html.Th(run.id, scope="row"), *map(html.Td, cells)])


def _dataset_options(runtime: Runtime) -> list[dict[str, str]]:
    names = {"mnist": "MNIST", "digits": "embedded digits"}
    usable = names if runtime.default_data() == "mnist" else {"digits": names["digits"]}
    return [{"label": label, "value": name} for name, label in usable.items()]
