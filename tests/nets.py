"""Small networks for tests."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from cnn.models.loading import as_functional


def second() -> keras.Model:
    """Branches, a nested block, a shared layer, batch normalisation, 20x30 RGB, five classes."""
    keras.utils.set_random_seed(1)
    picture = keras.Input((20, 30, 3), name="picture")
    x = layers.Rescaling(1 / 255, name="scale")(picture)
    left = layers.Conv2D(8, 3, padding="same", name="left")(x)
    right = layers.Conv2D(8, (1, 5), padding="same", use_bias=False, name="right")(x)
    x = layers.Concatenate(name="join")([left, right])
    x = layers.BatchNormalization(name="norm")(x)
    x = _block()(layers.ReLU(name="relu")(x))
    shared = layers.Conv2D(6, 1, name="shared")
    x = shared(shared(x))
    tail = [layers.Conv2D(4, 2, name="last"), layers.GlobalAveragePooling2D(name="gap")]
    x = keras.Sequential(tail, name="tail")(x)
    classes = layers.Dense(5, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="second"))


def _block() -> keras.Model:
    inside = keras.Input((20, 30, 16))
    x = layers.Conv2D(6, 3, strides=2, activation="relu", name="conv")(inside)
    x = layers.DepthwiseConv2D(3, name="depthwise")(x)
    return keras.Model(inside, x, name="block")


def single_convolution(kernel, bias=0.0, **options) -> keras.Model:
    """A convolution with the given kernel (height, width, in, out), then a sum and a softmax."""
    height, width, channels, filters = kernel.shape
    picture = keras.Input((9, 12, channels), name="picture")
    convolution = layers.Conv2D(filters, (height, width), name="convolution", **options)
    x = convolution(picture)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    outputs = layers.Dense(2, activation="softmax", name="classes")(x)
    model = keras.Model(picture, outputs)
    convolution.set_weights([kernel, np.full(filters, bias, np.float32)])
    return as_functional(model)


# What Keras takes as a name: everything but a slash, which stands between a nested model and its layers.
ODD_NAMES = (
    "a blank", "été", "{brace}", "colon:1", "_underscore", "dot.ted", "...", "100%", "%20", "a+b&c=d",
    "what?#here", '"quoted" <b>', "__proto__", "constructor", "semi;colon,comma", "back\\slash", "$x$",
    " around ", "日本", "long" * 64,
)  # fmt: skip
NESTED_NAME = "a model/in side"
LONG_NAME = "block3_residual_unit_2_depthwise_convolution_batch_normalization"


def residual(blocks: int = 3) -> keras.Model:
    """Blocks of a convolution and an activation that a shortcut goes past, 16x16, ten classes."""
    keras.utils.set_random_seed(2)
    picture = keras.Input((16, 16, 1), name="picture")
    x = layers.Conv2D(4, 3, strides=2, name="stem")(picture)
    for block in range(blocks):
        y = layers.Conv2D(4, 3, padding="same", name=f"conv_{block}")(x)
        y = layers.ReLU(name=f"relu_{block}")(y)
        x = layers.Add(name=f"add_{block}")([x, y])
    x = layers.GlobalAveragePooling2D(name="means")(x)
    classes = layers.Dense(10, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="residual"))


def dense_connections() -> keras.Model:
    """Every layer reads all before it, over several lanes."""
    picture = keras.Input((8, 8, 1), name="picture")
    found = [layers.Conv2D(4, 1, name="stem")(picture)]
    for depth in range(5):
        sides = [layers.Conv2D(4, 1, name=f"side_{depth}_{i}")(found[-1]) for i in range(3)]
        found.append(layers.Concatenate(name=f"join_{depth}")([*found, *sides]))
    row = layers.Flatten(name="row")(found[-1])
    units = [layers.Dense(3, name=f"units_{i}")(row) for i in range(5)]
    outputs = layers.Dense(2, activation="softmax", name="classes")(
        layers.Concatenate(name="all")([*units, layers.Flatten(name="early")(found[0])])
    )
    return as_functional(keras.Model(picture, outputs))


def pyramid(side: int) -> keras.Model:
    """Maps of half the height from layer to layer, down to one cell."""
    picture = keras.Input((side, side, 1), name="picture")
    x = picture
    while x.shape[1] > 1:
        x = layers.AveragePooling2D(2)(x)
    classes = layers.Dense(2, activation="softmax", name="classes")(layers.Flatten()(x))
    return as_functional(keras.Model(picture, classes))


def long_names() -> keras.Model:
    """A residual network whose layers have names as long as those of large networks."""
    keras.utils.set_random_seed(3)
    picture = keras.Input((16, 16, 1), name="picture_of_the_first_camera_on_the_left")
    x = layers.Conv2D(4, 3, padding="same", name="block3_residual_unit_2_pointwise_convolution")(
        picture
    )
    y = layers.DepthwiseConv2D(3, padding="same", name="block3_residual_unit_2_depthwise")(x)
    y = layers.BatchNormalization(name=LONG_NAME)(y)
    x = layers.Add(name="block3_residual_unit_2_sum_of_both_branches")([x, y])
    x = layers.GlobalAveragePooling2D(name="global_average_pooling_of_every_channel")(x)
    classes = layers.Dense(10, activation="softmax", name="classification_head_probabilities")(x)
    return as_functional(keras.Model(picture, classes, name="long_names"))


def oddly_named() -> keras.Model:
    """A convolution for each of `ODD_NAMES`, one after the other, one of them in a model; two classes."""
    keras.utils.set_random_seed(4)
    x = picture = keras.Input((12, 12, 1), name="picture")
    for name in ODD_NAMES:
        x = layers.Conv2D(2, 3, padding="same", activation="relu", name=name)(x)
    inside = keras.Input((12, 12, 2))
    outer, inner = NESTED_NAME.split("/")
    block = keras.Model(inside, layers.Conv2D(2, 3, name=inner)(inside), name=outer)
    x = layers.GlobalAveragePooling2D(name="means")(block(x))
    classes = layers.Dense(2, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="oddly_named"))


def deep(count: int = 150) -> keras.Model:
    """A plain network of `count` layers, 16x16, ten classes."""
    keras.utils.set_random_seed(4)
    x = picture = keras.Input((16, 16, 1), name="picture")
    for depth in range(count - 3):
        kind = layers.ReLU if depth % 2 else layers.Conv2D
        x = kind(**({} if depth % 2 else {"filters": 2, "kernel_size": 1}), name=f"step_{depth}")(x)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    classes = layers.Dense(10, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="deep"))


def in_blocks(count: int = 14) -> keras.Model:
    """Blocks of four layers whose names begin alike, 96x96, ten classes: 61 layers with 14 blocks.

    The maps of the first are too large for a screen.
    """
    keras.utils.set_random_seed(6)
    picture = keras.Input((96, 96, 1), name="picture")
    x = layers.Conv2D(24, 3, padding="same", name="stem")(picture)
    x = layers.MaxPooling2D(2, name="smaller")(x)
    for i in range(count):
        y = layers.Conv2D(24, 1, name=f"block_{i}_expand")(x)
        y = layers.LeakyReLU(0.3, name=f"block_{i}_relu")(y)
        y = layers.Conv2D(24, 1, name=f"block_{i}_project")(y)
        x = layers.Add(name=f"block_{i}_add")([x, y])
    x = layers.GlobalAveragePooling2D(name="means")(x)
    classes = layers.Dense(10, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="in_blocks"))


def few_weights(side: int) -> keras.Model:
    """Four kernels that step over a colour picture of side x side, three classes: large, not costly."""
    keras.utils.set_random_seed(5)
    picture = keras.Input((side, side, 3), name="picture")
    x = layers.Conv2D(4, 5, strides=5, activation="relu", name="steps")(picture)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    classes = layers.Dense(3, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="few_weights"))


def flat_pixels(side: int) -> keras.Model:
    """All numbers of a colour picture of side x side as a row, and three classes."""
    keras.utils.set_random_seed(5)
    picture = keras.Input((side, side, 3), name="picture")
    classes = layers.Dense(3, activation="softmax", name="classes")
    return as_functional(
        keras.Model(picture, classes(layers.Flatten(name="flat")(picture)), name="flat_pixels")
    )


def costly() -> keras.Model:
    """Two convolutions of 96x96 with 130 million multiply-adds: a network that counts as large."""
    keras.utils.set_random_seed(6)
    picture = keras.Input((96, 96, 1), name="picture")
    x = layers.Conv2D(24, 3, padding="same", activation="relu", name="stem")(picture)
    x = layers.Conv2D(64, 3, padding="same", activation="relu", name="dear")(x)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    classes = layers.Dense(10, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="costly"))


def many_channels() -> keras.Model:
    """2,048 maps of 16x16 and again as many, each of one before it, and ten classes."""
    keras.utils.set_random_seed(6)
    picture = keras.Input((16, 16, 1), name="picture")
    x = layers.Conv2D(2048, 3, padding="same", activation="relu", name="many")(picture)
    x = layers.DepthwiseConv2D(3, padding="same", name="each")(x)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    classes = layers.Dense(10, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="many_channels"))


def nested_three_times(count: int = 42) -> keras.Model:
    """A model in a model in a model, where most of its layers are, 16x16, ten classes."""
    keras.utils.set_random_seed(6)

    def wrapped(name: str, *inside: keras.layers.Layer) -> keras.Model:
        picture = x = keras.Input((16, 16, 2), name=f"into_{name}")
        for layer in inside:
            x = layer(x)
        return keras.Model(picture, x, name=name)

    steps = [layers.Conv2D(2, 1, name=f"step_{chr(97 + i)}") for i in range(count)]
    middle = wrapped("middle", layers.ReLU(name="before"), wrapped("inner", *steps))
    outer = wrapped("outer", middle, layers.ReLU(name="after"))
    picture = keras.Input((16, 16, 1), name="picture")
    x = outer(layers.Conv2D(2, 1, name="stem")(picture))
    x = layers.GlobalAveragePooling2D(name="means")(x)
    classes = layers.Dense(10, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="nested"))


def pooled(side: int) -> keras.Model:
    """The means and the largest numbers of two whole maps of side x side, and two classes."""
    keras.utils.set_random_seed(6)
    picture = keras.Input((side, side, 1), name="picture")
    maps = layers.Conv2D(2, 3, padding="same", name="maps")(picture)
    both = [
        layers.GlobalAveragePooling2D(name="means")(maps),
        layers.GlobalMaxPooling2D(name="largest")(maps),
    ]
    x = layers.Concatenate(name="both")(both)
    classes = layers.Dense(2, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="pooled"))


def many_units() -> keras.Model:
    """A 16x16 picture as a row, 1,100 units of it, and 1,200 classes: 1.3 million weights."""
    keras.utils.set_random_seed(5)
    picture = keras.Input((16, 16, 1), name="picture")
    x = layers.Dense(1100, name="units")(layers.Flatten(name="row")(picture))
    classes = layers.Dense(1200, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="many_units"))


def flattened() -> keras.Model:
    """Two convolutions of 96x96x16, a pool, its 36,864 numbers as a row, and ten classes."""
    keras.utils.set_random_seed(6)
    picture = x = keras.Input((96, 96, 1), name="picture")
    for name in ("first", "second"):
        x = layers.Conv2D(16, 3, padding="same", name=name)(x)
    x = layers.Flatten(name="flat")(layers.MaxPooling2D(2, name="smaller")(x))
    classes = layers.Dense(10, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="flattened"))


def ending(*last: layers.Layer) -> keras.Model:
    """A 6x6 grey picture as a row of numbers, and the given layers after it."""
    keras.utils.set_random_seed(3)
    picture = keras.Input((6, 6, 1), name="picture")
    x = layers.Flatten(name="flat")(picture)
    for layer in last:
        x = layer(x)
    return as_functional(keras.Model(picture, x))


def not_finite(value: float, layer: str = "first") -> keras.Model:
    """Two convolutions, a normalisation and ten classes, 16x16, one weight of a layer is `value`."""
    keras.utils.set_random_seed(5)
    picture = keras.Input((16, 16, 1), name="picture")
    x = layers.Conv2D(2, 3, strides=2, activation="relu", name="first")(picture)
    x = layers.Conv2D(2, 3, name="second")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    model = keras.Model(picture, layers.Dense(10, activation="softmax", name="classes")(x))
    kernel, bias = model.get_layer(layer).get_weights()
    kernel.flat[0] = value
    model.get_layer(layer).set_weights([kernel, bias])
    return as_functional(model)


def overflowing(precision: str = "float16") -> keras.Model:
    """The same with large weights: of a bright picture the second layer has sums beyond float16."""
    keras.utils.set_random_seed(5)
    picture = keras.Input((16, 16, 1), name="picture")
    how = {"kernel_initializer": keras.initializers.Constant(60), "dtype": precision}
    x = layers.Conv2D(2, 3, strides=2, activation="relu", name="first", **how)(picture)
    x = layers.Conv2D(2, 3, name="second", **how)(x)
    x = layers.BatchNormalization(name="norm", dtype=precision)(x)
    x = layers.GlobalAveragePooling2D(name="means", dtype=precision)(x)
    x = layers.Dense(10, activation="softmax", name="classes", dtype=precision)(x)
    return as_functional(keras.Model(picture, x))


def several_outputs() -> keras.Model:
    """A score, ten classes, four numbers, and maps of a 12x12 picture."""
    keras.utils.set_random_seed(6)
    picture = keras.Input((12, 12, 1), name="picture")
    maps = layers.Conv2D(3, 3, name="maps")(picture)
    flat = layers.Flatten(name="flat")(layers.ReLU(name="relu")(maps))
    outputs = [
        layers.Dense(1, activation="sigmoid", name="even")(flat),
        layers.Dense(10, activation="softmax", name="digit")(flat),
        layers.Dense(4, activation="tanh", name="box")(flat),
        maps,
    ]
    return as_functional(keras.Model(picture, outputs, name="several"))


def segmenting(classes: int = 3, activation: str | None = "softmax", side: int = 12) -> keras.Model:
    """A class for each cell of a picture, whose sides are even."""
    keras.utils.set_random_seed(7)
    picture = keras.Input((side, side, 1), name="picture")
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="down")(picture)
    x = layers.Conv2DTranspose(4, 2, strides=2, activation="relu", name="up")(x)
    x = layers.Conv2D(classes, 1, activation=activation, name="classes")(x)
    return as_functional(keras.Model(picture, x, name="segmenting"))


def lone_numbers() -> keras.Model:
    """A score without an axis of units, (batch,), after another lone number and a number beside."""
    keras.utils.set_random_seed(9)
    picture = keras.Input((12, 12, 1), name="picture")
    flag = keras.Input((), name="flag")
    means = layers.GlobalAveragePooling2D(name="means")(layers.Conv2D(4, 3, name="conv")(picture))
    total = keras.ops.sum(means, axis=-1)
    both = [keras.ops.expand_dims(one, -1) for one in (total, flag)]
    joined = layers.Concatenate(name="join")([means, *both])
    score = layers.Dense(1, activation="sigmoid", name="score")(joined)
    return keras.Model([picture, flag], keras.ops.squeeze(score, -1))


def autoencoder() -> keras.Model:
    """A 12x12 picture, squeezed into eight numbers and made anew of them."""
    keras.utils.set_random_seed(8)
    picture = keras.Input((12, 12, 1), name="picture")
    x = layers.Dense(8, activation="relu", name="code")(layers.Flatten(name="flat")(picture))
    x = layers.Dense(144, activation="sigmoid", name="pixels")(x)
    return as_functional(keras.Model(picture, layers.Reshape((12, 12, 1), name="image")(x)))


def stepped() -> keras.Model:
    """Of a bright picture 4x4 it says 1 and -1, of a dark one -1 and 1, with a steep way between."""
    picture = keras.Input((4, 4, 1), name="picture")
    steep = layers.Dense(1, activation="hard_tanh", name="steep")
    last = layers.Dense(2, activation="softmax", name="classes")
    model = keras.Model(picture, last(steep(layers.Flatten(name="row")(picture))))
    steep.set_weights([np.full((16, 1), 1e4, np.float32), np.full(1, -12e4, np.float32)])
    last.set_weights([np.array([[1, -1]], np.float32), np.zeros(2, np.float32)])
    return as_functional(model)


def overstepping() -> keras.Model:
    """Of a picture 4x4 it gives finite numbers, and after one large step none."""
    x = picture = keras.Input((4, 4, 1))
    x = layers.Flatten()(layers.Rescaling(1e18)(x))
    for _ in range(3):
        x = layers.Dense(3, use_bias=False, kernel_initializer="ones")(x)
    model = as_functional(keras.Model(picture, x))
    model.layers[-1].set_weights([np.diag([1.0, 2, 3]).astype(np.float32)])
    return model
