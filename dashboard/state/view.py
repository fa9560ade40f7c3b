"""What is on the screen, as a value, and its one way to and from the query of the URL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from cnn import runs
from cnn.attribution.counterfactual import NORMS, WAY, Norm
from cnn.attribution.methods import METHODS
from cnn.data.datasets import DIGITS
from cnn.errors import ModelError
from cnn.figures import SCALES, Scale
from cnn.gradients.adversarial import EPSILON
from cnn.gradients.teaching import MOST_STEPS
from cnn.images.perturbations import MOST_SEED, RANGES, Perturbation, Range
from cnn.images.pixels import RED_GREEN_BLUE, Colours
from cnn.models.losses import AIMS, Aim
from cnn.models.scales import RANGES as PIXEL_RANGES
from cnn.models.scales import read_scale
from cnn.runs import moments
from dashboard.state import attributions, data, given, operations, picking, pixels, rates

Lines = Literal["contribution", "weight"]
CONTRIBUTION: Lines = "contribution"
WEIGHT: Lines = "weight"
By = Literal["inputs", "channels"]
INPUTS: By = "inputs"
CHANNELS: By = "channels"
Focus = Literal["map", "cell"]
WHOLE_MAP: Focus = "map"
ONE_CELL: Focus = "cell"
Overlay = Literal["apart", "over"]
APART: Overlay = "apart"
OVER: Overlay = "over"
ALL_METHODS = "all"
# What may have made a picture that is no sample, drawing or upload of the reader.
COUNTERFACTUAL = "counterfactual"
SYNTHESISED = "synthesis"
MAKERS = (COUNTERFACTUAL, SYNTHESISED)
# In place of the text of pixels, where these are not asked for.
_NO_SAMPLE = "other pictures"
_LONGEST_NAME = 500
LOOKS = frozenset(
    {
        "other", "runs", "scale", "lines", "channel", "row", "column", "source", "teach", "rates",
        "over", "present", "of", "against", "by", "effective", "guess", "pick", "picking", "weights",
        "depth", "blocks", "broken", "method", "overlay", "options", "norm", "step", "quiz",
        "focus", "unit",
    }
)  # fmt: skip
OF_MODEL = (
    "output", "sums", "epoch", "other", "surgery", "range", "colours", "given", "also", "channel", "row",
    "column", "source", "target", "teach", "unit", "rates", "of", "against", "pick", "weights", "depth",
    "blocks",
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """The model, the picture, what is done to it, and how it is looked at.

    The model is a content hash, or `run:` and a run's id while it has no finished model. `epoch` is
    a moment of its training ("": the finished model), `other` the moment that it is compared with;
    `runs` are the ids of the runs that are compared, with commas between. `output` is the number of the
    output that is looked at, where the network has several, and `sums` what its sums are taken for ("":
    what its file says, or the likeliest). `surgery` is what is done to channels of
    the network, as text. `range` is how pixels are scaled for the model, a name in
    `cnn.models.scales.RANGES`, or mean and deviation ("": as its file says, or the usual way).
    `colours` are the channels that are red, green and blue, where there are more ("": the first three).
    `given` are the numbers for further inputs of the model, and `also` the samples for those that are
    pictures, as text ("": as its card says).

    The picture is `pixels` (28×28, as text) if there are any, else the one kept as `upload` (a
    content hash), else a place in a data set; an upload beside pixels is where they come from,
    and `part` which of several digits in it, counted from the left (None: the largest). `made` is what
    made pixels or upload, one of `MAKERS` ("": the reader).
    `rotate` to `erased` are those of a `Perturbation`, the mask as text; `epsilon` is the step of
    an adversarial change, towards the class `target` or (None) away from the one predicted.
    `channel` is the channel or kernel looked at closely, `row` and `column` the cell of it (None: the
    strongest), `source` the input channel whose kernels
    are shown (None: the norm over all). `lines` is what the lines between channels show: what is
    contributed for this picture (weight × value), or the weights alone. `teach` is the class that
    the network is taught with this picture (None: the one that suggests itself), `rates` the
    learning rates of the steps made. `over` is the slider along which the prediction is drawn.
    `effective` shows how much each pixel counts, beside those that a cell depends on.
    `present` shows it all large, as for a projector. `of` is the class whose output is taken apart (None:
    the one predicted), `against` the one that it is compared with, `by` what its parts are.
    `guess` hides results until the reader has said what they will be. `pick` is the place among the
    pictures to choose from, as text, and `picking` shows them. `weights` is which of a layer's weights
    are shown, by their number, `depth` the slice of a volume (None: of the strongest cell), and `blocks`
    are the numbers of those that are opened on the Network page, with commas between. `broken` lists
    only the layers that give NaN or infinity. `method` is the one whose maps of all classes are shown
    ("all": those of all methods, for one class), `overlay` whether they lie over the picture, and
    `options` are those of methods that are not at their defaults, as text. `norm` is the one in which a
    change into another class is kept small, and `step` how far it has gone (None: all the way). `quiz` is
    the number that a question of the quiz is drawn from. `focus` is what pictures are sought for: the
    map of a channel, or the cell of it alone. `unit` is the layer of which a number is explained, `of`
    and `against` are then channels of it ("": the output).
    """

    model: str = ""
    epoch: str = ""
    other: str = ""
    runs: str = ""
    output: int = 0
    sums: Aim = ""
    surgery: str = ""
    range: str = ""
    colours: str = ""
    given: str = ""
    also: str = ""
    data: str = DIGITS
    split: str = "all"
    index: int = 0
    pixels: str = ""
    upload: str = ""
    part: int | None = None
    made: str = ""
    rotate: float = 0
    x: float = 0
    y: float = 0
    zoom: float = 100
    noise: float = 0
    seed: int = 0
    blur: float = 0
    contrast: float = 100
    invert: bool = False
    erased: str = ""
    epsilon: float = 0
    target: int | None = None
    scale: Scale = "layer"
    lines: Lines = CONTRIBUTION
    channel: int | None = None
    row: int | None = None
    column: int | None = None
    source: int | None = None
    teach: int | None = None
    rates: str = ""
    over: str = "rotate"
    effective: bool = False
    present: bool = False
    of: int | None = None
    against: int | None = None
    by: By = INPUTS
    guess: bool = False
    pick: str = ""
    picking: bool = False
    weights: int = 0
    depth: int | None = None
    blocks: str = ""
    broken: bool = False
    method: str = ALL_METHODS
    overlay: Overlay = APART
    options: str = ""
    norm: Norm = "l2"
    step: int | None = None
    quiz: int = 0
    focus: Focus = WHOLE_MAP
    unit: str = ""

    def to_query(self) -> dict[str, str]:
        """Return the view as the parameters of a query; what is left at its default is left out."""
        always = ("model", "data", "split", "index")
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        defaults = {field.name: field.default for field in fields(self)}
        return {
            name: _text(value)
            for name, value in values.items()
            if value is not None and (name in always or value != defaults[name])
        }

    @property
    def perturbation(self) -> Perturbation:
        """What is done to the picture before the network sees it."""
        values = {field.name: getattr(self, field.name) for field in fields(Perturbation)}
        erased = pixels.decode_mask(self.erased) if self.erased else b""
        return Perturbation(**{**values, "erased": erased})

    @property
    def picture(self) -> View:
        """The same picture of the same model, looked at in the default way."""
        looks: dict[str, Any] = {
            field.name: field.default for field in fields(self) if field.name in LOOKS
        }
        return replace(self, **looks)

    @property
    def is_sample(self) -> bool:
        """Whether its picture is one of a data set."""
        return not self.pixels and not self.upload

    @property
    def of_no_sample(self) -> View:
        """The same model, for other pictures than the one of the data set."""
        return replace(self, pixels=_NO_SAMPLE)

    def of_model(self, key: str) -> View:
        """Return the same picture in another model, without what belonged to the one before."""
        if key == self.model:
            return self
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return View(**{n: v for n, v in values.items() if n not in OF_MODEL} | {"model": key})

    @property
    def red_green_blue(self) -> Colours:
        """The channels that are red, green and blue, where there are more than three."""
        if not self.colours:
            return RED_GREEN_BLUE
        red, green, blue = map(int, self.colours.split(","))
        return red, green, blue

    @property
    def network(self) -> str:
        """What views have in common whose networks have the same layers and the same output."""
        operated = (layer.partition(":")[0] for layer in self.surgery.split(";"))
        output = f"output {self.output}" if self.output else ""
        return " ".join(filter(None, [self.model, output, self.sums, *operated]))

    @property
    def operations(self) -> operations.Operations:
        """What is done to channels of the network, by layer call."""
        return operations.decode(self.surgery) if self.surgery else {}

    def options_of(self, method: str) -> dict[str, Any]:
        """Return the options of a method of attribution that are not at their defaults."""
        return attributions.decode(self.options).get(method, {}) if self.options else {}

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """The learning rates of the steps that the network was taught."""
        return rates.decode(self.rates) if self.rates else ()


OF_MODEL_ALONE = ("model", "output", "sums", "surgery")
OF_NETWORK = (*OF_MODEL_ALONE, "epoch")
# What a forward pass depends on.
OF_PICTURE = tuple(field.name for field in fields(View) if field.name not in LOOKS)
_SAMPLE = ("data", "split", "index")
# What goes when a part of the view becomes another, unless it is set at the same time: a sample takes
# the place of a drawing or an upload, a digit is one of its upload, classes are those of an
# output, and steps belong to the picture, the model and the moment that was taught.
GOES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (_SAMPLE, ("pixels", "upload", "erased")),
    (("upload",), ("part",)),
    (("pixels", "upload"), ("made",)),
    (("data", "split"), ("pick", "also")),
    (("model",), OF_MODEL),
    (("output",), ("target", "of", "against", "sums")),
    (("unit",), ("of", "against")),
    (OF_PICTURE, ("teach", "rates")),
)


def rules(parts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return what the browser knows of a view, to be written as JSON.

    That are the defaults, `GOES`, and the `parts` that the panel and each page depend on.
    """
    defaults = {field.name: field.default for field in fields(View)}
    return {
        "defaults": {name: _text(value) for name, value in defaults.items() if value},
        "goes": GOES,
        "parts": parts,
    }


