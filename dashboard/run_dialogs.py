"""What is asked about a run of the list: its name and note, and whether it is to be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html

import cnn
from cnn.runs import Run
from dashboard.runs_table import ALL, attempt, clicked, part
from dashboard.runtime import current

EDITED = "training-edited"
DELETED = "training-deleted"


def layout() -> list[html.Div]:
    """Return the dialogs, closed."""
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


def register(app: Dash, told: Sequence[Output]) -> None:
    """Register the dialogs' callbacks; `told` are the outputs of what `runs_table.attempt` returns."""
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
    app.callback(
        *told,
        Output(EDITED, "is_open", allow_duplicate=True),
        Input(f"{EDITED}-go", "n_clicks"),
        State(f"{EDITED}-run", "data"),
        State(f"{EDITED}-name", "value"),
        State(f"{EDITED}-note", "value"),
        prevent_initial_call=True,
    )(save_note)
    app.callback(
        *told,
        Output(DELETED, "is_open", allow_duplicate=True),
        Input(f"{DELETED}-go", "n_clicks"),
        State(f"{DELETED}-run", "data"),
        prevent_initial_call=True,
    )(delete)


def edit(_clicks: list[int | None]) -> tuple[Any, ...]:
    """Open the dialog with the name and the note of the run whose button was clicked."""
    run = _run(clicked()["run"])
    return True, run.id, run.note.name, run.note.text


def confirm(_clicks: list[int | None]) -> tuple[Any, ...]:
    """Open the dialog that asks whether the run is to be deleted."""
    run = _run(clicked()["run"])
    told = (
        f"{run.name}: its model, its history and {len(run.moments)} moments "
        f"({cnn.captions.megabytes(run.moments_bytes)}) will be gone. This cannot be undone."
    )
    return True, run.id, told


def save_note(_: int | None, run_id: str, name: str | None, text: str | None) -> tuple[Any, ...]:
    """Keep the name and the note of the dialog."""
    return *attempt(lambda: _run(run_id).write_note(name or "", text or "")), False


def delete(_: int | None, run_id: str) -> tuple[Any, ...]:
    """Delete the run of the dialog."""
    return *attempt(_run(run_id).delete), False


def _run(run_id: str) -> Run:
    return current().settings.jobs.run(run_id)
