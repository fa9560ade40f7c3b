"""The dashboard from a notebook or a script: a model in memory and pictures, served from here."""

from __future__ import annotations

import atexit
import csv
import re
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from werkzeug.serving import WSGIRequestHandler, make_server

import cnn
from cnn.data.tables import is_reserved
from cnn.errors import DatasetError
from cnn.images.pixels import MOST_CHANNELS
from cnn.models.card import Card, attach_card, card_of, stated_card, with_class_names
from cnn.models.heads import head_of
from cnn.models.internals import every_layer
from cnn.models.loading import as_functional, save_model, trained_with
from cnn.models.losses import compiled_losses
from dashboard.app import create_app, runtime_of
from dashboard.runtime.catalogue import key_of
from dashboard.runtime.runtime import Runtime
from dashboard.settings import Settings

if TYPE_CHECKING:
    import keras

_Folder = tempfile.TemporaryDirectory[str]

_HOST = "127.0.0.1"
_INLINE_PIXELS = 800
# Where notebooks are shown: Jupyter on this machine, and the frames of VS Code.
_NOTEBOOKS = "http://localhost:* http://127.0.0.1:* https://localhost:* vscode-webview:"


def launch(
    model: keras.Model | Path | str,
    *,
    images: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    class_names: Sequence[str] = (),
    scale: Any = None,
    show: bool = True,
) -> Dashboard:
    """Serve the model as it is now, with these pictures, and return a handle of the server.

    `model` may be the path of its file; what its card says is kept where nothing else is given.
    `images` are n pictures (n, height, width) or (n, height, width, channels), or a list of pictures of
    any sizes with 1 or 3 channels: integers or numbers from 0 to 255, or numbers from 0 to 1, which are
    rounded to 256 levels. `labels` (n,) are the places of their classes among `class_names`, which has
    one name for each output, or the names; (n, classes) with a 1 at the class is taken too; without
    them nothing is said to be right or wrong. `scale` is what pixels of 0 to 255 are multiplied with
    before they enter the model, as on its card. Without pictures those are shown that the dashboard
    finds, at least the embedded digits.

    With `show` it is opened in the browser, or below the cell of a notebook. The server listens on a free
    port of this machine alone, in threads of this process; what it writes goes when it is closed.

    A model is copied, with classes of layers that only this process knows; where Keras cannot copy it,
    the object itself is shown, and should not be trained on meanwhile. Raises `ModelError` for a model
    that cannot be shown, `DatasetError` for pictures or labels that do not fit.
    """
    folder = tempfile.TemporaryDirectory(prefix="cnn-launched-", ignore_cleanup_errors=True)
    try:
        home = Path(folder.name)
        model = cnn.load_model(Path(model)) if isinstance(model, str | Path) else model
        graph = as_functional(model)
        stated = _stated(card_of(model), stated_card(class_names, scale))
        card = trained_with(stated, graph, compiled_losses(model))
        path = home / f"{re.sub(r'[^A-Za-z0-9_-]+', '_', model.name) or 'model'}.keras"
        shown = _copied(graph, path, card)
        if stated.class_names and head_of(shown).has_classes:
            with_class_names(stated, stated.class_names, int(shown.outputs[0].shape[-1] or 1))
        data = _written(home, images, labels, stated.class_names or cnn.class_names(shown))
        settings = Settings(
            home=home, model=path, redis_url=None, download=False, host=_HOST, prefix="/",
            frames=_NOTEBOOKS if _is_notebook() else "", **data,
        )  # fmt: skip
        app = create_app(settings)
        runtime = runtime_of(app)
        runtime.catalogue.give(path, shown)
        runtime.catalogue.load(key_of(path))
        dashboard = Dashboard(app.server, runtime, folder)
    except BaseException:
        folder.cleanup()
        raise
    if show:
        dashboard.show()
    return dashboard


