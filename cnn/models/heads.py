"""What a model's output is: probabilities of classes, scores, or other numbers.

It follows from the layer that the output comes from. Everything that speaks of a prediction asks
here, so that no number is called a probability that is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cnn.errors import ModelError
from cnn.models import graph
from cnn.models.card import Card, card_of
from cnn.models.internals import with_attributes
from cnn.models.kinds import kind_of
from cnn.models.layers import LayerInfo, layer_infos
from cnn.models.losses import AIMS, Aim, Loss

if TYPE_CHECKING:
    import keras

Form = Literal["softmax", "logits", "scores", "numbers", "maps"]
Visits = Sequence[tuple[str, Any, list[Any], Any]]
_HEADS = "_cnn_heads"
_PASSING = ("Cast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze")
# Kinds whose sums before their activation can be computed too.
_SUMMING = (
    "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "Dense",
    "DepthwiseConv1D", "DepthwiseConv2D", "EinsumDense", "SeparableConv1D", "SeparableConv2D",
)  # fmt: skip
_ACTIVATED = ("Activation", "Softmax", *_SUMMING)
# Operations of `keras.ops` that are activations of what comes in, by the names that layers give these.
_FUNCTIONS = {
    "HardSigmoid": "hard_sigmoid", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid",
    "Softmax": "softmax",
}  # fmt: skip
_SIGMOIDS = ("sigmoid", "hard_sigmoid", "hard_sigmoid_of_keras_2")
_AVERAGES = ("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D")
_SUMS = ("Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "Dense", "SeparableConv2D")
_MOST_UNNAMED = 15


@dataclass(frozen=True)
class Head:
    """What an output of a model is.

    `form` is "softmax" for class probabilities, "logits" for sums whose softmax makes probabilities
    of them, "scores" for sigmoids, or sums of which the loss takes them, each a number between 0 and 1
    by itself, "numbers" for any other
    vector, and "maps" for what is no vector. Sums are those of a dense layer, or the averages of a
    convolution's; of more than 15 they count as logits only where the card names as many classes, for
    they may as well be an embedding; where its `loss` is known, that decides. `shape` is
    that of the output without the batch axis, `outputs` how many outputs the model has. `each` is the
    form of the numbers along the last axis, those of each cell where the output is maps. `deciding` is
    the name of the layer call that makes it so, `last` that of the call whose output it is. `is_guess`
    says that neither a loss nor the card tells whether the sums are one per class. `choices` are what
    a reader may take the sums for where no loss says it, none elsewhere, and `chosen` what one does.
    `squashed` is the function that gives "numbers" of sums, "" for none; `is_sum_unknown` that the sums
    before a softmax or a sigmoid cannot be had.
    """

    form: Form
    shape: graph.Shape
    outputs: int
    deciding: str
    last: str
    each: Form
    loss: Loss | None = None
    is_guess: bool = False
    choices: tuple[Aim, ...] = ()
    chosen: Aim = ""
    squashed: str = ""
    is_sum_unknown: bool = False

    @property
    def has_classes(self) -> bool:
        """Whether the prediction is one probability per class, which add up to 1."""
        return self.form in ("softmax", "logits")

    @property
    def function(self) -> Literal["", "softmax", "sigmoid"]:
        """What is made of the model's sums before they are shown: its last layer does not."""
        if self.form == "logits":
            return "softmax"
        return "sigmoid" if (self.form, self.each) == ("scores", "numbers") else ""

    @property
    def description(self) -> str:
        """The output in words, as the object of a sentence."""
        count = "×".join("?" if side is None else str(side) for side in self.shape)
        if self.function == "sigmoid":
            one = "one sum, whose sigmoid is a score between 0 and 1"
            return (
                one
                if count == "1"
                else f"{count} sums, whose sigmoids are separate scores between 0 and 1"
            )
        if count == "1" and self.form in ("scores", "numbers"):
            return "one score between 0 and 1" if self.form == "scores" else "one number"
        if (self.form, self.each) == ("maps", "softmax"):
            return f"{count} numbers, at each cell {self.shape[-1]} class probabilities"
        return {
            "softmax": f"{count} class probabilities",
            "logits": f"{count} sums, one per class",
            "scores": f"{count} separate scores between 0 and 1",
            "numbers": f"{count} numbers that are no probabilities",
            "maps": f"{count} numbers, and not one per class",
        }[self.form]

    @property
    def trained(self) -> str:
        """A sentence about the loss, where it says what the sums are, or about what does instead."""
        if self.chosen:
            return "What its sums are was chosen: no loss is known."
        if self.is_guess:
            return (
                "That they are one per class is a guess: no loss is known, and no card names the "
                "classes."
            )
        if not self.loss or not self.loss.aim or self.each not in ("logits", "numbers"):
            return ""
        return f"It was compiled with the loss {self.loss.words}."


