"""What a study comes to. Over `pictures` of the `of` that the data set has."""

from __future__ import annotations

from dataclasses import dataclass

from cnn.attribution.trust.cascade import Cascade
from cnn.attribution.trust.curves import Curves
from cnn.attribution.trust.stability import Stability
from cnn.inspection.diagnosis import Diagnosis
from cnn.inspection.top_pictures import TopPictures
from cnn.studies.question import STRICT


@dataclass(frozen=True)
class Scores:
    """How well a network tells pictures: accuracy, mean loss, and the accuracy of each class.

    It is None for a class without a picture.
    """

    __pydantic_config__ = STRICT

    accuracy: float
    loss: float
    classes: list[float | None]


@dataclass(frozen=True)
class Evaluation:
    """How well a network tells pictures before and after channels were changed.

    `names` are those of the classes, `counts` the numbers of their pictures.
    """

    __pydantic_config__ = STRICT

    pictures: int
    of: int
    names: list[str]
    counts: list[int]
    before: Scores
    after: Scores


@dataclass(frozen=True)
class Channel:
    """A network without one channel: its accuracy and loss, and how much the loss rose (`cost`)."""

    __pydantic_config__ = STRICT

    channel: int
    cost: float
    accuracy: float
    loss: float


@dataclass(frozen=True)
class Ranking:
    """What each channel of a layer call is worth, the costliest first; before, none was off."""

    __pydantic_config__ = STRICT

    pictures: int
    of: int
    layer: str
    accuracy: float
    loss: float
    channels: list[Channel]


@dataclass(frozen=True)
class Trust:
    """How far a map can be trusted: three measures, each with a mark of its own."""

    curves: Curves
    cascade: Cascade
    stability: Stability

    @property
    def pictures(self) -> int:
        """How many pictures were looked at: that of the map."""
        return 1


Answer = Evaluation | Ranking | Diagnosis | Trust | TopPictures
