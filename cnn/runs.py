"""A training run: a folder that says what was asked, how far it is, and what came of it.

`config.json` what was asked · `status.json` how far it is · `history.csv` a row per epoch ·
`batches.csv` a row per batch · `epochs/NNN.npz` the weights after epoch NNN (000 is the start), in
float16 · `model.keras` and `model.card.json` the result. Any process may read one.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from cnn.errors import RunError
from cnn.files import read_json, replacing, write_json
from cnn.models import SUFFIXES

State = Literal["queued", "running", "finished", "cancelled", "failed", "interrupted"]
ACTIVE: tuple[State, ...] = ("queued", "running")
HISTORY_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds")


@dataclass(frozen=True)
class TrainingConfig:
    """What to train: the data, and the settings of the optimisation.

    The learning rate falls from its start to zero along a cosine. A twelfth of the training split
    is held out as validation data; the test split is only used for the final score.
    """

    dataset: str = "mnist"
    epochs: int = 5
    batch_size: int = 128
    learning_rate: float = 0.001
    augment: bool = True
    seed: int = 0
    save_to: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained, with the accepted range."""
        for name, low, high in (("epochs", 1, 1000), ("batch_size", 1, 8192), ("seed", 0, 2**31)):
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise RunError(f"{name} is {value!r}: give a whole number from {low} to {high}.")
        if self.save_to and Path(self.save_to).suffix not in SUFFIXES:
            raise RunError(
                f"A model cannot be saved as {self.save_to}: the name must end in .keras or .h5."
            )
        if not 0 < self.learning_rate <= 10:
            raise RunError(f"learning_rate is {self.learning_rate!r}: give one above 0, up to 10.")


@dataclass(frozen=True)
class Status:
    """How far a run is. Losses are means over the epoch so far, `seconds_left` an estimate."""

    state: State = "queued"
    epoch: int = 0
    batch: int = 0
    batches: int = 0
    loss: float | None = None
    accuracy: float | None = None
    seconds_left: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Run:
    """A run's folder. Reading it never fails half-way: each file is replaced whole."""

    path: Path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def model_path(self) -> Path:
        """Where the trained model is, once it is."""
        return self.path / "model.keras"

    @property
    def config(self) -> TrainingConfig:
        """What was asked; `RunError` if the folder is no run."""
        try:
            return TrainingConfig(**read_json(self.path / "config.json"))
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{self.path} is no training run ({error}).") from error

    @property
    def status(self) -> Status:
        """How far the run is; one whose worker is gone is "interrupted"."""
        try:
            status = Status(**read_json(self.path / "status.json"))
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{self.path} is no training run ({error}).") from error
        if status.state == "running" and not self.is_held():
            return replace(status, state="interrupted", message="The worker ended during the run.")
        return status

    @property
    def history(self) -> pd.DataFrame:
        """A row per finished epoch, with the columns `HISTORY_COLUMNS`."""
        try:
            return pd.read_csv(self.path / "history.csv")
        except (OSError, pd.errors.EmptyDataError):
            return pd.DataFrame(columns=list(HISTORY_COLUMNS))

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs of which the weights are kept, 0 being the start."""
        return tuple(sorted(int(p.stem) for p in (self.path / "epochs").glob("[0-9]*.npz")))

    def weights(self, epoch: int) -> list[NDArray[np.float32]]:
        """Return the weights after `epoch`, in the order of `model.get_weights()`, as float32."""
        path = self.path / "epochs" / f"{epoch:03d}.npz"
        if not path.is_file():
            raise RunError(f"The run {self.id} has no weights of epoch {epoch}: {self.epochs}.")
        with np.load(path, allow_pickle=False) as archive:
            return [archive[f"w{i}"].astype(np.float32) for i in range(len(archive.files))]

    def write_weights(self, epoch: int, weights: list[NDArray[np.float32]]) -> None:
        """Keep the weights after `epoch`, as float16."""
        arrays = {f"w{i}": w.astype(np.float16) for i, w in enumerate(weights)}
        with replacing(self.path / "epochs" / f"{epoch:03d}.npz") as aside:
            np.savez_compressed(aside, allow_pickle=False, **arrays)

    def write_status(self, status: Status) -> None:
        """Replace the status."""
        write_json(self.path / "status.json", asdict(status))

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Replace the history by `rows`, one per epoch."""
        with replacing(self.path / "history.csv") as aside:
            pd.DataFrame(rows, columns=list(HISTORY_COLUMNS)).to_csv(aside, index=False)

    def ask_to_cancel(self) -> None:
        """Ask the worker to stop at the next batch; a queued run is cancelled at once."""
        (self.path / "cancel").touch()
        if self.status.state == "queued":
            self.write_status(Status("cancelled", message="Cancelled before it began."))

    @property
    def is_cancelled(self) -> bool:
        """Whether someone asked to cancel."""
        return (self.path / "cancel").exists()

    def hold(self) -> FileLock:
        """Return the lock that the working process holds while it trains; it falls with it."""
        return FileLock(self.path / "worker.lock", timeout=0)

    def is_held(self) -> bool:
        """Whether a living process on this machine works on the run."""
        if not (self.path / "worker.lock").exists():
            return False
        try:
            with self.hold():
                return False
        except Timeout:
            return True


def create(runs_dir: Path, config: TrainingConfig, name: str | None = None) -> Run:
    """Make the folder of a new, queued run below `runs_dir` and return the run.

    Its name is the time and a random end, or `name`; `RunError` if a run has that name.
    """
    name = name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    run = Run(runs_dir / name)
    if (run.path / "config.json").exists():
        raise RunError(f"{run.path} holds a run already: remove it or choose another folder.")
    run.path.mkdir(parents=True, exist_ok=True)
    run.write_status(Status())
    write_json(run.path / "config.json", asdict(config))
    return run


def find(runs_dir: Path) -> list[Run]:
    """Return all runs below `runs_dir`, the newest first."""
    folders = sorted(runs_dir.glob("*/config.json"), reverse=True)
    return [Run(path.parent) for path in folders]


def facts(run: Run) -> dict[str, Any]:
    """Return the facts of the card that a finished run wrote; empty before."""
    card = run.path / "model.card.json"
    if not card.is_file():
        return {}
    return dict(json.loads(card.read_text(encoding="utf-8")).get("facts") or {})