def parse(query: Any) -> tuple[View, tuple[str, ...]]:
    """Return the view that a query describes, and a sentence for each part that is not usable.

    An unusable part keeps its default. Whether the model and the picture exist here is not looked
    at: `dashboard.runtime.links` does.
    """
    values, refused = read(query)
    return View(**values), tuple(f"The link {one.why}; {one.instead}." for one in refused.values())


@dataclass(frozen=True)
class Refused:
    """Why a part of a query is not usable, in words that follow "the link", and what is done."""

    why: str
    instead: str


def read(query: Any) -> tuple[dict[str, Any], dict[str, Refused]]:
    """Return the fields of a view that a query gives, and its unusable parts, both by name.

    What is no query at all gives nothing.
    """
    values: dict[str, Any] = {}
    refused: dict[str, Refused] = {}
    for name, value in query.items() if isinstance(query, Mapping) else ():
        accepted = _ACCEPTED.get(name) if isinstance(name, str) else None
        if accepted is None:
            refused[name] = Refused(
                f"has a part {_cut(str(name))} that is not known", "it is ignored"
            )
        elif not isinstance(value, str):
            how = f"{len(value)} times" if isinstance(value, list | tuple) else "as what is no text"
            refused[name] = Refused(f"gives {name} {how}", "the default is used")
        else:
            try:
                values[name] = accepted.read(value)
            except ValueError:
                why = f"says {name} is {_cut(value)}: expected {accepted.words}"
                refused[name] = Refused(why, accepted.instead)
    return values, refused


