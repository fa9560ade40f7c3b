"""How long one look at the list of runs takes, with few runs and with many."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import cnn
from benchmarks.row import Row, milliseconds
from cnn.runs.run import Status
from dashboard.app import create_app, runtime_of
from dashboard.runs.paging import MOST_ROWS
from dashboard.settings import Settings

_FINISHED = 200
_QUEUED = 1000


def listing() -> list[Row]:
    """What the Training page asks for every few seconds: all on screen, however many there are."""
    few = _look(finished=MOST_ROWS, queued=0)
    yardstick = f"{MOST_ROWS} finished runs"
    return [
        Row(f"a look at the list, {what}", _look(**runs), "ms", yardstick, few, "≤ 2")
        for what, runs in (
            (f"{_FINISHED} finished runs", {"finished": _FINISHED, "queued": 0}),
            (f"{_QUEUED:,} queued runs", {"finished": MOST_ROWS, "queued": _QUEUED}),
        )
    ]


def _look(*, finished: int, queued: int) -> float:
    """Return the milliseconds of an answer of `/news/runs`."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(Settings(home=Path(home), data_dir=Path(home), download=False))
        runtime = runtime_of(app)
        runtime.greet = lambda: None  # type: ignore[method-assign]
        for number in range(finished):
            _finish(cnn.runs.create(runtime.settings.jobs.runs_dir, _CONFIG, f"a{number:04}"))
        for _ in range(queued):
            runtime.queue.submit_training(_CONFIG)
        client = app.server.test_client()
        return milliseconds(lambda: client.get("/news/runs"), times=30, warm_up=3)


_CONFIG = cnn.TrainingConfig("digits")


def _finish(run: cnn.Run) -> None:
    bundled = cnn.pretrained_run()
    for name in ("history.csv", "batches.csv", "classes.csv"):
        shutil.copy(bundled / name, run.path / name)
    shutil.copytree(bundled / "epochs", run.path / "epochs")
    run.write_status(Status("finished", epoch=24, batches=461))