class Dashboard:
    """A dashboard that is served from this process until it is closed, or the process ends."""

    def __init__(
        self, application: Any, runtime: Runtime, folder: tempfile.TemporaryDirectory[str]
    ) -> None:
        runtime.open()
        runtime.wait()
        self._runtime, self._folder = runtime, folder
        self._server = make_server(_HOST, 0, application, threaded=True, request_handler=_Silent)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="dashboard", daemon=True
        )
        self._thread.start()
        self._is_open = True
        self.url = f"http://{_HOST}:{self._server.server_port}/"
        # Also what keeps it alive where nobody keeps the handle.
        atexit.register(self.close)

    def show(self) -> None:
        """Open it in the browser, or below the cell of a notebook."""
        if not _shown_inline(self.url):
            webbrowser.open(self.url)

    def wait(self) -> None:
        """Serve until it is closed by another thread, or interrupted: for the end of a script."""
        with suppress(KeyboardInterrupt):
            self._thread.join()
        self.close()

    def close(self) -> None:
        """Stop serving, and remove what was written. A second time does nothing."""
        if self._is_open:
            self._is_open = False
            atexit.unregister(self.close)
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._runtime.close()
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Dashboard {self.url if self._is_open else 'closed'}>"


class _Silent(WSGIRequestHandler):
    """Writes no line per request below the cell of a notebook."""

    def log_request(self, *_: Any) -> None:
        pass


def _is_notebook() -> bool:
    return "ipykernel" in sys.modules


def _shown_inline(url: str) -> bool:
    """Show the page below the cell, if there is one."""
    if not _is_notebook():
        return False
    from IPython.display import IFrame, display

    display(IFrame(url, width="100%", height=_INLINE_PIXELS))
    return True


def _copied(graph: keras.Model, path: Path, card: Card) -> keras.Model:
    """Write the model to `path`, and return what is read from it; the graph itself where that fails.

    The file is for workers, and names the model by its content.
    """
    import keras

    classes = {type(layer).__name__: type(layer) for layer in every_layer(graph)}
    try:
        save_model(graph, path, card=card)
        with keras.saving.custom_object_scope(classes):
            return cnn.load_model(path)
    except Exception:
        # Whatever Keras finds fault with: the model works in this process all the same.
        attach_card(graph, card)
        if not path.exists():
            weights = path.with_suffix(".weights.h5")
            graph.save_weights(weights)
            weights.rename(path)
        return graph


def _stated(own: Card, given: Card) -> Card:
    """Return the model's own card, with what is given in place of what it says."""
    return replace(
        own,
        class_names=given.class_names or own.class_names,
        scale=own.scale if given.scale is None else given.scale,
        kept_range=own.kept_range if given.scale is None else "",
    )


def _written(
    home: Path, images: ArrayLike | None, labels: ArrayLike | None, names: tuple[str, ...]
) -> dict[str, Any]:
    """Write the pictures into the server's folder; return the setting that says where they are."""
    if images is None:
        if labels is not None:
            raise DatasetError("There are labels and no images: give both.")
        return {}
    together = _together(images)
    pixels = _each(images) if together is None else _pixels(together)
    numbers = None if labels is None else _labels(labels, len(pixels), names)
    write = _write_apart if isinstance(pixels, list) else _write_together
    return {"data": str(write(home, pixels, numbers, names))}


