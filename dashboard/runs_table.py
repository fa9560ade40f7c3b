"""The list of runs: how far each is, what it came to, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import html

import cnn
from cnn.runs import ACTIVE, Run, Status

_COLUMNS = ("compare", "run", "state", "data", "epochs", "best accuracy", "loss", "kept", "")
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
        """What the row shows beside progress and results: when it is another, the list is made
        again.
        """
        return (
            self.run.id, self.name, self.run.note.text, self.status.state, self.status.message,
            self.key, self.is_shown, self.is_chosen, self.run.history.empty,
        )  # fmt: skip


def names(runs: list[Run]) -> list[str]:
    """Return what the reader calls each run, with the end of its id where several share a name."""
    bundled = cnn.pretrained_run()
    plain = ["bundled digit classifier" if run.path == bundled else run.name for run in runs]
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
    found = [html.Td(shown, id=part(kind, run.id)) for kind, shown in results(run).items()]
    return html.Tr(
        [
            html.Td(tick),
            html.Th(_name(row), scope="row"),
            html.Td(_state(row)),
            html.Td(run.config.dataset),
            *found,
            html.Td(html.Div(_actions(row), className="run-actions")),
        ],
        className="shown" if row.is_shown else "",
    )


def results(run: Run) -> dict[str, Any]:
    """Return what a row shows of the epochs that have ended, by the kind of its place."""
    history = run.history
    losses = history["val_loss"].tolist()
    curve = html.Img(
        src=cnn.figures.sparkline(losses), alt=f"validation loss from {losses[0]:.3g} to "
        f"{losses[-1]:.3g}",
    ) if losses else ""  # fmt: skip
    return {
        "epochs": f"{len(history)} of {run.config.epochs}",
        "best": f"{history['val_accuracy'].max():.2%}" if losses else "",
        "curve": curve,
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
    if len(run.history):
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
        text, href=f"/runs/{run.id}/{name}", download=f"{run.id}-{name}",
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
        f"loss {status.loss:.4f} · accuracy {status.accuracy:.2%}{left}"
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
