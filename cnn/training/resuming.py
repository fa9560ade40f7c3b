"""What a training goes on from: weights, optimiser with its schedule, and random state, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from cnn.errors import RunError
from cnn.files import replacing
from cnn.runs.run import Run

if TYPE_CHECKING:
    import keras


def keep(run: Run, model: keras.Model, epoch: int) -> None:
    """Write the resume point after `epoch`, in the precision of the training, all at once."""
    with replacing(run.resume_path) as aside:
        arrays = {f"v{i}": np.asarray(value) for i, value in enumerate(_variables(model))}
        np.savez(aside, allow_pickle=False, epoch=np.asarray(epoch), **arrays)


def bring_back(run: Run, model: keras.Model) -> int:
    """Give the compiled model the state of the run's resume point; return the epoch it is after.

    0, with the model as it is, where there is none. Raises `RunError` for a damaged one.
    """
    if not run.resume_path.is_file():
        return 0
    try:
        with run.resume_path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            for i, variable in enumerate(_variables(model)):
                variable.assign(archive[f"v{i}"])
            return int(archive["epoch"])
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise RunError(
            f"The resume point of the run {run.id} cannot be read ({error}): train it anew with "
            f"{run.config.command()}"
        ) from error


def forget(run: Run) -> None:
    """Remove the resume point of a run that is finished."""
    run.resume_path.unlink(missing_ok=True)


def _variables(model: keras.Model) -> list[Any]:
    """Return all state: weights, states of random generators, and the optimiser's own."""
    model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]