def _labels(labels: ArrayLike, count: int, names: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the places of the labels of so many pictures among the names; `DatasetError` as `launch`."""
    given = _array(labels)
    if given.ndim and len(given) != count:
        raise DatasetError(f"There are {count} images and {len(given)} labels: give one each.")
    return _numbers(given, names)


def _write_together(
    home: Path, pixels: Any, numbers: NDArray[np.int64] | None, names: tuple[str, ...]
) -> Path:
    path = home / "pictures.npz"
    told: dict[str, Any] = {} if numbers is None else {"y": numbers, "class_names": np.array(names)}
    np.savez(path, x=pixels, **told)
    return path


def _write_apart(
    home: Path, pixels: Any, numbers: NDArray[np.int64] | None, names: tuple[str, ...]
) -> Path:
    """Write a file for each picture, and a table with a column of 0 and 1 for each class."""
    named = () if numbers is None else names
    if wrong := next(filter(is_reserved, named), ""):
        raise DatasetError(
            f"The images have several sizes, and a class is called {wrong!r}, as a column of a table is: "
            "call it otherwise, or bring all images to one size."
        )
    path = home / "pictures.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", *named])
        for place, picture in enumerate(pixels):
            name = f"{place:06}.png"
            shown = picture[..., 0] if picture.shape[-1] == 1 else picture
            Image.fromarray(shown).save(home / name)
            ones = () if numbers is None else np.arange(len(named)) == numbers[place]
            table.writerow([name, *map(int, ones)])
    return path


def _together(images: ArrayLike) -> NDArray[Any] | None:
    """Return pictures of one size as one array; None for those of several."""
    try:
        array = np.asarray(images)
    except ValueError:
        return None
    return None if array.dtype == object and array.ndim == 1 else array


def _each(images: Any) -> list[NDArray[np.uint8]]:
    """Return pictures of any sizes, uint8 (height, width, 1 or 3); `DatasetError` for what are none."""
    arrays = [np.asarray(one) for one in images]
    arrays = [one[..., None] if one.ndim == 2 else one for one in arrays]
    if wrong := [
        one for one in arrays if one.ndim != 3 or one.shape[-1] not in (1, 3) or not one.size
    ]:
        raise DatasetError(
            f"The images have several sizes, and one has the shape {wrong[0].shape}: expected (height, "
            "width) or (height, width, 1 or 3) of each; bring those with other channels to one size."
        )
    levels = _pixels(np.concatenate([one.ravel() for one in arrays]).reshape(1, 1, -1)).ravel()
    parts = np.split(levels, np.cumsum([one.size for one in arrays])[:-1])
    return [part.reshape(one.shape) for part, one in zip(parts, arrays, strict=True)]


def _array(given: ArrayLike) -> NDArray[Any]:
    """Return labels as an array; `DatasetError` where they have several shapes."""
    try:
        return np.asarray(given)
    except ValueError as error:
        shapes = sorted({np.shape(one) for one in given})  # type: ignore[union-attr]
        raise DatasetError(
            f"The labels have {len(shapes)} shapes, among them {shapes[0]} and {shapes[-1]}: give one "
            "per picture."
        ) from error


def _pixels(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Return pictures uint8 (n, height, width, channels); `DatasetError` for what are none."""
    given = images.shape
    images = images[..., None] if images.ndim == 3 else images
    if images.ndim != 4 or images.shape[-1] > MOST_CHANNELS or not images.size:
        raise DatasetError(
            f"The images have the shape {given}: expected (n, height, width) or (n, height, "
            f"width, 1 to {MOST_CHANNELS} channels)."
        )
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind not in "biuf":
        raise DatasetError(
            f"The images are {images.dtype}: expected numbers from 0 to 1 or to 255."
        )
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 255):
        raise DatasetError(
            f"The images have numbers from {low:g} to {high:g}: expected 0 to 1 or 0 to 255, as they are "
            "before the model's own scale; say that with scale=."
        )
    levels = images * np.float32(255) if images.dtype.kind in "bf" and high <= 1 else images
    pixels: NDArray[np.uint8] = np.rint(levels).astype(np.uint8)
    return pixels


def _numbers(labels: NDArray[Any], names: Sequence[str]) -> NDArray[np.int64]:
    """Return the places (n,) of labels among the names; `DatasetError` for one that is not there."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.shape[1] == len(names):
        labels = _places_of_ones(labels)
    if labels.ndim != 1:
        raise DatasetError(
            f"The labels have the shape {labels.shape}: expected one per picture, (n,)."
        )
    if labels.dtype.kind in "USO":
        words = [one.decode() if isinstance(one, bytes) else str(one) for one in labels.tolist()]
        unknown = sorted(set(words) - set(names))
        if unknown:
            raise DatasetError(
                f"{unknown[0]!r} is among the labels and not among the class names: give class_names "
                "with every class."
            )
        return np.array([names.index(word) for word in words], np.int64)
    with np.errstate(invalid="ignore"):
        numbers = labels.astype(np.int64)
    if (numbers != labels).any() or numbers.min() < 0 or numbers.max() >= len(names):
        raise DatasetError(
            f"The labels are numbers from {labels.min()} to {labels.max()}, and there are {len(names)} "
            f"classes: expected whole numbers from 0 to {len(names) - 1}."
        )
    return numbers


def _places_of_ones(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return where the 1 is in each row of zeros (n, classes); `DatasetError` for other rows."""
    are_places = ((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all()
    if not are_places:
        raise DatasetError(
            "The labels are rows, of which some are not a 1 at the class among zeros: give one class a "
            "picture, such as labels.argmax(axis=1) of probabilities."
        )
    places: NDArray[np.int64] = rows.argmax(axis=1)
    return places
