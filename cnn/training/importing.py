"""Checkpoints that lie around, made a run: files of one network, in the order of its training."""

from __future__ import annotations

import csv
import json
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cnn.errors import ModelError, RunError, reason
from cnn.models.card import card_of
from cnn.models.loading import load_model, save_model
from cnn.models.opening import Limits, require_weights, turn_kernels
from cnn.runs.moments import Moment
from cnn.runs.recorded import Recorded
from cnn.runs.run import Run, Status, create_recorded
from cnn.training.logs import drawn, history_row, loss_among
from cnn.training.numbering import MOST_EPOCHS, numbered
from cnn.training.pickled import MOST_BYTES, NPY, PICKLE, curves_of
from cnn.training.recording import finite
from cnn.words import counted

if TYPE_CHECKING:
    import keras

_SUFFIXES = (".keras", ".h5")
_LAYER = re.compile(r"name=(.+?), built|\(named (.+?)\)")
_SHAPES = re.compile(
    r"variable\.shape=(\(.*?\)), Received: value\.shape=(\(.*?\))"
    r"|expects shape (\(.*?\))\. Received saved weight with shape (\(.*?\))"
)


def _nobody(_: str) -> None:
    """Tell nobody."""


def import_checkpoints(
    folder: Path,
    model_path: Path,
    runs_dir: Path,
    *,
    history: Path | None = None,
    tell: Callable[[str], object] = _nobody,
) -> Run:
    """Make a run of the checkpoints in `folder` and return it; it is there as a whole, or not at all.

    They are `.keras`, `.h5` or `.weights.h5` files with weights of the network in `model_path`, and
    are taken in the natural order of their names, epoch2 before epoch10. A checkpoint is of the epoch
    that its name counts, where most names do, and the others are left out; else of its place among them.
    The model of the run has the weights of the last one. `history` has the curves: a file of Keras's
    `CSVLogger`, whose column epoch holds, or `history.history` of what `fit` returns, as JSON, as a
    pickle or in an `.npy`. The run is called as the folder. `tell` is given what does not fit, in
    sentences.

    Raises `RunError` or `ModelError`, with the file that is at fault.
    """
    found = {path.name: path for path in checkpoints(folder, model_path)}
    rows, named = _history(history, tell) if history else ([], {})
    model = load_model(model_path)
    numbers = numbered(list(found), [int(row["epoch"]) for row in rows])
    epochs = {found[name]: epoch for name, epoch in numbers.epochs.items()}
    for sentence in numbers.told:
        tell(sentence)

    def fill(run: Run) -> None:
        for path, epoch in epochs.items():
            weights = _weights(path, model, model_path.name)
            run.write_weights(Moment(epoch), weights)
        model.set_weights(weights)
        save_model(model, run.model_path, card=card_of(model))
        if rows:
            run.write_table("history.csv", pd.DataFrame(rows))
        last = rows[-1] if rows else {}
        run.write_status(
            Status(
                "finished", epoch=epoch,
                loss=finite(last.get("loss")), accuracy=finite(last.get("accuracy")),
            )
        )  # fmt: skip

    first, last = next(iter(epochs)).name, next(reversed(epochs)).name
    files = first if len(epochs) == 1 else f"{first} to {last}"
    known = {"checkpoints": f"{len(epochs)}, {files}", **named}
    planned = int(rows[-1]["epoch"]) if rows else 0
    return create_recorded(runs_dir / _name(folder), Recorded("import", planned, known), fill)


def checkpoints(folder: Path, model_path: Path) -> list[Path]:
    """Return the checkpoints in a folder, in natural order; `RunError` where there are none.

    The network's own file is left out where it lies beside them and is not called as they are.
    """
    if not folder.is_dir():
        raise RunError(f"There is no folder {folder.name}: give the one that has the checkpoints.")
    paths = [
        path
        for path in folder.iterdir()
        if path.suffix in _SUFFIXES and path.is_file() and not path.name.startswith(".")
    ]
    others = [path for path in paths if path.resolve() != model_path.resolve()]
    if _without_numbers(model_path) not in map(_without_numbers, others):
        paths = others
    if not paths:
        raise RunError(
            f"{folder.name} has no checkpoints: expected .keras, .h5 or .weights.h5 files in it."
        )
    return sorted(paths, key=lambda path: _natural(path.name))


