"""Which maps of attribution a view asks for: of all methods for one target, or of one for every class."""

from __future__ import annotations

from dataclasses import dataclass

import cnn
from cnn.attribution.compiling import is_compiled
from cnn.attribution.methods import METHODS
from cnn.models.layers import is_large
from cnn.studies import Trust, Wanted
from dashboard.runtime import studied
from dashboard.runtime.attributing import Attributed, attributed
from dashboard.screens.explained import Explained
from dashboard.screens.request import Request
from dashboard.state.view import ALL_METHODS

MOST_CLASSES = 12
BY_METHOD = {name: f"explain-of-{name}" for name in METHODS}
OF_CLASS = tuple(f"explain-class-{place}" for place in range(MOST_CLASSES))


@dataclass(frozen=True)
class Map:
    """A map of the page: the figure that shows it, the method and the target, and its title."""

    request: Request
    figure: str
    method: str
    target: cnn.Target
    title: str

    @property
    def is_quick(self) -> bool:
        """Whether it is there at once: what takes many passes, or is not compiled yet, is not."""
        model, known = self.request.model, METHODS[self.method]
        return (
            is_compiled(model, self.target, self.method)
            and not known.is_slow
            and not is_large(model)
        )

    @property
    def is_long(self) -> bool:
        """Whether it takes so long that a worker does it, when it is asked for."""
        return METHODS[self.method].is_slow and is_large(self.request.model)

    @property
    def is_known(self) -> bool:
        """Whether it is kept already."""
        request = self.request
        return request.runtime.has_attribution(request.view, self.method, self.target)

    def make(self) -> Attributed:
        """Return what the method says of the target, or why it says nothing."""
        request, runtime = self.request, self.request.runtime
        if not request.moving:
            return runtime.attribution(request.view, self.method, self.target)
        options = runtime.options_of(request.view, self.method)
        return attributed(request.model, request.look.seen, self.method, self.target, options)

    @property
    def trust(self) -> Trust | None:
        """How far it can be trusted, where a worker has tried it."""
        return studied.trust_in(self.request.runtime, self.request.view, self.wanted)

    @property
    def wanted(self) -> Wanted:
        """What a worker is asked for it."""
        return studied.wanted(self.request.view, self.method, self.target)


def left_out(request: Request) -> str:
    """Return which numbers one method is shown for, in a sentence; "" where it is for all."""
    explained = Explained(request)
    count = len(explained.names)
    if request.view.method == ALL_METHODS or count <= MOST_CLASSES:
        return ""
    plural = "classes" if explained.noun == "class" else f"{explained.noun}s"
    return f"Of {count:,} {plural} the {MOST_CLASSES} with the largest numbers are shown."


def maps_of(request: Request) -> list[Map]:
    """Return the maps of all methods for one target, or those of one method for every class or channel.

    Of what is maps, a target is the mean of a channel, or a cell of it. Of many it is those with the
    largest numbers.
    """
    explained, method = Explained(request), request.view.method
    if method == ALL_METHODS:
        target = explained.target_of(explained.target)
        return [
            Map(request, figure, name, target, METHODS[name].name)
            for name, figure in BY_METHOD.items()
        ]
    names = explained.names
    numbers = range(len(names)) if len(names) <= MOST_CLASSES else explained.ranked[:MOST_CLASSES]
    return [
        Map(request, figure, method, explained.target_of(of), names[of])
        for figure, of in zip(OF_CLASS, numbers, strict=False)
    ]
