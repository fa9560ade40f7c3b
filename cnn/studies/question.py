"""What a study is asked: of which network, over which pictures, and what is to be found out."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from cnn.attribution.counterfactual import Norm
from cnn.attribution.target import Target
from cnn.errors import ModelError, StudyError
from cnn.files import content_hash
from cnn.images.pixels import Colours
from cnn.models.card import card_path
from cnn.models.choosing import with_output_first, with_sums_as
from cnn.models.further import with_inputs
from cnn.models.inputs import in_colours, in_range
from cnn.models.loading import load_model
from cnn.models.losses import Aim
from cnn.models.opening import Limits
from cnn.models.surgery import Affine
from cnn.models.twins import twin
from cnn.runs.moments import Moment
from cnn.runs.run import Run
from cnn.studies.packing import Shape, packed, unpacked

if TYPE_CHECKING:
    import keras

Kind = Literal["evaluate", "rank", "diagnose", "trust", "tops", "synthesise", "maps", "turn"]
EVALUATE: Kind = "evaluate"
RANK: Kind = "rank"
DIAGNOSE: Kind = "diagnose"
TRUST: Kind = "trust"
TOPS: Kind = "tops"
SYNTHESISE: Kind = "synthesise"
MAPS: Kind = "maps"
TURN: Kind = "turn"
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
# Another number makes other questions of the same: where an answer has changed its meaning, or its file.
_FORM = 3
# Whoever asks has opened the same file, within the limit of the server.
_OPENED_BEFORE = Limits(bytes=sys.maxsize)
# Where a file is, and not what is in it.
_PLACES = ("path", "run", "moment")


@dataclass(frozen=True)
class Packed:
    """A picture: its `shape` (height, width, channels), and its bytes, `deflated` and in base64."""

    __pydantic_config__ = STRICT

    shape: Shape
    deflated: str

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> Packed:
        """Return a picture, uint8 (height, width, channels)."""
        height, width, channels = pixels.shape
        return cls((height, width, channels), packed(pixels))

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture, uint8 (height, width, channels)."""
        return unpacked(self.deflated, self.shape)


@dataclass(frozen=True)
class Network:
    """A network in a file, or with its weights at a moment of a run.

    `path` is the file, `content` its hash, and `card` that of the card beside it ("" without one).
    `run` is the folder of the run and `moment` the moment, both "" for the weights of the file;
    `weights` is the hash of the file that has those of the moment. `range` is how its pixels are scaled,
    `colours` which channels are red, green and blue, and `output` the place of the output that is asked
    about, and `sums` what its sums are taken for, where these were chosen. Of further inputs, by name,
    `inputs` are the numbers that some get and `pictures` those of others; the rest get what is beside
    each picture of the data.
    """

    __pydantic_config__ = STRICT

    path: str
    content: str
    card: str = ""
    run: str = ""
    moment: str = ""
    weights: str = ""
    range: str = ""
    colours: Colours | None = None
    inputs: dict[str, tuple[float, ...]] = field(default_factory=dict)
    pictures: dict[str, Packed] = field(default_factory=dict)
    output: int = 0
    sums: Aim = ""

    def load(self) -> keras.Model:
        """Return the network; `ModelError` or `RunError` where its files are others, or gone."""
        model = self._trained()
        model = in_range(model, self.range) if self.range else model
        model = in_colours(model, self.colours) if self.colours else model
        model = with_output_first(model, self.output)
        model = with_sums_as(model, self.sums) if self.sums else model
        given = {**self.inputs, **{name: one.pixels for name, one in self.pictures.items()}}
        return with_inputs(model, given) if given else model

    @property
    def fed(self) -> frozenset[str]:
        """The names of the further inputs that get the same with every picture."""
        return frozenset((*self.inputs, *self.pictures))

    def _trained(self) -> keras.Model:
        path = Path(self.path)
        self._require(path, self.content)
        self._require(card_path(path), self.card)
        model = load_model(path, limits=_OPENED_BEFORE)
        if not self.moment:
            return model
        run, moment = Run(Path(self.run)), Moment.parse(self.moment)
        self._require(run.weights_path(moment), self.weights)
        try:
            return twin(model, run.weights(moment))
        except ValueError as error:
            raise run.damaged_weights(moment) from error

    def _require(self, path: Path, expected: str) -> None:
        try:
            found = content_hash(path) if expected or path.is_file() else ""
        except OSError as error:
            raise ModelError(
                f"{path.name} is not there any more, or the worker cannot read it: open the network "
                "anew, then ask again."
            ) from error
        if found != expected:
            raise ModelError(
                f"{path.name} was replaced after it was asked about: open the network anew, then ask "
                "again."
            )


@dataclass(frozen=True)
class Wanted:
    """A map of attribution: the `method` with its `options`, of a `target`."""

    __pydantic_config__ = STRICT

    method: str
    options: dict[str, int | float | str]
    target: Target


@dataclass(frozen=True)
class Asked(Packed):
    """A picture in the model's size, and the `maps` that are asked for of it."""

    maps: tuple[Wanted, ...] = ()

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], maps: Sequence[Wanted] = ()) -> Asked:
        """Return what is asked of a picture in the model's size, uint8 (height, width, channels)."""
        picture = Packed.of(pixels)
        return cls(picture.shape, picture.deflated, tuple(maps))


@dataclass(frozen=True)
class Sought:
    """Pictures that raise a `target`, found with these `options`."""

    __pydantic_config__ = STRICT

    target: Target
    options: dict[str, int | float]