def head_of(model: keras.Model) -> Head:
    """Return what the model's first output is."""
    return heads_of(model)[0]


def heads_of(model: keras.Model) -> tuple[Head, ...]:
    """Return what each output of the model is."""
    kept: tuple[Card, tuple[Head, ...]] | None = getattr(model, _HEADS, None)
    card = card_of(model)
    # A copy of the network brings what was kept with it, and may have another card.
    if kept is None or kept[0] is not card:
        kept = card, _heads(model, card)
        object.__setattr__(model, _HEADS, kept)
    return kept[1]


def maker_before(model: keras.Model, name: str) -> LayerInfo:
    """Return the call before the one called `name` that does more than hand on its input."""
    infos = {info.name: info for info in layer_infos(model)}
    info = infos[infos[name].inputs[0]]
    while len(info.inputs) == 1 and (info.nested or _passes(info, infos[info.inputs[0]])):
        info = infos[info.inputs[0]]
    return info


def giving(model: keras.Model) -> frozenset[str]:
    """Return the layer calls whose output is what the network answers, or only handed on as that."""
    head, infos = head_of(model), {info.name: info for info in layer_infos(model)}
    around = {name for name in infos if _innermost(name, infos) == head.last}
    handed_on = [head.last]
    while handed_on[-1] != head.deciding:
        handed_on += infos[handed_on[-1]].inputs
    return frozenset({*around, *handed_on})


def _innermost(name: str, infos: dict[str, LayerInfo]) -> str:
    """Return the call whose output a nested model hands out, where it has one output."""
    while infos[name].nested and len(infos[name].inputs) == 1:
        (name,) = infos[name].inputs
    return name


def require_classes(model: keras.Model, what: str) -> None:
    """Raise `ModelError` where the model gives no class probabilities, which `what` needs."""
    head = head_of(model)
    if not head.has_classes:
        raise ModelError(
            f"{what} needs class probabilities: this model gives {head.description}. Choose a model "
            "that gives each class one share, by a softmax, or one sum."
        )


def read(head: Head, final: Any, visits: Visits) -> tuple[Any, Any]:
    """Return the output as it is shown, and the logits or None, both float32 tensors.

    `final` is the model's output and `visits` the layer calls that gave it. The output is shown as
    it is, a lone number as one unit, but logits by their softmax, and sums of scores by their sigmoid.
    """
    import keras

    final = graph.as_unit(keras.ops.cast(final, "float32"))
    if head.function:
        return getattr(keras.ops, head.function)(final), final
    return final, None if head.form == "maps" else _logits(head, final, visits)


def sums(head: Head, final: Any, visits: Visits) -> tuple[Any, bool]:
    """Return the numbers of the output before the last activation, float32, and whether they are sums.

    `final` and `visits` are as in `read`. Where the model does not show its sums, the output stands for
    them. The output may be maps.
    """
    import keras

    final = graph.as_unit(keras.ops.cast(final, "float32"))
    logits = _logits(head, final, visits)
    is_sum = logits is not None or head.each == "logits"
    return final if logits is None else logits, is_sum


def _logits(head: Head, final: Any, visits: Visits) -> Any:
    """Return the sums before the activation that gives the output, None where they are not shown."""
    import keras

    deciding = next((visit for visit in visits if visit[0] == head.deciding), None)
    found = _sums(*deciding[1:]) if deciding else None
    if found is None or found.shape[-1] != final.shape[-1]:
        return None
    found = keras.ops.cast(found, "float32")
    # Between both is what hands the numbers on in another shape.
    is_same = found.shape == final.shape
    return found if is_same else keras.ops.reshape(found, keras.ops.shape(final))


def cross_entropy(probabilities: Any, logits: Any, labels: Any) -> Any:
    """Return −log p of the probability p of each label, a tensor (n,).

    It is computed of the logits where they are known; where they are not, None, p is at least the
    smallest positive float32.
    """
    import tensorflow as tf

    if logits is not None:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    shares = tf.gather(probabilities, labels, batch_dims=1)
    return -tf.math.log(tf.maximum(shares, np.finfo(np.float32).tiny))


def _sums(layer: Any, inputs: list[Any], _output: Any) -> Any:
    """Return the sums before the activation of the layer, None where it does not show them."""
    import keras

    if isinstance(layer, keras.layers.Activation) or type(layer).__name__ in _FUNCTIONS:
        return inputs[0]
    if getattr(layer, "quantization_mode", None) or not _is_summing(layer):
        return None
    return with_attributes(layer, activation=None)(inputs[0])


def _is_summing(layer: Any) -> bool:
    """Whether the layer is one of Keras, or of a class made from it, that squashes weighted sums."""
    return any(kind.__name__ in _SUMMING for kind in type(layer).__mro__)


