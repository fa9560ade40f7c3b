"""What happens during a training, written into the run's folder, seldom enough not to slow it."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from cnn.errors import CnnError, RunError, reason
from cnn.files import NO_ROOM
from cnn.runs.moments import Moment
from cnn.runs.run import Run, Status
from cnn.training import resuming
from cnn.training.pace import Pace

if TYPE_CHECKING:
    import keras
    import pandas as pd


@dataclass(frozen=True)
class Event:
    """Something that happened in a training.

    "status": the state or the message is another. "batch": a step was made; `values` is its row in
    `batches.csv`. "epoch": an epoch ended; `values` is its row in `history.csv`. `status` says how
    far the run is then.
    """

    kind: Literal["status", "batch", "epoch"]
    status: Status
    values: dict[str, float] = field(default_factory=dict)


OnEvent = Callable[[Event], None]


def finite(value: float | None) -> float | None:
    """Return the number, None where it is none: a status holds no infinity and no NaN."""
    return value if value is not None and math.isfinite(value) else None


class Recorder:
    """Writes a run's files and tells of every event; `RunError` if the folder was deleted."""

    def __init__(self, run: Run, on_event: OnEvent) -> None:
        self.run = run
        self.status = Status("running")
        self._on_event = on_event
        self._history: list[dict[str, float]] = []
        self._classes: list[dict[str, float]] = []
        self._batches: list[dict[str, float]] = []
        self._pace = Pace()

    def go_on_after(self, epoch: int) -> None:
        """Keep what the tables say up to the end of `epoch`; what came later is made again."""
        self._history = self._cut("history", epoch).to_dict("records")
        self._classes = self._cut("classes", epoch).to_dict("records")
        self._cut("batches", epoch)

    def _cut(self, name: str, epoch: int) -> pd.DataFrame:
        """Keep the rows of a table up to the end of `epoch`, and none that was half written."""
        table: pd.DataFrame = getattr(self.run, name)
        kept = table[table["epoch"] <= epoch].dropna(thresh=2) if len(table) else table
        if len(kept):
            self.run.write_table(f"{name}.csv", kept)
        else:
            (self.run.path / f"{name}.csv").unlink(missing_ok=True)
        return kept

    @property
    def history(self) -> list[dict[str, float]]:
        """The rows of the epochs that have ended."""
        return self._history

    def update(self, **changes: Any) -> None:
        """Change the status, at once."""
        self._write(**changes)
        self._flush()
        self._on_event(Event("status", self.status))

    def batch(self, row: dict[str, float], **changes: Any) -> None:
        """Note a step; the files follow at most four times a second."""
        self._batches.append(row)
        if self._pace.is_due:
            with self._pace.measured():
                self._write(**changes)
                self._flush()
        self._on_event(Event("batch", replace(self.status, **changes), row))

    def epoch(self, row: dict[str, float], classes: dict[str, float] | None = None) -> None:
        """Note the end of an epoch, with the accuracy of each class where that was measured."""
        import pandas as pd

        self.require_run()
        self._history.append(row)
        self._flush()
        self.run.write_table("history.csv", pd.DataFrame(self._history))
        if classes is not None:
            self._classes.append({"epoch": row["epoch"], **classes})
            self.run.write_table("classes.csv", pd.DataFrame(self._classes))
        self._write(
            epoch=int(row["epoch"]), loss=finite(row["loss"]), accuracy=finite(row.get("accuracy"))
        )
        self._on_event(Event("epoch", self.status, row))

    def weights(self, moment: Moment, weights: list[NDArray[Any]]) -> None:
        """Keep the weights of a moment."""
        self.require_run()
        self.run.write_weights(moment, weights)

    def resume_point(self, model: keras.Model, epoch: int) -> None:
        """Keep all that the training goes on from after `epoch`."""
        self.require_run()
        resuming.keep(self.run, model, epoch)

    def _write(self, **changes: Any) -> None:
        self.require_run()
        self.status = replace(self.status, **changes)
        self.run.write_status(self.status)

    def _flush(self) -> None:
        if not self._batches:
            return
        with (self.run.path / "batches.csv").open("a", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, self._batches[0], lineterminator="\n")
            if not file.tell():
                table.writeheader()
            for row in self._batches:
                table.writerow({name: f"{value:.6g}" for name, value in row.items()})
        self._batches.clear()

    def require_run(self) -> None:
        """Raise `RunError` if the run was deleted."""
        if not self.run.exists:
            raise RunError(self._deleted)

    @property
    def _deleted(self) -> str:
        return f"The run {self.run.id} was deleted: its training ends."

    @contextmanager
    def failures_kept(self) -> Iterator[None]:
        """Keep a failure as the run's status, with its reason.

        What the reader can do something about (an error of this package, a full disk) ends there.
        """
        try:
            yield
        except CnnError as error:
            self._fail(str(error) if self.run.exists else self._deleted)
        except OSError as error:
            if not self.run.exists:
                self._fail(self._deleted)
                return
            if error.errno not in NO_ROOM:
                self._fail(f"{type(error).__name__}: {error.strerror}")
                raise
            self._fail(
                f"There is no room on the disk of the runs ({error.strerror}): free "
                "some, for example by deleting runs, then resume this one."
            )
        except Exception as error:
            self._fail(f"{type(error).__name__}: {reason(error)}")
            raise

    def _fail(self, message: str) -> None:
        """Say that the run failed, as far as that can still be written."""
        self.status = replace(self.status, state="failed", seconds_left=None, message=message)
        with suppress(OSError):
            if self.run.exists:
                self.run.write_status(self.status)
                self._flush()
        self._on_event(Event("status", self.status))