@dataclass(frozen=True)
class Turn:
    """The class `target` that a picture is to be turned into, by a change that is small in a `norm`."""

    __pydantic_config__ = STRICT

    target: int
    norm: Norm


@dataclass(frozen=True)
class Question:
    """What is to be found out of a network.

    "evaluate" is how well it tells the pictures before and after `changes` of its channels, by layer
    call and number each a factor and an offset; "rank" what the loss of each channel of the layer
    call `layer` costs; "diagnose" what is wrong with it, changed so; "trust" how far the map `asked` of
    it can be trusted, changed so; "tops" for which pictures each channel of `layer`, or one
    `cell` of each, is highest and lowest, changed so; "synthesise" which pictures raise what is `sought`
    in it, changed so, beside those of the data; "maps" are those that are `asked` of it, changed so;
    "turn" is the smallest change that does the `turn` of the picture `asked` about, changed so.
    `data` and `split` say which pictures, as `load_dataset` takes them, and `data_key` what own pictures
    were when they were asked about.
    """

    __pydantic_config__ = STRICT

    kind: Kind
    network: Network
    data: str
    split: str
    data_key: str = ""
    changes: dict[str, dict[int, tuple[float, float]]] = field(default_factory=dict)
    layer: str = ""
    cell: tuple[int, ...] | None = None
    asked: Asked | None = None
    sought: Sought | None = None
    turn: Turn | None = None

    @classmethod
    def evaluation(
        cls, network: Network, changes: Mapping[str, Mapping[int, Affine]], data: str, split: str
    ) -> Question:
        """Return the question what changes of channels cost; `StudyError` where there are none."""
        plain = _plain(changes)
        if not plain:
            raise StudyError("No channel is changed: change one, then evaluate what it does.")
        return cls(EVALUATE, network, data, split, changes=plain)

    @classmethod
    def ranking(cls, network: Network, layer: str, data: str, split: str) -> Question:
        """Return the question what each channel of a layer call is worth."""
        return cls(RANK, network, data, split, layer=layer)

    @classmethod
    def diagnosis(
        cls, network: Network, changes: Mapping[str, Mapping[int, Affine]], data: str, split: str
    ) -> Question:
        """Return the question what is wrong with a network, with some of its channels changed or none."""
        return cls(DIAGNOSE, network, data, split, changes=_plain(changes))

    @classmethod
    def trust(
        cls,
        network: Network,
        changes: Mapping[str, Mapping[int, Affine]],
        asked: Asked,
        data: str,
        split: str,
    ) -> Question:
        """Return the question how far a map can be trusted; pictures of the data fill what is deleted."""
        return cls(TRUST, network, data, split, changes=_plain(changes), asked=asked)

    @classmethod
    def tops(
        cls,
        network: Network,
        changes: Mapping[str, Mapping[int, Affine]],
        layer: str,
        data: str,
        split: str,
        cell: tuple[int, ...] | None = None,
    ) -> Question:
        """Return the question which pictures excite each channel of a layer call, or each class."""
        return cls(TOPS, network, data, split, changes=_plain(changes), layer=layer, cell=cell)

    @classmethod
    def synthesis(
        cls,
        network: Network,
        changes: Mapping[str, Mapping[int, Affine]],
        sought: Sought,
        data: str,
        split: str,
    ) -> Question:
        """Return the question which pictures raise a unit, beside the best one of the data."""
        return cls(SYNTHESISE, network, data, split, changes=_plain(changes), sought=sought)

    @classmethod
    def mapping(
        cls,
        network: Network,
        changes: Mapping[str, Mapping[int, Affine]],
        asked: Asked,
        data: str,
        split: str,
    ) -> Question:
        """Return the question for maps; some of them compare with pictures of the data."""
        return cls(MAPS, network, data, split, changes=_plain(changes), asked=asked)

    @classmethod
    def turning(
        cls,
        network: Network,
        changes: Mapping[str, Mapping[int, Affine]],
        pixels: NDArray[np.uint8],
        turn: Turn,
        data: str,
        split: str,
    ) -> Question:
        """Return the question what turns a picture in the model's size into another class."""
        asked = Asked.of(pixels)
        return cls(TURN, network, data, split, changes=_plain(changes), asked=asked, turn=turn)

    @property
    def operations(self) -> dict[str, dict[int, Affine]]:
        """The changes, as `ablate` takes them."""
        return {
            name: {channel: Affine(*both) for channel, both in channels.items()}
            for name, channels in self.changes.items()
        }

    @property
    def id(self) -> str:
        """What is the same for the same question, wherever the files are: 16 hexadecimal digits."""
        asked: dict[str, Any] = asdict(self)
        asked["network"] = {k: v for k, v in asked["network"].items() if k not in _PLACES}
        for name in ("output", "colours", "pictures", "sums"):
            if not asked["network"][name]:
                del asked["network"][name]
        for name in ("cell", "asked", "sought", "turn"):
            if asked[name] is None:
                del asked[name]
        content = json.dumps([_FORM, asked], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def _plain(
    changes: Mapping[str, Mapping[int, Affine]],
) -> dict[str, dict[int, tuple[float, float]]]:
    """Return the changes as a question holds them, without layers in which nothing is changed."""
    return {
        name: {channel: (one.factor, one.offset) for channel, one in channels.items()}
        for name, channels in changes.items()
        if channels
    }