@dataclass(frozen=True)
class _Accepted:
    """How a part of a query is read (`ValueError` if it cannot be), and what is said then."""

    read: Callable[[str], Any]
    words: str
    instead: str = "the default is used"


def _matching(pattern: str, words: str, instead: str = "the default is used") -> _Accepted:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return _Accepted(read, words, instead)


def _one_of(*words: str) -> _Accepted:
    return _matching(
        "|".join(map(re.escape, words)), " or ".join([", ".join(words[:-1]), words[-1]])
    )


def _whole(most: int, words: str) -> _Accepted:
    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or int(text) > most:
            raise ValueError
        return int(text)

    return _Accepted(read, words)


def _within(allowed: Range) -> _Accepted:
    def read(text: str) -> float:
        value = float(text) if re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,6})?", text) else None
        if value is None or not allowed.low <= value <= allowed.high:
            raise ValueError
        return value

    return _Accepted(read, f"a number from {allowed.low:g} to {allowed.high:g}")


def _decodable(decode: Callable[[str], Any], words: str, instead: str) -> _Accepted:
    def read(text: str) -> str:
        decode(text)
        return text

    return _Accepted(read, words, instead)


def _flag(text: str) -> bool:
    if text != "1":
        raise ValueError
    return True


def _range(text: str) -> None:
    if text in PIXEL_RANGES:
        return
    try:
        is_standardised = bool(read_scale(text)) and ":" in text
    except ModelError:
        is_standardised = False
    if not is_standardised:
        raise ValueError


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cut(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


_NUMBER = _whole(999_999_999, "a whole number")
_ACCEPTED = {
    "model": _matching(f"[0-9a-f]{{12}}|run:{runs.ID}", "12 hexadecimal digits, or run: and an id"),
    "epoch": _matching(moments.PATTERN, "a moment such as 3 or 0-16"),
    "other": _matching(moments.PATTERN, "a moment such as 3 or 0-16"),
    "runs": _matching(f"{runs.ID}(,{runs.ID}){{0,9}}", "up to ten ids of runs"),
    "output": _NUMBER,
    "sums": _one_of(*AIMS),
    "surgery": _decodable(
        operations.decode, "changes of channels such as conv2d:3*0,7*0.5", "no channel is changed"
    ),
    "data": _matching(data.PATTERN, data.WORDS),
    "split": _one_of(*data.SPLITS),
    "range": _decodable(
        _range,
        f"one of {', '.join(PIXEL_RANGES)}, or mean and deviation such as mean:0.5;deviation:0.25",
        "pixels are scaled as the model says",
    ),
    "colours": _matching(
        "[0-9]{1,2}(,[0-9]{1,2}){2}", "the channels that are red, green and blue such as 3,2,1"
    ),
    "given": _decodable(
        given.decode_numbers,
        "numbers for further inputs such as 1:42;2:0.5,0.1",
        "they get what the model's card says",
    ),
    "also": _decodable(
        given.decode_places,
        "samples for further inputs such as 1:17",
        "they get what the model's card says",
    ),
    "index": _NUMBER,
    "pixels": _decodable(
        pixels.decode, "the 28×28 pixels of a drawing", "it is damaged, and a sample is shown"
    ),
    "upload": _matching("[0-9a-f]{32}", "32 hexadecimal digits"),
    "part": _whole(999, "a whole number"),
    "made": _matching("|".join(MAKERS), " or ".join(MAKERS)),
    **{name: _within(allowed) for name, allowed in RANGES.items()},
    "seed": _whole(MOST_SEED, f"a whole number up to {MOST_SEED:,}"),
    "invert": _Accepted(_flag, "1"),
    "erased": _decodable(
        pixels.decode_mask, "a mask of 28×28 bits", "it is damaged, and nothing is erased"
    ),
    "epsilon": _within(EPSILON),
    "target": _NUMBER,
    "scale": _one_of(*SCALES),
    "lines": _one_of(CONTRIBUTION, WEIGHT),
    "channel": _NUMBER,
    "row": _NUMBER,
    "column": _NUMBER,
    "source": _NUMBER,
    "over": _one_of(*RANGES, "epsilon"),
    "effective": _Accepted(_flag, "1"),
    "present": _Accepted(_flag, "1"),
    "guess": _Accepted(_flag, "1"),
    "pick": _decodable(
        picking.decode, "a place among pictures such as 3,,wrong,2", "its first page is shown"
    ),
    "picking": _Accepted(_flag, "1"),
    "weights": _NUMBER,
    "depth": _NUMBER,
    "broken": _Accepted(_flag, "1"),
    "blocks": _matching("[0-9]{1,3}(,[0-9]{1,3}){0,99}", "up to 100 numbers such as 0,3"),
    "teach": _NUMBER,
    "of": _NUMBER,
    "against": _NUMBER,
    "by": _one_of(INPUTS, CHANNELS),
    "method": _one_of(ALL_METHODS, *METHODS),
    "overlay": _one_of(APART, OVER),
    "norm": _one_of(*NORMS),
    "step": _whole(WAY - 1, f"a whole number up to {WAY - 1}"),
    "quiz": _NUMBER,
    "focus": _one_of(WHOLE_MAP, ONE_CELL),
    "unit": _matching(
        f"(?s:.{{1,{_LONGEST_NAME}}})",
        f"the name of a layer of up to {_LONGEST_NAME} letters",
        "a number of the output is explained",
    ),
    "options": _decodable(
        attributions.decode,
        "options of methods such as smoothgrad.samples:32",
        "all methods are at their defaults",
    ),
    "rates": _decodable(
        rates.decode,
        f"up to {MOST_STEPS} learning rates such as 0.001*5,0.01",
        "no step is made",
    ),
}
ALL_PARTS = frozenset(_ACCEPTED)
