"""The list of runs: how far each is, what it came to, and what can be done with it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ctx, html
from dash.exceptions import PreventUpdate

import cnn
from cnn.naming import data_name
from cnn.runs import ACTIVE, Run, Status
from cnn.words import number, percent
from dashboard.downloads import file_name
from dashboard.models import BUNDLED
from dashboard.runtime import Runtime
from dashboard.view import View

_COLUMNS = ("compare", "run", "state", "data", "epochs", "best accuracy", "loss", "kept", "actions")
RESUMABLE = ("interrupted", "cancelled", "failed")


@dataclass(frozen=True, eq=False)
class Row:
    """A run in the list: its state, the key of its model ("" if it has none), what is on screen.

    No two runs of a list have the same `name`.
    """

    run: Run
    status: Status
    key: str
    is_shown: bool
    is_chosen: bool
    name: str
    is_bundled: bool = False

    @property
    def look(self) -> tuple[Any, ...]:
        """What the row shows beside progress and results."""
        return (
            self.run.id, self.name, self.run.note.text, self.status.state, self.status.message,
            self.key, self.is_shown, self.is_chosen,
        )  # fmt: skip


def rows(runtime: Runtime, view: View) -> list[Row]:
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
    called = names([run for run, _ in found])
    return [
        Row(
            run, status, keys.get(run, ""), run == shown, run.id in chosen, name,
            is_bundled=run.path == cnn.pretrained_run(),
        )
        for (run, status), name in zip(found, called, strict=True)
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


def look(rows: list[Row]) -> str:
    """Return a key of what a list shows beside progress and results: another is made again."""
    return format(zlib.crc32(repr([row.look for row in rows]).encode()), "08x")


def names(runs: list[Run]) -> list[str]:
    """Return what the reader calls each run, with the end of its id where several share a name."""
    bundled = cnn.pretrained_run()
    plain = [BUNDLED if run.path == bundled else run.name for run in runs]
    return [
        name if plain.count(name) == 1 else f"{name} ({run.id[-4:]})"
        for name, run in zip(plain, runs, strict=True)
    ]


def part(kind: str, run_id: Any) -> dict[str, Any]:
    """Return the id of a part of a run's row; `run_id` may be Dash's ALL."""
    return {"type": f"run-{kind}", "run": run_id}


ALL = dash.ALL


def table(rows: list[Row]) -> dbc.Table:
    """Return the list."""
    head = html.Tr([html.Th(column, scope="col") for column in _COLUMNS])
    return dbc.Table([html.Thead(head), html.Tbody([_row(row) for row in rows])], size="sm")


def _row(row: Row) -> html.Tr:
    run = row.run
    label = f"Compare {row.name}"
    tick = dbc.Checkbox(
        id=part("compare", run.id), value=row.is_chosen, label=label, label_class_name="visually-hidden",
    )  # fmt: skip
    found = results(run)
    return html.Tr(
        [
            html.Td(tick),
            html.Th(_name(row), scope="row"),
            html.Td(_state(row)),
            html.Td(data_name(run.config.dataset)),
            html.Td(found["epochs"], id=part("epochs", run.id)),
            html.Td(found["best"], id=part("best", run.id)),
            html.Td(
                html.Img(id=part("curve", run.id), src=found["curve"], alt=found["curve-told"])
            ),
            html.Td(found["kept"], id=part("kept", run.id)),
            html.Td(html.Div(_actions(row), className="run-actions")),
        ],
        className="shown" if row.is_shown else "",
    )


def results(run: Run) -> dict[str, str]:
    """Return what a row shows of the epochs that have ended, by the kind of its place.

    "curve" is the address of a picture, and "curve-told" what it says.
    """
    history = run.history
    losses = history["val_loss"].tolist()
    told = f"validation loss from {number(losses[0])} to {number(losses[-1])}" if losses else ""
    return {
        "epochs": f"{len(history)} of {run.config.epochs}",
        "best": percent(history["val_accuracy"].max(), 2) if losses else "",
        "curve": cnn.figures.sparkline(losses) if losses else "",
        "curve-told": told,
        "kept": cnn.captions.megabytes(run.moments_bytes),
    }


def _name(row: Row) -> list[Any]:
    parts: list[Any] = [html.Div(row.name)]
    if row.run.note.name:
        parts.append(html.Div(row.run.id, className="small text-body-secondary"))
    if row.run.note.text:
        parts.append(
            html.Div(row.run.note.text, className="small run-note", title=row.run.note.text)
        )
    return parts


def _state(row: Row) -> list[Any]:
    if row.status.state not in ACTIVE:
        message = [html.Div(row.status.message, className="small")] if row.status.message else []
        return [html.Div(row.status.state), *message]
    value, told = progress(row.run, row.status)
    bar = html.Div(
        dbc.Progress(id=part("bar", row.run.id), value=value, style={"height": "0.5rem"}),
        title=f"Progress of {row.name}",
    )
    text = html.Div(told, id=part("told", row.run.id), className="small run-told")
    return [html.Div(row.status.state), bar, text]


def _actions(row: Row) -> list[Any]:
    run = row.run
    actions: list[Any] = []
    if row.is_shown:
        actions.append(html.Span("in use", className="in-use"))
    elif row.key:
        actions.append(_button("Use this model", "use", run.id, row.key))
    if row.status.state in ACTIVE:
        actions.append(_button("Cancel", "cancel", run.id))
    elif row.status.state in RESUMABLE and not row.is_bundled:
        actions.append(_button("Resume", "resume", run.id))
    if run.model_path.is_file():
        actions.append(_download("Model", run, "model.keras"))
    actions.append(_download("History", run, "history.csv"))
    if not row.is_bundled:
        actions += [_button("Edit", "edit", run.id), _button("Delete", "delete", run.id)]
    return actions


def _button(text: str, kind: str, run_id: str, key: str | None = None) -> dbc.Button:
    identity = part(kind, run_id) | ({"key": key} if key is not None else {})
    colour = "primary" if kind == "use" else "secondary"
    return dbc.Button(text, id=identity, size="sm", outline=True, color=colour)


def _download(text: str, run: Run, name: str) -> html.A:
    return html.A(
        text, href=f"/runs/{run.id}/{name}", download=file_name(run, name),
        className="btn btn-sm btn-outline-secondary", title=f"Download {name}",
    )  # fmt: skip


def progress(run: Run, status: Status) -> tuple[float, str]:
    """Return how far an active run is: in percent, and in words."""
    total = run.config.epochs * status.batches
    done = max(0, status.epoch - 1) * status.batches + status.batch
    return (100 * done / total if total else 0), _told(run, status)


def _told(run: Run, status: Status) -> str:
    if status.state == "queued":
        return status.message or "waiting for a worker"
    if status.message:
        return status.message
    if status.loss is None or status.accuracy is None:
        return "starting"
    left = "" if status.seconds_left is None else f" · {_duration(status.seconds_left)} left"
    return (
        f"Epoch {status.epoch} of {run.config.epochs} · batch {status.batch} of {status.batches} · "
        f"loss {status.loss:.4f} · accuracy {percent(status.accuracy, 2)}{left}"
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def clicked() -> dict[str, Any]:
    """Return the id of the button that was clicked; that a list of buttons is made is no click."""
    identity: Any = ctx.triggered_id
    if not identity or not any(one["value"] for one in ctx.triggered):
        raise PreventUpdate
    return dict(identity)


def attempt(action: Callable[[], object]) -> tuple[str, bool, int]:
    """Do it, and return what went wrong, whether something did, and that the list is another."""
    try:
        action()
    except cnn.CnnError as error:
        return str(error), True, 0
    return "", False, 0
