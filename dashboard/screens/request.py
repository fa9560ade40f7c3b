"""What a page is asked to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

import cnn
from cnn.figures.chart import Window
from cnn.properties import cached_property
from dashboard.runtime.pictures import Picture, drawing
from dashboard.runtime.runtime import Look, Runtime, current
from dashboard.shell.tabs import opening_layer
from dashboard.state.view import View

if TYPE_CHECKING:
    import keras

Moving = Literal["", "picture", "epoch"]


@dataclass(frozen=True)
class Request:
    """A view, and the layer of the address (None: the page chooses one).

    `moving` says what a pen or a slider is still moving: then the page leaves out what takes long,
    and what the server computes is not kept. `drawn` is what the pen has drawn by then, uint8
    (28, 28, 1). `form` is that of the screen which the browser has. `layers` are the only ones in
    sight, if any are named; `pointed` is the channel that is pointed at, as (layer, channel). `rest` asks
    for what the page has left out, for more of it than the figures `had`, or for the parts of it with
    those layers; `enlarged` for a window of one reduced figure. Figures are named by the ids of their
    graphs.
    """

    view: View
    layer: str | None = None
    moving: Moving = ""
    drawn: NDArray[np.uint8] | None = None
    form: str = ""
    layers: tuple[str, ...] = ()
    pointed: tuple[str, int] | None = None
    rest: bool = False
    had: frozenset[str] = frozenset()
    enlarged: tuple[str, Window] | None = None

    @property
    def runtime(self) -> Runtime:
        """What this server holds."""
        return current()

    @cached_property
    def model(self) -> keras.Model:
        """The model at the moment of the view, with the changes of its channels."""
        return self.runtime.model(self._seen)

    @cached_property
    def trained(self) -> keras.Model:
        """The model at the moment of the view, as it was trained."""
        return self.runtime.trained(self._seen)

    @property
    def _seen(self) -> View:
        """The view, as one of a drawing while a pen moves: no file has anything for that."""
        return self.view if self.drawn is None else self.view.of_no_sample

    @cached_property
    def picture(self) -> Picture:
        """The picture of the view, before anything is done to it."""
        return self.runtime.picture(self.view) if self.drawn is None else drawing(self.drawn)

    @cached_property
    def look(self) -> Look:
        """What the model sees and computes of the picture: one pass, for the panel and the page."""
        if self.moving:
            return self.runtime.look_at(self._seen, self.picture)
        return self.runtime.look(self.view)

    @property
    def passed(self) -> cnn.ForwardPass:
        """All that the model computes of the picture."""
        return self.look.passed

    def at(self, epoch: str) -> Request:
        """Return the same request at another moment of the training."""
        return replace(self, view=replace(self.view, epoch=epoch))

    @property
    def unoperated(self) -> Request:
        """The same request without changes of channels."""
        return replace(self, view=replace(self.view, surgery=""))

    def layer_among(self, infos: Sequence[cnn.LayerInfo]) -> cnn.LayerInfo:
        """Return the layer of the address among `infos`; without one, that which pages open with.

        Raises `LayerError` if there is none.
        """
        by_name = {info.name: info for info in infos}
        opening = opening_layer(cnn.layer_infos(self.model))
        first = opening if opening in by_name else next(iter(by_name), "")
        name = first if self.layer is None else self.layer
        if name not in by_name:
            raise cnn.LayerError(f"No layer {name!r} is shown on this page.")
        return by_name[name]