def _without_numbers(path: Path) -> str:
    return re.sub(r"\d+", "", path.name)


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which names sort as one reads them: numbers by their size."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _name(folder: Path) -> str:
    """Return what the run of a folder is called, with nothing in it that no run can have."""
    return re.sub(r"[^A-Za-z0-9_.-]+|^[_.-]+", "-", folder.resolve().name).strip("-")[:56] or "run"


def _weights(path: Path, model: keras.Model, of: str) -> list[NDArray[Any]]:
    """Return the weights in a checkpoint; `ModelError` if they are not those of the network."""
    if path.name.endswith(".weights.h5") or _has_only_weights(path):
        return _weights_alone(path, model, of)
    other = load_model(path)
    for mine, its in zip(model.weights, other.weights, strict=False):
        if tuple(mine.shape) != tuple(its.shape):
            raise ModelError(_unlike(path, of, _layer_of(mine), its.shape, mine.shape))
    if len(model.weights) != len(other.weights):
        raise _not_as_many(path, of, len(other.weights), len(model.weights))
    weights: list[NDArray[Any]] = other.get_weights()
    return weights


def _layer_of(weight: Any) -> str:
    return str(weight.path).rpartition("/")[0]


def _unlike(path: Path, of: str, layer: str, its: object, mine: object) -> str:
    return (
        f"{path.name} does not fit {of}: weights of the layer {layer} have the shape {its} in the "
        f"checkpoint and {mine} in the network. Give the network that was trained."
    )


def _not_as_many(path: Path, of: str, its: int, mine: int) -> ModelError:
    return ModelError(
        f"{path.name} does not fit {of}: it has {counted(its, 'array')} of weights, and the network "
        f"{mine}. Give the network that was trained."
    )


def _weights_alone(path: Path, model: keras.Model, of: str) -> list[NDArray[Any]]:
    """Return the weights in a file that has nothing else."""
    require_weights(path, Limits())
    stored = sorted(_stored_shapes(path))
    try:
        with warnings.catch_warnings():
            # Of layers that Keras looks for in several places of the file.
            warnings.simplefilter("ignore", UserWarning)
            model.load_weights(path)
        turn_kernels(model, path)
    except Exception as error:
        message = str(error)
        layer, shapes = _LAYER.search(message), _SHAPES.search(message)
        named = next(filter(None, layer.groups()), "") if layer else ""
        if named and shapes:
            mine, its = filter(None, shapes.groups())
            raise ModelError(_unlike(path, of, named, its, mine)) from error
        where = (
            f"the weights of the layer {named} are missing or others" if named else reason(error)
        )
        raise ModelError(
            f"{path.name} does not fit {of}: {where}. Give the network that was trained."
        ) from error
    wanted = sorted(tuple(weight.shape) for weight in model.weights)
    if stored != wanted:
        raise _not_as_many(path, of, len(stored), len(wanted))
    weights: list[NDArray[Any]] = model.get_weights()
    return weights


def _has_only_weights(path: Path) -> bool:
    """Whether an `.h5` file has weights and no network."""
    if path.suffix != ".h5":
        return False
    with _opened(path) as file:
        return "model_config" not in file.attrs


def _stored_shapes(path: Path) -> Iterator[tuple[int, ...]]:
    """Find the shapes of the weights in a file, without what the optimiser and chance keep there."""
    import h5py

    found: list[tuple[int, ...]] = []

    def note(name: str, item: Any) -> None:
        others = name.startswith(("optimizer", "top_level_model_weights")) or "seed_gen" in name
        if isinstance(item, h5py.Dataset) and not others:
            found.append(item.shape)

    with _opened(path) as file:
        file.visititems(note)
    yield from found


