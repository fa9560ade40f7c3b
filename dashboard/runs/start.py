"""How a training begins: the form is checked while it is filled in, and the answer stands at its foot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

import cnn
from cnn.data.sizing import size_to_train
from cnn.runs.configuration import TrainingConfig
from cnn.training.feeding import VALIDATION_SHARE, require_trainable
from cnn.words import counted
from dashboard import ids
from dashboard.access.refusals import told
from dashboard.runs import form, queueing
from dashboard.runs.form import FIELDS, LESSON, NUMBERS, OWN, identity, message_id
from dashboard.runtime.runtime import current
from dashboard.shell import components
from dashboard.state.view import View, parse

START = "training-start"
ANSWER = "training-answer"
ARRIVED = "training-arrived"
MOST_COMPARED = 10


def foot() -> html.Div:
    """Return the foot of the form, which stays on the screen: the button and what it answers."""
    return html.Div(
        [
            dbc.Button("Train", id=START, color="primary"),
            html.Div(id=ANSWER, **components.aria(live="polite")),
            dcc.Store(id=ARRIVED),
        ],
        className="form-foot",
    )


def register(app: Dash, tick: Output) -> None:
    """Register the callbacks; `tick` is the output that has the list made again."""
    app.callback(
        *[Output(identity(field), "invalid") for field in NUMBERS],
        *[Output(message_id(field), "children") for field in NUMBERS],
        Output(ANSWER, "children"),
        Output(ANSWER, "className"),
        Output(START, "disabled"),
        Input(ids.READY, "data"),
        *[Input(identity(field), "value") for field in FIELDS],
    )(check)
    app.callback(
        Output(ANSWER, "children", allow_duplicate=True),
        Output(ANSWER, "className", allow_duplicate=True),
        tick,
        Output(ids.VIEW, "data", allow_duplicate=True),
        Output(ARRIVED, "data"),
        Input(START, "n_clicks"),
        State(LESSON, "value"),
        State(ids.VIEW, "data"),
        *[State(identity(field), "value") for field in FIELDS],
        prevent_initial_call=True,
    )(start)
    app.clientside_callback(ClientsideFunction("cnn", "showArrived"), Input(ARRIVED, "data"))


def check(_ready: str, *values: Any) -> tuple[Any, ...]:
    """Return of each number whether it is refused, what stands under it, and why none may train."""
    problems = form.problems(FIELDS, values)
    messages = {name: f"{problem[0].upper()}{problem[1:]}" for name, problem in problems.items()}
    under = messages or _hints(values)
    why = _refusal(values)
    return (
        *[field.name in problems for field in NUMBERS],
        *[under.get(field.name, "") for field in NUMBERS],
        why,
        "refused" if why else "",
        bool(why),
    )


def start(
    clicks: int | None, lesson: str, stored: dict[str, Any] | None, *values: Any
) -> tuple[Any, ...]:
    """Queue a training with the settings of the form, and show it; nothing is done if one is refused.

    That the page is opened is no click: Dash calls what changes the view for that too.
    """
    if not clicks:
        raise PreventUpdate
    try:
        note = cnn.lessons.note("" if lesson == OWN else lesson)
        config = _config(values)
        run = queueing.submit(config, note)
    except cnn.CnnError as error:
        return told(error), "refused", no_update, no_update, no_update
    answer = f"“{run.name}” was queued: it is the first in the list above, ticked and drawn."
    view, _ = parse(stored or {})
    query = _with(view, run.id).to_query() if stored else no_update
    return answer, "accepted", 0, query, run.id


def _config(values: tuple[Any, ...]) -> TrainingConfig:
    """Return what the form asks for; `CnnError` for what cannot be trained."""
    settings = form.chosen(FIELDS, values)
    sets, name = current().sets, settings["dataset"]
    config = TrainingConfig.from_flat({**settings, "dataset": sets.path(name)})
    data, _ = sets.load(name, "train"), sets.load(name, "test")
    require_trainable(data, config)
    return config


def _refusal(values: tuple[Any, ...]) -> str:
    try:
        _config(values)
    except cnn.CnnError as error:
        return str(error)
    return ""


def _with(view: View, run_id: str) -> View:
    """Return the view with the run: alone, or beside others where several are compared."""
    compared = view.runs.split(",")
    beside = compared[: MOST_COMPARED - 1] if len(compared) > 1 else []
    return replace(view, runs=",".join([run_id, *beside]))


def _hints(values: tuple[Any, ...]) -> dict[str, str]:
    """Return what some numbers come to in pictures and steps, once data to train on can be counted."""
    if current().ready != "ready":
        return {}
    given = form.chosen(FIELDS, values)
    try:
        data = current().sets.load(given["dataset"], "train")
        size = size_to_train(data, given["size"])
    except cnn.DatasetError:
        return {}
    if not data.is_labelled:
        return {}
    kept = len(data) - len(data) // VALIDATION_SHARE
    pictures = max(1, round(given["share"] * kept)) + given.get("flagged_ones", 0)
    steps = -(-pictures // given["batch_size"])
    return {
        "size": f"= {size.words}",
        "share": f"= {pictures:,} pictures",
        "wrong_labels": f"= {round(given['wrong_labels'] * pictures):,} pictures",
        "batch_size": f"{counted(steps, 'step')} an epoch",
        "epochs": f"{counted(steps * given['epochs'], 'step')} in all",
    }
