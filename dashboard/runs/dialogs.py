"""What is asked about a run of the list: its name and note, and whether it is to be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

import cnn
from cnn.runs.naming import MOST_NAME, automatic, unique
from cnn.runs.run import MOST_NOTE, Run
from dashboard import arguments, ids
from dashboard.runs import queueing
from dashboard.runs.table import ALL, attempt, clicked, part
from dashboard.runtime.catalogue import BUNDLED
from dashboard.runtime.runtime import current
from dashboard.shell.components import aria
from dashboard.state.view import parse

EDITED = "training-edited"
DELETED = "training-deleted"
_TYPING_SECONDS = 0.2


def layout() -> list[html.Div]:
    """Return the dialogs, closed."""
    # What is too long is told; so long that the server would refuse to look at it, it cannot be.
    most: dict[str, Any] = {"maxLength": arguments.MOST_LETTERS, "debounce": _TYPING_SECONDS}
    name = dbc.Input(id=f"{EDITED}-name", **most)
    note = dbc.Textarea(id=f"{EDITED}-note", rows=4, **most)
    edit = [
        dbc.Label("Name", html_for=f"{EDITED}-name"), name, _message(f"{EDITED}-name-message"),
        dbc.Label("Note", html_for=f"{EDITED}-note", className="mt-2"), note,
        _message(f"{EDITED}-note-message"),
    ]  # fmt: skip
    return [
        _dialog(EDITED, "Name and note", edit, "Save"),
        _dialog(DELETED, "Delete a run", [html.P(id=f"{DELETED}-message")], "Delete for good"),
    ]


def _message(identity: str) -> html.Div:
    return html.Div(id=identity, className="form-text", **aria(live="polite"))


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


def register(app: Dash, outputs: Sequence[Output]) -> None:
    """Register the dialogs' callbacks; `outputs` take what `runs_table.attempt` returns."""
    stores = (f"{EDITED}-run", f"{DELETED}-run")
    fields = (f"{EDITED}-name", f"{EDITED}-note")
    arguments.accept(app, dict.fromkeys(stores, arguments.Name))
    arguments.accept(app, dict.fromkeys(fields, arguments.Text))
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
        Output(f"{DELETED}-message", "children"),
        Input(part("delete", ALL), "n_clicks"),
        prevent_initial_call=True,
    )(confirm)
    app.callback(
        Output(f"{EDITED}-name", "invalid"),
        Output(f"{EDITED}-name-message", "children"),
        Output(f"{EDITED}-note", "invalid"),
        Output(f"{EDITED}-note-message", "children"),
        Input(f"{EDITED}-name", "value"),
        Input(f"{EDITED}-note", "value"),
        State(f"{EDITED}-run", "data"),
        prevent_initial_call=True,
    )(check)
    app.callback(
        *outputs,
        Output(EDITED, "is_open", allow_duplicate=True),
        Input(f"{EDITED}-go", "n_clicks"),
        State(f"{EDITED}-run", "data"),
        State(f"{EDITED}-name", "value"),
        State(f"{EDITED}-note", "value"),
        prevent_initial_call=True,
    )(save_note)
    app.callback(
        *outputs,
        Output(DELETED, "is_open", allow_duplicate=True),
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(f"{DELETED}-go", "n_clicks"),
        State(f"{DELETED}-run", "data"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )(delete)


def edit(_clicks: list[int | None]) -> tuple[Any, ...]:
    """Open the dialog with the name and the note of the run whose button was clicked."""
    run = _clicked_run()
    return True, run.id, run.note.name, run.note.text


def confirm(_clicks: list[int | None]) -> tuple[Any, ...]:
    """Open the dialog that asks whether the run is to be deleted."""
    run = _clicked_run()
    message = (
        f"{run.name}: its model, its history and {len(run.moments)} moments "
        f"({cnn.captions.megabytes(run.moments_bytes)}) will be gone. This cannot be undone."
    )
    return True, run.id, message


def check(name: str | None, text: str | None, run_id: str | None) -> tuple[Any, ...]:
    """Return of the name and of the note whether it is refused, and why, or how long it is."""
    taken = _name_problem(name or "", run_id)
    too_long = _length_problem(text or "", MOST_NOTE)
    return (
        bool(taken),
        taken or f"{_length(name or '', MOST_NAME)} Without a name it gets one by its settings.",
        bool(too_long),
        too_long or _length(text or "", MOST_NOTE),
    )


def save_note(_: int | None, run_id: Any, name: str | None, text: str | None) -> tuple[Any, ...]:
    """Keep the name and the note of the dialog, or leave it open where one of them is refused."""
    name, text = (name or "").strip(), (text or "").strip()
    if _name_problem(name, run_id) or _length_problem(text, MOST_NOTE):
        return no_update, no_update, no_update, True
    return *attempt(lambda: _keep(_run(run_id), name, text)), False


def _keep(run: Run, name: str, text: str) -> None:
    own = "" if run.is_recorded else unique(automatic(run.config), _others(run.id))
    queueing.write_note(run, name or own, text)


def _name_problem(name: str, run_id: str | None) -> str:
    if name.strip() and name.strip() in _others(run_id):
        return "Another run is called so: choose another name."
    return _length_problem(name, MOST_NAME)


def _others(run_id: str | None) -> list[str]:
    """Return the names of all runs but one, that of the bundled classifier among them."""
    return [BUNDLED, *(r.name for r in current().settings.jobs.runs() if r.id != run_id)]


def _length_problem(text: str, most: int) -> str:
    over = len(text.strip()) - most
    return f"{_length(text, most)} Shorten it by {over:,}." if over > 0 else ""


def _length(text: str, most: int) -> str:
    return f"{len(text.strip()):,} of at most {most:,} characters."


def delete(clicks: int | None, run_id: Any, stored: dict[str, Any] | None) -> tuple[Any, ...]:
    """Delete the run of the dialog, and choose it no longer; that the page is opened is no click."""
    if not clicks:
        raise PreventUpdate
    view, _problems = parse(stored or {})
    left = ",".join(run for run in view.runs.split(",") if run != run_id)
    query = replace(view, runs=left).to_query() if left != view.runs else no_update
    return *attempt(lambda: queueing.delete(_run(run_id))), False, query


def _clicked_run() -> Run:
    try:
        return _run(clicked()["run"])
    except cnn.RunError as error:
        raise PreventUpdate from error


def _run(run_id: Any) -> Run:
    return current().settings.jobs.run(run_id)