def _opened(path: Path) -> Any:
    import h5py

    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ModelError(
            f"{path.name} is no HDF5 file, or is cut short: save the weights again."
        ) from error


def _history(
    path: Path, tell: Callable[[str], object]
) -> tuple[list[dict[str, float]], dict[str, str]]:
    """Return the rows of a run's history from a file, by epoch, and what is drawn of them.

    Raises `RunError` for a file that has none.
    """
    try:
        table = _table(path)
        logs = table.apply(pd.to_numeric)
        epochs = _epochs(logs)
    except RunError:
        raise
    except FileNotFoundError as error:
        raise RunError(f"There is no file {path.name}: give the path of the curves.") from error
    except (OSError, ValueError, TypeError, RecursionError, csv.Error) as error:
        raise RunError(
            f"{path.name} has no curves ({reason(error)}): give a file of the callback CSVLogger, or "
            "history.history as JSON, a list of numbers per metric."
        ) from error
    if not loss_among(map(str, logs)) or not len(logs):
        found = ", ".join(map(str, logs)) or "nothing"
        raise RunError(
            f"{path.name} has no curves: expected a column loss and at least one epoch, found {found}. "
            "Give a file of the callback CSVLogger, or history.history as JSON."
        )
    rates = {"lr": "learning_rate"} if "learning_rate" not in logs else {}
    logs = logs.rename(columns=rates)
    if twice := len(epochs) - len(set(epochs)):
        tell(
            f"{path.name} has {counted(twice, 'row')} of an epoch that comes again, as when a training "
            "is resumed: the last row of each epoch is taken."
        )
    rows = logs.drop(columns="epoch", errors="ignore").to_dict("records")
    of_epoch = dict(zip(epochs, rows, strict=True))
    told = [
        history_row(epoch, {str(name): value for name, value in of_epoch[epoch].items()})
        for epoch in sorted(of_epoch)
    ]
    return told, drawn({str(name): 0 for name in logs})


def _epochs(logs: pd.DataFrame) -> list[int]:
    """Return the number of each row's epoch, 1 being the first; `CSVLogger` begins with 0."""
    if "epoch" not in logs:
        return list(range(1, len(logs) + 1))
    told = logs["epoch"].tolist()
    if not all(number % 1 == 0 and 0 <= number < MOST_EPOCHS for number in told):
        raise ValueError(f"its column epoch has other numbers than 0 to {MOST_EPOCHS - 1}")
    return [int(number) + 1 for number in told]


def _table(path: Path) -> pd.DataFrame:
    """Return what a file holds, by what its first bytes, else its name, say that it is."""
    with path.open("rb") as file:
        start = file.read(len(NPY))
    if start.startswith((PICKLE, NPY)) or path.suffix in (".pkl", ".pickle", ".npy"):
        return _from_pickle(path)
    return _from_json(path) if path.suffix == ".json" else _from_csv(path)


def _from_pickle(path: Path) -> pd.DataFrame:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES / 1e6:g} MB")
        return pd.DataFrame(curves_of(path.read_bytes()))
    except OSError:
        raise
    # A pickle that is damaged raises whatever its bytes happen to say.
    except Exception as error:
        raise RunError(
            f"{path.name} has no curves ({reason(error)}): of a pickle or an .npy only "
            "history.history, a list of numbers per metric, or a History is read. Save the curves with "
            "json.dump(history.history, file), or with the callback CSVLogger."
        ) from error


def _from_csv(path: Path) -> pd.DataFrame:
    # The separator is a setting of the callback.
    return pd.read_csv(path, sep=None, engine="python", skipinitialspace=True)


def _from_json(path: Path) -> pd.DataFrame:
    raw = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(raw, dict) or not all(isinstance(values, list) for values in raw.values()):
        raise ValueError("it is no object of lists")
    return pd.DataFrame({name: np.asarray(values, np.float64) for name, values in raw.items()})