def _heads(model: keras.Model, card: Card) -> tuple[Head, ...]:
    infos = {info.name: info for info in layer_infos(model)}
    lasts = [infos[name] for name in graph.output_names(model)]
    deciding = [_deciding(last, infos) for last in lasts]
    return tuple(
        _head(made, last, infos, card, len(lasts))
        for made, last in zip(deciding, lasts, strict=True)
    )


def _head(
    made: LayerInfo, last: LayerInfo, infos: dict[str, LayerInfo], card: Card, outputs: int
) -> Head:
    loss = card.losses.get(last.name)
    choices = () if loss else _choices(made, last, infos)
    taken = card.sums.get(last.name) or card.kept_sums.get(last.name) or ""
    chosen = taken if taken in choices else ""
    aim, named = chosen or (loss.aim if loss else ""), len(card.class_names)
    each = _form(made, last, infos, named, aim)
    form: Form = each if len(last.output_shape) == 1 else "maps"
    takes_sigmoids = chosen == "separate" or (loss and loss.takes_sigmoids)
    if form == "numbers" and takes_sigmoids and _may_be_logits(made, infos):
        form = "scores"
    is_told = aim or loss or named == last.channels or _activation(made) == "log_softmax"
    is_guess = form == "logits" and not is_told
    function = _activation(made)
    return Head(
        form, last.output_shape, outputs, made.name, last.name, each, loss, is_guess, choices, chosen,
        squashed=(function or "") if each == "numbers" and function != "linear" else "",
        is_sum_unknown=each in ("softmax", "scores") and function is None,
    )  # fmt: skip


def _choices(made: LayerInfo, last: LayerInfo, infos: dict[str, LayerInfo]) -> tuple[Aim, ...]:
    """Return what the sums of an output may be taken for; none where it gives none, or only one."""
    is_plain = _activation(made) != "log_softmax" and _may_be_logits(made, infos)
    if not is_plain or _form(made, last, infos, 0, "") in ("softmax", "scores"):
        return ()
    is_vector = len(last.output_shape) == 1
    possible = {"classes": last.channels > 1, "separate": is_vector, "numbers": True}
    found = tuple(aim for aim in AIMS if possible[aim])
    return found if len(found) > 1 else ()


def _deciding(info: LayerInfo, infos: dict[str, LayerInfo]) -> LayerInfo:
    """Return the call before `info`, or itself, that is not only handed on."""
    while len(info.inputs) == 1 and _passes(info, infos[info.inputs[0]]):
        info = infos[info.inputs[0]]
    return info


def _passes(info: LayerInfo, before: LayerInfo) -> bool:
    """Whether the call only hands on one vector, or maps with the same channels."""
    hands_on = info.kind in _PASSING or (info.kind, info.activation) == ("Activation", "linear")
    *sides, channels = before.output_shape
    is_vector = all(side == 1 for side in sides)
    keeps_channels = channels == info.output_shape[-1] and info.kind not in ("Flatten", "Squeeze")
    return hands_on and not before.nested and (is_vector or keeps_channels)


def _form(
    deciding: LayerInfo, last: LayerInfo, infos: dict[str, LayerInfo], named: int, aim: Aim
) -> Form:
    activation = _activation(deciding)
    if activation in _SIGMOIDS:
        return "scores"
    if last.channels < 2:
        return "numbers"
    if deciding.kind == "Average" and _are_softmaxes(deciding, infos):
        return "softmax"
    if activation == "softmax":
        return "softmax"
    if activation == "log_softmax":
        return "logits"
    if aim:
        return "logits" if aim == "classes" and _may_be_logits(deciding, infos) else "numbers"
    may_be_classes = last.channels <= _MOST_UNNAMED or last.channels == named
    return "logits" if may_be_classes and _is_sum(deciding, infos) else "numbers"


def _activation(info: LayerInfo) -> str | None:
    """Return the function along the channels that gives the numbers of a call."""
    name = info.activation if info.kind in _ACTIVATED else None
    name = name or _FUNCTIONS.get(info.kind)
    return name if info.is_along_channels else None


def _are_softmaxes(info: LayerInfo, infos: dict[str, LayerInfo]) -> bool:
    """Whether all that comes into a call is probabilities that add up to 1."""
    return all(_activation(_deciding(infos[name], infos)) == "softmax" for name in info.inputs)


def _may_be_logits(info: LayerInfo, infos: dict[str, LayerInfo]) -> bool:
    """Whether the call gives what a loss can take for logits: sums, or what several were joined to."""
    return kind_of(info.kind).channels == "merged" or _is_sum(info, infos)


def _is_sum(info: LayerInfo, infos: dict[str, LayerInfo]) -> bool:
    """Whether the call gives weighted sums, as a dense layer does, or averages of a convolution's."""
    if info.kind in _AVERAGES:
        info = infos[info.inputs[0]]
    elif len(info.output_shape) == 1:
        return info.kind == "Dense" and info.activation == "linear"
    return info.kind in _SUMS and info.activation == "linear"
