"""Files of strangers: opened if nothing in them is a danger, refused in one sentence otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from cnn.errors import ModelError, lacks_memory, reason
from cnn.models.losses import Loss, places_of, read_losses
from cnn.models.opening.archive import unpacked
from cnn.models.opening.building import built
from cnn.models.opening.classes import require_known, with_operations
from cnn.models.opening.contents import Config, Contents, parts
from cnn.models.opening.hdf5 import contents as contents_of_h5
from cnn.models.opening.hdf5 import names_types, numbers_held
from cnn.models.opening.keras2 import translated
from cnn.models.opening.keras2_weights import renamed
from cnn.models.opening.limits import Limits
from cnn.models.opening.signatures import FORMATS, SUFFIXES, format_of, require_model_file
from cnn.models.opening.theano import turn_kernels
from cnn.models.opening.trying_h5 import require_harmless
from cnn.models.opening.weights import fill_from_h5

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "Limits",
    "format_of",
    "opened",
    "require_weights",
    "turn_kernels",
]


def opened(path: Path, limits: Limits) -> tuple[Any, tuple[Loss | None, ...]]:
    """Return what Keras makes of a `.keras` or `.h5` file, of Keras 2 or 3, uncompiled.

    Beside it stands the loss of each of its outputs, None where the file names none that Keras has.
    No code of the file is run and no other file is read. Raises `ModelError` with one sentence for what
    is damaged, of another kind, larger than `limits`, or needs what Keras does not have.
    """
    in_archive = require_model_file(path) == ".keras"
    with _refusing(path.name), _contents(path, limits, in_archive=in_archive) as contents:
        return _opened(path.name, contents, limits)


def require_weights(path: Path, limits: Limits) -> None:
    """Raise `ModelError` for an HDF5 file of weights alone that is as dangerous as `opened` refuses."""
    with _refusing(path.name):
        # Keras reads attributes of all older files, and of these only where they are.
        if not path.name.endswith(".weights.h5") or names_types(path, of=path.name):
            require_harmless(path, of=path.name)
        numbers_held(path, limits, of=path.name)


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Tell in one sentence what goes wrong with a file inside."""
    try:
        yield
    except ModelError:
        raise
    except lacks_memory() as error:
        raise ModelError(
            f"{name} needs more memory than there is: choose a smaller network."
        ) from error
    except (OSError, BadZipFile) as error:
        raise ModelError(
            f"{name} is cut short or damaged ({reason(error)}), and cannot be read to its end: copy it "
            "or save it again."
        ) from error
    except Exception as error:
        why = f" ({reason(error)})" if _says_why(error) else ""
        raise ModelError(
            f"{name} cannot be opened as a Keras model{why}: it is damaged, or not as Keras writes it. "
            "Save the model again."
        ) from error


def _says_why(error: Exception) -> bool:
    """Whether an error is of Keras, and about the file: those of Python are about code."""
    if isinstance(error, TypeError):
        return "could not be deserialized" in str(error)
    return not isinstance(error, AttributeError | LookupError | RecursionError)


@contextmanager
def _contents(path: Path, limits: Limits, *, in_archive: bool) -> Iterator[Contents]:
    if not in_archive:
        require_harmless(path, of=path.name)
        yield contents_of_h5(path)
        return
    with unpacked(path, limits) as contents:
        # Of the weights in an archive nothing but this is read that could break the library.
        if names_types(contents.weights, of=path.name):
            require_harmless(contents.weights, of=path.name)
        yield contents


def _opened(name: str, contents: Contents, limits: Limits) -> tuple[Any, tuple[Loss | None, ...]]:
    held = numbers_held(contents.weights, limits, of=name)
    training = contents.training or contents.configuration.get("compile_config")
    configuration = _of_one_picture(contents.configuration)
    if contents.is_of_keras_2:
        configuration = translated(name, configuration)
    elif not contents.in_archive:
        configuration = with_operations(configuration)
    require_known(name, configuration)
    model = built(name, configuration, held, limits)
    if contents.in_archive:
        model.load_weights(
            renamed(contents.weights) if contents.is_of_keras_2 else contents.weights
        )
    else:
        fill_from_h5(name, model, contents)
        turn_kernels(model, contents.weights)
    return model, read_losses(training, places_of(model))


def _of_one_picture(configuration: Config) -> Config:
    """Return the configuration without what models were compiled with, which nothing here needs.

    Recurrent layers that keep their state from call to call begin anew with each picture.
    """
    for part in parts(configuration):
        part.pop("compile_config", None)
        config = part.get("config")
        if isinstance(config, dict) and config.get("stateful"):
            config["stateful"] = False
    return configuration
