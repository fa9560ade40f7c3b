"""The list of runs: how far each is, what it came to, and what can be done with it."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ctx, html
from dash.exceptions import PreventUpdate

import cnn
from cnn.data.names import data_name
from cnn.errors import without_folders
from cnn.runs.run import ACTIVE, Run, Status
from cnn.words import number, percent
from dashboard.access.people import Role
from dashboard.access.refusals import told
from dashboard.access.roles import person
from dashboard.prefix import below
from dashboard.runs.files import file_name
from dashboard.runs.paging import MOST_ROWS, PageRequest, Place
from dashboard.runtime.catalogue import BUNDLED, entry_of
from dashboard.runtime.runtime import Runtime
from dashboard.runtime.statuses import Statuses
from dashboard.state.view import View

_COLUMNS = ("compare", "run", "state", "data", "epochs", "best accuracy", "loss", "kept", "actions")
RESUMABLE = ("interrupted", "cancelled", "failed")


@dataclass(frozen=True, eq=False)
class Row:
    """A run in the list: its state, the key of its model ("" if it has none), what is on screen.

    No two runs of a list have the same `name`. `damaged` is the name of a file that cannot be read.
    """

    run: Run
    status: Status
    key: str
    is_in_use: bool
    is_chosen: bool
    name: str
    is_bundled: bool = False
    damaged: str = ""

    @property
    def is_resumable(self) -> bool:
        """Whether this server can go on with the training."""
        is_other = self.is_bundled or self.damaged or self.run.is_recorded
        return self.status.state in RESUMABLE and not is_other

    @property
    def look(self) -> tuple[Any, ...]:
        """What the row shows beside progress and results."""
        return (
            self.run.id, self.name, self.run.note.text, self.status.state, self.status.message,
            self.key, self.is_in_use, self.is_chosen, self.damaged,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Listing:
    """A page of the list: its rows, its place, and the ids of all runs that are drawn.

    `followed` is the run at work that is drawn because none is ticked, or "".
    """

    rows: list[Row]
    place: Place
    chosen: list[str]
    followed: str

    @property
    def look(self) -> str:
        """A key of what the page shows beside progress and results: another is made again."""
        return key_of(self.place, self.chosen, *(row.look for row in self.rows))

    @property
    def elsewhere(self) -> int:
        """How many runs are drawn that are on other pages."""
        return len(set(self.chosen) - {row.run.id for row in self.rows})


def key_of(*parts: Any) -> str:
    """Return a short text that is another when one of the parts is, for a browser to keep."""
    return format(zlib.crc32(repr(parts).encode()), "08x")


def listing(runtime: Runtime, view: View, wanted: PageRequest, statuses: Statuses) -> Listing:
    """Return a page of all runs, whose `statuses` were just seen."""
    runs = statuses.runs
    words = wanted.find.casefold()
    matches = [run for run in runs if words in _called(run).casefold()] if words else runs
    place = Place.of(wanted, len(matches), len(runs))
    page = matches[place.first : place.first + MOST_ROWS]
    chosen = _chosen(runtime, view, statuses)
    followed = "" if view.runs else next((run.id for run in statuses.running), "")
    rows = _rows(runtime, view, page, chosen, statuses)
    return Listing(rows, place, [run.id for run in chosen], followed)


def chosen_rows(runtime: Runtime, view: View) -> list[Row]:
    """Return the runs that are drawn, in the order of the list."""
    statuses = runtime.statuses()
    chosen = _chosen(runtime, view, statuses)
    return _rows(runtime, view, chosen, chosen, statuses)


def run_in_use(runtime: Runtime, view: View) -> Run | None:
    """Return the run of the model in use, if it has one."""
    try:
        return runtime.entry(view).run
    except cnn.CnnError:
        return None


def _rows(
    runtime: Runtime, view: View, runs: list[Run], chosen: list[Run], statuses: Statuses
) -> list[Row]:
    """Return a row for each of the runs that are still there."""
    in_use = run_in_use(runtime, view)
    called = dict(zip(runs, names(runs, chosen), strict=True))
    rows = []
    for run in runs:
        with suppress(cnn.RunError):
            status, damaged = statuses.of(run), run.damaged
            if status:
                key = next((entry.key for entry in entry_of(run)), "")
                rows.append(
                    Row(
                        run, status, key, run == in_use, run in chosen, called[run],
                        is_bundled=run.path == cnn.pretrained_run(), damaged=damaged,
                    )
                )  # fmt: skip
    return rows


def _chosen(runtime: Runtime, view: View, statuses: Statuses) -> list[Run]:
    """Return the runs that are drawn: those ticked, else the newest at work, else that in use."""
    if view.runs:
        ids = sorted(set(view.runs.split(",")), reverse=True)
        runs = [run for run in map(runtime.find_run, ids) if run]
        return sorted(runs, key=lambda run: run.path == cnn.pretrained_run())
    in_use = run_in_use(runtime, view)
    return statuses.running[:1] or ([in_use] if in_use else [])


def names(runs: list[Run], beside: list[Run] | None = None) -> list[str]:
    """Return what the reader calls each run, with the end of its id where several share a name.

    `beside` are other runs that are on the screen.
    """
    called = {run: _called(run) for run in [*runs, *(beside or [])]}
    shared = Counter(called.values())
    return [
        called[run] if shared[called[run]] == 1 else f"{called[run]} ({run.id[-4:]})"
        for run in runs
    ]


def _called(run: Run) -> str:
    return BUNDLED if run.path == cnn.pretrained_run() else run.name


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
    cells = results(run)
    return html.Tr(
        [
            html.Td(tick),
            html.Th(_name(row), scope="row"),
            html.Td(_state(row)),
            html.Td(cells["data"]),
            html.Td(cells["epochs"], id=part("epochs", run.id)),
            html.Td(cells["best"], id=part("best", run.id)),
            html.Td(
                html.Img(id=part("curve", run.id), src=cells["curve"], alt=cells["curve-text"])
            ),
            html.Td(cells["kept"], id=part("kept", run.id)),
            html.Td(html.Div(_actions(row), className="run-actions")),
        ],
        className="shown" if row.is_in_use else "",
    )


def results(run: Run) -> dict[str, str]:
    """Return what a row shows of the epochs that have ended, by the kind of its place.

    "curve" is the address of a picture, and "curve-text" what it says.
    """
    kept = cnn.captions.megabytes(run.moments_bytes)
    try:
        data, planned, history = _data(run), run.planned_epochs, run.history
    except cnn.RunError:
        return {
            **dict.fromkeys(("data", "epochs", "best", "curve", "curve-text"), ""),
            "kept": kept,
        }
    which = "val_loss" if history["val_loss"].notna().any() else "loss"
    losses = history[which].dropna().tolist()
    what = {"val_loss": "validation loss", "loss": "loss"}[which]
    description = f"{what} from {number(losses[0])} to {number(losses[-1])}" if losses else ""
    best = history["val_accuracy"].max()
    return {
        "data": data,
        "epochs": epochs_in_words(history["epoch"].tolist(), planned)
        if planned or len(history)
        else "",
        "best": percent(best, 2) if best == best else "",
        "curve": cnn.figures.sparkline(losses) if losses else "",
        "curve-text": description,
        "kept": kept,
    }


def is_from_the_start(epochs: Sequence[int]) -> bool:
    """Whether epochs are all from the first on, so that their number is that of the last."""
    return list(epochs) == [*range(1, len(epochs) + 1)]


def epochs_in_words(epochs: Sequence[int], planned: int) -> str:
    """Return how many epochs are done of those that were planned (0: nobody knows), or which they are."""
    named = dict.fromkeys(f"{epochs[place]:.0f}" for place in (0, -1)) if epochs else {}
    done = str(len(epochs)) if is_from_the_start(epochs) else " to ".join(named)
    return f"{done} of {planned}" if planned else done


def _data(run: Run) -> str:
    recorded = run.recorded
    return recorded.settings.get("data", "") if recorded else data_name(run.config.dataset)


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
    if row.damaged:
        message = f"{row.damaged} cannot be read."
        return [html.Div("damaged"), html.Div(message, className="small")]
    if row.status.state not in ACTIVE:
        message = without_folders(str(row.status.message))
        details = [html.Div(message, className="small")] if message else []
        return [html.Div(row.status.state), *details]
    value, text = progress(row.run, row.status)
    bar = html.Div(
        dbc.Progress(id=part("bar", row.run.id), value=value, style={"height": "0.5rem"}),
        title=f"Progress of {row.name}",
    )
    words = html.Div(text, id=part("progress", row.run.id), className="small run-progress")
    return [html.Div(row.status.state), bar, words]


def _actions(row: Row) -> list[Any]:
    run = row.run
    actions: list[Any] = []
    if row.is_in_use:
        actions.append(html.Span("in use", className="in-use"))
    elif row.key:
        actions.append(_button("Use this model", "use", run.id, row.key))
    who = person()
    is_own = who.may_change(run.note.by)
    if row.status.state in ACTIVE and is_own:
        actions.append(_button("Cancel", "cancel", run.id))
    elif row.is_resumable and is_own:
        actions.append(_button("Resume", "resume", run.id))
    if run.model_path.is_file():
        actions.append(_download("Model", run, "model.keras"))
    actions.append(_download("History", run, "history.csv"))
    if not row.is_bundled and is_own:
        actions.append(_button("Edit", "edit", run.id))
    if not row.is_bundled and who.may(Role.OPERATOR):
        actions.append(_button("Delete", "delete", run.id))
    return actions


def _button(text: str, kind: str, run_id: str, key: str | None = None) -> dbc.Button:
    identity = part(kind, run_id) | ({"key": key} if key is not None else {})
    colour = "primary" if kind == "use" else "secondary"
    return dbc.Button(text, id=identity, size="sm", outline=True, color=colour)


def _download(text: str, run: Run, name: str) -> html.A:
    return html.A(
        text, href=below(f"/runs/{run.id}/{name}"), download=file_name(run, name),
        className="btn btn-sm btn-outline-secondary", title=f"Download {name}",
    )  # fmt: skip


def progress(run: Run, status: Status) -> tuple[float, str]:
    """Return how far an active run is: in percent, and in words."""
    total = run.planned_epochs * status.batches
    done = max(0, status.epoch - 1) * status.batches + status.batch
    return (100 * done / total if total else 0), _progress_in_words(run, status)


def _progress_in_words(run: Run, status: Status) -> str:
    message = without_folders(str(status.message))
    if status.state == "queued":
        return message or "waiting for a worker"
    if message:
        return message
    if not status.epoch:
        return "starting"
    parts = [
        f"Epoch {_of(status.epoch, run.planned_epochs)}",
        f"batch {_of(status.batch, status.batches)}",
        "" if status.loss is None else f"loss {status.loss:.4f}",
        "" if status.accuracy is None else f"accuracy {percent(status.accuracy, 2)}",
        "" if status.seconds_left is None else f"{_duration(status.seconds_left)} left",
    ]
    return " · ".join(filter(None, parts))


def _of(place: int, count: int) -> str:
    return f"{place} of {count}" if count else str(place)


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
        return told(error), True, 0
    return "", False, 0
