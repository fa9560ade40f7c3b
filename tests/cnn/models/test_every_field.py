"""The receptive field of every kind of layer there is, against the gradient's support."""

from functools import cache, partial
from random import Random

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import cnn
from cnn.models import graph, kinds
from cnn.models.kinds import kind_of
from cnn.models.loading import as_functional
from tests.kinds import STEPS, of_rank, scramble

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are using a softmax over axis"),
    pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`"),
]
# Of a maximum, or behind a ReLU, one picture shows a part of what is read.
PICTURES, WEIGHTS = 384, 2


class Unheard(layers.Layer):
    """A layer of somebody else's, of whose kind the name alone says something."""

    def call(self, x):
        return x + ops.roll(x, 1, axis=1)


def unheard(name):
    """A step with a layer whose class has the name."""
    return lambda pick, x: type(name, (Unheard,), {})()(x)


def recurrent(make):
    def step(pick, x):
        return make(return_sequences=pick.random() < 0.6, go_backwards=pick.random() < 0.5)(x)

    return step


def weighed(make):
    """A step with one of the attentions that have a list of inputs."""

    def step(pick, x):
        keys = layers.Activation("tanh")(x)
        return make()([x, layers.ReLU()(x), keys] if pick.random() < 0.5 else [x, keys])

    return step


def of_video(pick, x):
    return layers.ConvLSTM2D(2, 2, padding="same", return_sequences=pick.random() < 0.5)(x)


def both_ways(pick, x):
    return layers.Bidirectional(layers.GRU(2, return_sequences=pick.random() < 0.7))(x)


def in_groups(pick, x):
    return layers.GroupQueryAttention(2, 4, 2)(x, layers.Activation("tanh")(x))


def beside_a_constant(pick, x):
    return ops.concatenate([np.ones((1, 2, *x.shape[2:]), "float32"), x], axis=1)


def broadcast(pick, x):
    return ops.broadcast_to(x[:, :1], (1, *x.shape[1:]))


# Kinds whose numbers nobody takes apart, and so no step of the tests of arithmetic.
FURTHER = {
    "LSTM": (2, recurrent(partial(layers.LSTM, 2))),
    "GRU": (2, recurrent(partial(layers.GRU, 2))),
    "SimpleRNN": (2, recurrent(partial(layers.SimpleRNN, 3))),
    "RNN": (2, recurrent(lambda **given: layers.RNN(layers.GRUCell(2), **given))),
    "Bidirectional": (2, both_ways),
    "ConvLSTM2D": (4, of_video),
    "Attention": (2, weighed(lambda: layers.Attention(use_scale=True))),
    "AdditiveAttention": (2, weighed(layers.AdditiveAttention)),
    "GroupedQueryAttention": (2, in_groups),
    "OthersAttention": (2, unheard("OthersAttention")),
    "OthersConv": (3, unheard("OthersConv")),
    "OthersPooling": (3, unheard("OthersPooling")),
    "OthersNormalization": (3, unheard("OthersNormalization")),
    "OthersReLU": (3, lambda pick, x: type("OthersReLU", (layers.ReLU,), {})()(x)),
    "OthersSwish": (3, lambda pick, x: type("OthersSwish", (layers.ELU,), {})()(x)),
    "TimeDistributed": (
        3,
        lambda pick, x: layers.TimeDistributed(layers.Conv1D(2, 2, padding="same"))(x),
    ),
    "SpectralNormalization": (
        3,
        lambda pick, x: layers.SpectralNormalization(layers.Conv2D(2, 2))(x),
    ),
    "constant": (3, beside_a_constant),
    "OnesLike": (3, lambda pick, x: x + ops.ones_like(x)),
    "ZerosLike": (3, lambda pick, x: x + ops.zeros_like(x)),
    "Cast": (3, lambda pick, x: ops.cast(ops.cast(x, "float16"), "float32")),
    "StopGradient": (3, lambda pick, x: ops.stop_gradient(x)),
    "Append": (3, lambda pick, x: ops.append(x, ops.tanh(x), axis=2)),
    "BroadcastTo": (3, broadcast),
    "Diagonal": (3, lambda pick, x: ops.diagonal(x, axis1=1, axis2=2)),
    "Hstack": (3, lambda pick, x: ops.hstack([x, ops.tanh(x)])),
    "Vstack": (3, lambda pick, x: ops.vstack([x, x])),
    "Moveaxis": (3, lambda pick, x: ops.moveaxis(x, 1, 2)),
    "Swapaxes": (3, lambda pick, x: ops.swapaxes(x, 2, 3)),
    "Slice": (3, lambda pick, x: ops.slice(x, (0, 1, 0, 0), (1, 2, 3, 1))),
    "Take": (3, lambda pick, x: ops.take(x, [2, 0, 0], axis=1)),
    "Unstack": (3, lambda pick, x: ops.tanh(ops.unstack(x, axis=1)[2])),
    "Einsum": (
        3,
        lambda pick, x: ops.einsum("bhwc,cd->bhwd", x, np.ones((x.shape[-1], 2), "float32")),
    ),
    "cumulated": (3, lambda pick, x: ops.cumsum(x, axis=2)),
    "sorted": (3, lambda pick, x: ops.sort(x, axis=1)),
}
for name in ("RandAugment", "AugMix", "CutMix", "MixUp"):
    FURTHER[name] = (3, lambda pick, x, name=name: getattr(layers, name)()(x))
ALL = STEPS | FURTHER
# What counts the pictures of a batch among the numbers, of which the dashboard gives one at a time.
ONE_BY_ONE = ("BroadcastTo", "constant", "Hstack", "Vstack")
# What Keras 3.15 says the wrong shape of, or cannot put into a graph; what makes one row of all pictures;
# and what stands for further inputs.
LEFT_OUT = {
    "AdaptiveMaxPool", "AdaptiveAveragePool", "ConvTranspose", "Equalization", "Abs", "Ravel", "Constant",
}  # fmt: skip


@cache
def network(name):
    """The step behind a convolution, which it reads; the picture's sides differ."""
    pick = Random(f"{name} 5")
    keras.utils.set_random_seed(pick.randint(0, 10**6))
    picture = keras.Input((7, 2 * pick.randint(2, 3), pick.choice([1, 2])), name="picture")
    rank, make = ALL[name]
    maps = layers.Conv2D(2, (2, 1), name="maps")(picture)
    return as_functional(keras.Model(picture, make(pick, of_rank(maps, rank))))


def a_cell(info, pick):
    """A place in the layer, with a channel or all of them, and the arguments that name it."""
    shape = info.output_shape
    names = ("row", "column", "channel") if len(shape) > 2 else ("row", "channel")[-len(shape) :]
    axes = [*range(min(len(shape) - 1, 2)), len(shape) - 1]
    named = {name: pick.randrange(shape[axis]) for name, axis in zip(names, axes, strict=True)}
    if len(shape) > 1 and pick.random() < 0.5:
        del named["channel"]
    where = [named.get("row", slice(None)), named.get("column", slice(None))][: len(shape) - 1]
    rest = [slice(None)] * (len(shape) - 1 - len(where))
    return (*where, *rest, named.get("channel", slice(None))), named


def read(model, layer, place, pictures):
    """Of which numbers of each layer before the gradient of a cell is not zero for some picture."""
    found = {}
    with tf.GradientTape() as tape:
        batch = tf.constant(pictures, tf.float32)
        tape.watch(batch)
        graph.run(model, batch, lambda name, _layer, _inputs, output: found.update({name: output}))
        cell = found[layer][(slice(None), *place)]
        apart = np.random.default_rng(len(pictures)).uniform(0.5, 1.5, cell.shape[1:])
        total = tf.reduce_sum(cell * apart)
    gradients = tape.gradient(total, found)
    return {
        name: np.any(gradient.numpy() != 0, axis=0)
        for name, gradient in gradients.items()
        if gradient is not None
    }


def read_of_any(model, layer, place, at_once):
    """The same of many pictures and weights."""
    true = {}
    for seed in range(WEIGHTS):
        scramble(model, seed)
        random = np.random.default_rng(seed)
        # With some numbers far larger than the others, so that each is the largest of its window once.
        pictures = (
            random.normal(0, 1, (PICTURES if at_once > 1 else 8, *model.input_shape[1:])) ** 3
        )
        for batch in np.array_split(pictures, len(pictures) // at_once):
            for name, numbers in read(model, layer, place, batch).items():
                true[name] = true.get(name, False) | numbers
    return true


@pytest.mark.parametrize("name", ALL)
def test_the_field_of_every_kind_is_what_some_picture_changes_it_by(name):
    model, pick = network(name), Random(name)
    for info in cnn.layer_infos(model):
        place, named = a_cell(info, pick)
        field = cnn.receptive_field(model, layer=info.name, **named)
        true = read_of_any(model, info.name, place, 1 if name in ONE_BY_ONE else PICTURES)
        if name != "StopGradient":
            assert set(field.cells) <= set(true)
        for before in set(field.cells) & set(true):
            cells, changed = field.cells[before], true[before]
            changed = changed if changed.ndim == 1 else changed.any(axis=-1)
            about = f"{before} of {info.name} at {named}"
            if cells.certainty == "exact":
                np.testing.assert_array_equal(cells.mask, changed, about)
            assert (cells.mask | ~changed).all(), about


def named(of=keras.Operation):
    """The classes of Keras that an entry of the table calls by their name."""
    for made in of.__subclasses__():
        if made.__name__ in kind_of(made.__name__).names:
            yield made.__name__
        yield from named(made)


def test_no_kind_is_without_a_field_that_is_held_to_the_gradient():
    made = {info.kind for name in ALL for info in cnn.layer_infos(network(name))}
    assert set(named()) - LEFT_OUT - made == set()
    held = {kind_of(name).names for name in made | LEFT_OUT}
    assert [kind.names for kind in kinds._KINDS if kind.names not in held] == []
