"""Layers and operations of every kind, with settings picked at random, for tests of their arithmetic.

A step puts one of them after a tensor. `STEPS` has them by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from keras.src.applications.convnext import LayerScale

from cnn.models import former
from cnn.models.loading import as_functional

OF_ONE = (
    "relu", "leaky_relu", "relu6", "elu", "selu", "celu", "sigmoid", "log_sigmoid", "hard_sigmoid",
    "sparse_sigmoid", "silu", "hard_silu", "gelu", "mish", "softplus", "softsign", "squareplus",
    "sparse_plus", "tanh", "tanh_shrink", "hard_tanh", "hard_shrink", "soft_shrink", "exponential",
    "linear",
)  # fmt: skip
OF_SEVERAL = ("softmax", "log_softmax", "sparsemax")
ACTIVATIONS = (*OF_ONE, *OF_SEVERAL)
OPERATIONS = (
    "abs", "absolute", "cos", "exp", "expm1", "negative", "sin", "square", "sqrt", "rsqrt", "log",
    "log1p", "reciprocal",
)  # fmt: skip

Step = Callable[[Random, Any], Any]
# How many axes the tensor has beside the batch's, and what makes the next one of it.
STEPS: dict[str, tuple[int, Step]] = {}


def register(rank: int, name: str, step: Step) -> None:
    STEPS[name] = (rank, step)


def each_dimension(*dimensions: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function `(pick, x, dimensions)` once for maps of each number of dimensions."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for count in dimensions:
            register(count + 1, f"{function.__name__}{count}", partial(function, dimensions=count))
        return function

    return decorate


def layer_of(name: str, dimensions: int) -> Any:
    return getattr(layers, name.format(dimensions))


def window(pick: Random, x: Any, *, dilated: bool = True) -> dict[str, Any]:
    """Settings of a window that fits on the maps."""
    sizes = x.shape[1:-1]
    apart = pick.choice([1, 1, 2]) if dilated else 1
    return {
        "kernel_size": [pick.randint(1, max(1, min(3, (n - 1) // apart + 1))) for n in sizes],
        "dilation_rate": apart,
        "strides": 1 if apart > 1 else pick.choice([1, 2]),
        "padding": pick.choice(["same", "valid"]),
        "activation": pick.choice([None, "relu", "tanh", "softmax"]),
        "use_bias": pick.choice([True, False]),
    }


# --- layers with a kernel


@each_dimension(1, 2, 3)
def conv(pick, x, dimensions):
    groups = pick.choice([n for n in (1, 2, 3) if x.shape[-1] % n == 0])
    filters = groups * pick.randint(1, 2)
    return layer_of("Conv{}D", dimensions)(filters, groups=groups, **window(pick, x))(x)


@each_dimension(1)
def causal(pick, x, dimensions):
    settings = window(pick, x) | {"padding": "causal"}
    return layers.Conv1D(2, **settings)(x)


@each_dimension(1, 2)
def depthwise(pick, x, dimensions):
    settings = window(pick, x) | {"depth_multiplier": pick.randint(1, 2)}
    return layer_of("DepthwiseConv{}D", dimensions)(**settings)(x)


@each_dimension(1, 2)
def separable(pick, x, dimensions):
    settings = window(pick, x) | {"depth_multiplier": pick.randint(1, 2)}
    return layer_of("SeparableConv{}D", dimensions)(pick.randint(1, 3), **settings)(x)


@each_dimension(1, 2, 3)
def transposed(pick, x, dimensions):
    settings = window(pick, x, dilated=False)
    return layer_of("Conv{}DTranspose", dimensions)(pick.randint(1, 3), **settings)(x)


@each_dimension(0, 1, 2)
def dense(pick, x, dimensions):
    return layers.Dense(pick.randint(1, 4), use_bias=pick.random() < 0.7)(x)


def bounded(name: str, x: Any) -> Any:
    """Return the tensor, or its tanh before a function that grows without bounds."""
    return layers.Activation("tanh")(x) if name == "exponential" else x


for name in ACTIVATIONS:
    register(
        3,
        f"conv_{name}",
        lambda pick, x, name=name: layers.Conv2D(3, 1, activation=name)(bounded(name, x)),
    )
    register(1, f"dense_{name}", lambda pick, x, name=name: layers.Dense(3, name)(bounded(name, x)))
    register(
        3,
        f"activation_{name}",
        lambda pick, x, name=name: layers.Activation(name)(bounded(name, x)),
    )
    if hasattr(ops, name):
        register(3, f"op_{name}", lambda pick, x, name=name: getattr(ops, name)(x))
register(3, "former_sigmoid", lambda pick, x: layers.Activation(former.hard_sigmoid())(x))
register(2, "former_dense", lambda pick, x: layers.Dense(3, former.hard_sigmoid())(x))
register(2, "dense_layer", lambda pick, x: layers.Dense(3, activation=layers.LeakyReLU(0.1))(x))
register(
    2,
    "einsum",
    lambda pick, x: layers.EinsumDense("abc,cd->abd", (x.shape[1], 3), bias_axes="d")(x),
)

# --- pooling


def pool(pick, x, dimensions, name):
    sizes = [pick.randint(1, min(3, size)) for size in x.shape[1:-1]]
    strides, padding = pick.choice([None, 1, 2]), pick.choice(["same", "valid"])
    return layer_of(name, dimensions)(sizes, strides, padding)(x)


def global_pool(pick, x, dimensions, name):
    return layer_of(name, dimensions)(keepdims=pick.choice([True, False]))(x)


def adaptive_pool(pick, x, dimensions, name):
    sizes = [pick.randint(1, size) for size in x.shape[1:-1]]
    if "Max" in name:  # Of one column it ends the process.
        sizes[-1] = max(2, sizes[-1])
    return layer_of(name, dimensions)(tuple(sizes))(x)


for before, step in (("", pool), ("Global", global_pool), ("Adaptive", adaptive_pool)):
    for name in ("MaxPooling{}D", "AveragePooling{}D"):
        for count in (1, 2, 3):
            made = partial(step, dimensions=count, name=before + name)
            register(count + 1, (before + name).format(count), made)

# --- normalisations


def over_any_axes(pick, x, make):
    return make(axis=pick.choice([-1, [1, 2, 3]]))(x)


for make in (layers.LayerNormalization, layers.RMSNormalization, layers.UnitNormalization):
    register(3, make.__name__, partial(over_any_axes, make=make))
register(
    3,
    "batch",
    lambda pick, x: layers.BatchNormalization(axis=pick.choice([-1, 1]), scale=pick.random() < 0.5)(
        x
    ),
)
register(1, "batch_units", lambda pick, x: layers.BatchNormalization(center=False)(x))
register(3, "group", lambda pick, x: layers.GroupNormalization(pick.choice([1, x.shape[-1]]))(x))
register(3, "group_rows", lambda pick, x: layers.GroupNormalization(1, axis=1)(x))
register(3, "layer_scale", lambda pick, x: LayerScale(0.5, x.shape[-1])(x))
register(3, "rescaling", lambda pick, x: layers.Rescaling(0.5, pick.choice([0.0, -1.0]))(x))
register(3, "rescaling_each", lambda pick, x: layers.Rescaling([0.5] * x.shape[-1], -1.0)(x))
for invert in (False, True):
    register(
        3,
        f"normalization_{invert}",
        lambda pick, x, invert=invert: layers.Normalization(
            mean=[0.2] * x.shape[-1], variance=[1.5] * x.shape[-1], invert=invert
        )(x),
    )

# --- functions


@each_dimension(0, 2)
def rectified(pick, x, dimensions):
    highest, slope, start = (
        pick.choice([None, 1.0]),
        pick.choice([0.0, 0.3]),
        pick.choice([0.0, 0.2]),
    )
    return layers.ReLU(highest, slope, start)(x)


@each_dimension(0, 2)
def learned_slope(pick, x, dimensions):
    return layers.PReLU(shared_axes=pick.choice([None, [1]]))(x)


@each_dimension(0, 1, 2)
def softmax(pick, x, dimensions):
    return layers.Softmax(axis=pick.randint(1, dimensions + 1))(x)


register(3, "softmax_over_maps", lambda pick, x: layers.Softmax(axis=(1, 2))(x))
register(3, "leaky", lambda pick, x: layers.LeakyReLU(0.2)(x))
register(3, "elu", lambda pick, x: layers.ELU(0.7)(x))
register(3, "gated", lambda pick, x: ops.glu(layers.Conv2D(4, 1)(x)))
register(3, "clipped", lambda pick, x: ops.clip(x, -0.1, 0.2))
register(3, "above", lambda pick, x: ops.threshold(x, 0.1, -1.0))
register(3, "powered", lambda pick, x: ops.power(ops.abs(x) + 0.1, 1.5))
for name in OPERATIONS:
    register(
        3,
        f"op_{name}",
        lambda pick, x, name=name: getattr(ops, name)(ops.clip(ops.abs(x), 0.1, 3.0)),
    )

# --- several inputs


def merged(pick, x, name, count):
    others = [layers.Activation("tanh")(x), x]
    return getattr(layers, name)()([x, *others[: count - 1]])


for name in ("Add", "Multiply", "Average", "Maximum", "Minimum"):
    register(3, f"merged_{name}", partial(merged, name=name, count=3))
register(1, "merged_Subtract", partial(merged, name="Subtract", count=2))


def operated(pick, x, name):
    constant = pick.choice([2.5, np.linspace(0.5, 2, x.shape[-1], dtype="float32")])
    return getattr(ops, name)(x, constant if pick.random() < 0.5 else ops.abs(x) + 3.0)


for name in ("add", "multiply", "subtract", "divide", "true_divide", "maximum", "minimum"):
    register(3, f"op_{name}", partial(operated, name=name))
register(3, "one_minus", lambda pick, x: 1.0 - x)
register(3, "whole_map_times_channel", lambda pick, x: x * ops.mean(x, axis=(1, 2), keepdims=True))


@each_dimension(1, 2)
def attention(pick, x, dimensions):
    axes = pick.choice([None, (1,), (2,), (2, 1)]) if dimensions > 1 else None
    layer = layers.MultiHeadAttention(
        2, 3, use_bias=pick.choice([True, False]), attention_axes=axes
    )
    return layer(x, x, use_causal_mask=dimensions == 1)


register(2, "cross", lambda pick, x: layers.MultiHeadAttention(1, 2)(x, layers.ReLU()(x), x))
for normalize in (False, True):
    register(
        2,
        f"dot_{normalize}",
        lambda pick, x, normalize=normalize: layers.Dot(
            axes=pick.randint(1, 2), normalize=normalize
        )([x, x]),
    )


@each_dimension(1, 2)
def concatenate(pick, x, dimensions):
    return layers.Concatenate(axis=pick.randint(1, dimensions + 1))([x, layers.ReLU()(x)])


for name in ("mean", "sum", "max", "min", "amax", "amin"):
    for keepdims in (False, True):
        register(
            3,
            f"op_{name}_{keepdims}",
            lambda pick, x, name=name, keepdims=keepdims: getattr(ops, name)(
                x, axis=pick.choice([1, 3, (1, 2)]), keepdims=keepdims
            ),
        )

# --- the same numbers in other places


@each_dimension(1, 2, 3)
def cropped(pick, x, dimensions):
    cut = [(pick.randint(0, 1) if size > 2 else 0, 0) for size in x.shape[1:-1]]
    return layer_of("Cropping{}D", dimensions)(cut[0] if dimensions == 1 else cut)(x)


@each_dimension(1, 2, 3)
def padded(pick, x, dimensions):
    frame = [(pick.randint(0, 1), pick.randint(0, 2)) for _ in x.shape[1:-1]]
    return layer_of("ZeroPadding{}D", dimensions)(frame[0] if dimensions == 1 else frame)(x)


@each_dimension(1, 2, 3)
def repeated(pick, x, dimensions):
    size = 2 if dimensions == 1 else (2,) + (1,) * (dimensions - 1)
    return layer_of("UpSampling{}D", dimensions)(size)(x)


for how in ("bilinear", "nearest", "bicubic", "lanczos3"):
    register(
        3,
        f"resized_{how}",
        lambda pick, x, how=how: layers.Resizing(
            pick.randint(1, 8), pick.randint(1, 8), how, antialias=how == "bicubic"
        )(x),
    )
    register(3, f"op_resized_{how}", lambda pick, x, how=how: ops.image.resize(x, (5, 7), how))
register(3, "enlarged", lambda pick, x: layers.UpSampling2D(2, interpolation="bilinear")(x))
register(3, "middle", lambda pick, x: layers.CenterCrop(pick.randint(1, 9), pick.randint(1, 9))(x))
register(3, "flat", lambda pick, x: layers.Flatten()(x))
register(1, "reshaped", lambda pick, x: layers.Reshape((-1, 1))(x))
register(1, "repeated_rows", lambda pick, x: layers.RepeatVector(2)(x))
register(2, "permuted", lambda pick, x: layers.Permute((2, 1))(x))
register(3, "item", lambda pick, x: x[:, 0])
register(3, "pieces", lambda pick, x: x[:, ::2, :, -1:])
register(3, "turned", lambda pick, x: ops.transpose(x, (0, 2, 1, 3)))
register(3, "rolled", lambda pick, x: ops.roll(x, 1, axis=1))
register(3, "copied", lambda pick, x: ops.copy(x))
register(3, "flipped", lambda pick, x: ops.flip(x, axis=2))
register(3, "reversed", lambda pick, x: x[..., ::-1])
register(3, "quarter", lambda pick, x: ops.rot90(x, axes=(1, 2)))
register(3, "tiled", lambda pick, x: ops.tile(x, (1, 2, 1, 1)))
register(3, "repeated_columns", lambda pick, x: ops.repeat(x, 2, axis=2))
register(3, "to_space", lambda pick, x: ops.depth_to_space(ops.tile(x, (1, 1, 1, 4)), 2))
register(
    3, "to_depth", lambda pick, x: ops.space_to_depth(ops.repeat(ops.repeat(x, 2, 1), 2, 2), 2)
)
register(3, "patches", lambda pick, x: ops.image.extract_patches(x, 2, strides=1, padding="same"))
register(
    3, "framed", lambda pick, x: ops.pad(x, [[0, 0], [1, 0], [0, 1], [0, 0]], constant_values=1.5)
)
register(
    3,
    "reflected",
    lambda pick, x: ops.pad(layers.UpSampling2D(2)(x), [[0, 0], [1, 1], [0, 0], [0, 0]], "reflect"),
)
register(3, "stacked", lambda pick, x: ops.stack([x, ops.negative(x)], axis=1))
register(3, "squeezed", lambda pick, x: ops.squeeze(ops.expand_dims(x, 1), 1))
register(
    3, "split", lambda pick, x: layers.ReLU()(ops.split(layers.Conv2D(4, 1)(x), 2, axis=-1)[1])
)
register(3, "blurred", lambda pick, x: ops.image.gaussian_blur(x, (3, 3), (1.0, 1.0)))
register(
    3, "times_matrix", lambda pick, x: ops.matmul(x, np.full((x.shape[-1], 2), 0.3, np.float32))
)

register(3, "op_conv", lambda pick, x: ops.conv(x, np.ones((2, 2, x.shape[-1], 2), np.float32)))
for name in ("average_pool", "max_pool"):
    register(
        3,
        f"op_{name}",
        lambda pick, x, name=name: getattr(ops, name)(
            x, 2, pick.choice([None, 1, (1, 2)]), padding="same"
        ),
    )
register(
    3,
    "op_depthwise",
    lambda pick, x: ops.depthwise_conv(x, np.full((2, 1, x.shape[-1], 2), 0.5, np.float32)),
)
register(
    3,
    "op_separable",
    lambda pick, x: ops.separable_conv(
        x,
        np.full((1, 2, x.shape[-1], 1), 0.5, np.float32),
        np.full((1, 1, x.shape[-1], 2), -0.5, np.float32),
    ),
)

# --- nothing at inference

for name in (
    "Dropout", "SpatialDropout2D", "GaussianDropout", "GaussianNoise", "AlphaDropout",
    "ActivityRegularization", "RandomContrast", "RandomRotation", "RandomZoom", "RandomBrightness",
):  # fmt: skip
    register(3, name, lambda pick, x, name=name: getattr(layers, name)(0.3)(x))
for name in ("Identity", "RandomFlip", "Solarization"):
    register(3, name, lambda pick, x, name=name: getattr(layers, name)()(x))

# --- models and layers used again


def nested(pick, x):
    inside = keras.Input(x.shape[1:])
    inner = layers.Conv2D(2, 1)(layers.ReLU()(inside))
    return keras.Model(inside, inner, name=f"inner_{pick.randint(0, 10**9)}")(x)


def twice(pick, x):
    layer = layers.Conv2D(x.shape[-1], 1)
    return layer(layer(x))


register(3, "nested", nested)
register(3, "twice", twice)


def of_rank(x: Any, rank: int) -> Any:
    """Return the tensor with so many axes beside the batch's: the first ones split or joined."""
    shape = tuple(x.shape[1:])
    if len(shape) == rank:
        return x
    if len(shape) > rank:
        return of_rank(layers.Reshape((shape[0] * shape[1], *shape[2:]))(x), rank)
    if len(shape) == 1:
        return of_rank(layers.Reshape((*shape, 1))(x), rank)
    first = 2 if shape[0] % 2 == 0 else 1
    return of_rank(layers.Reshape((first, shape[0] // first, *shape[1:]))(x), rank)


def model_of(names: list[str], pick: Random, *, side_by_side: bool = False) -> keras.Model:
    """Return a model of the named steps, one after the other or each for itself after the picture.

    Every weight is random.
    """
    keras.utils.set_random_seed(pick.randint(0, 10**6))
    shape = (2 * pick.randint(2, 4), pick.randint(4, 8), pick.choice([1, 3]))
    x = picture = keras.Input(shape, name="picture")
    outputs = []
    for name in names:
        rank, make = STEPS[name]
        x = make(pick, of_rank(picture if side_by_side else x, rank))
        outputs.append(x)
    model = as_functional(keras.Model(picture, outputs if side_by_side else x))
    scramble(model, pick.randint(0, 10**6))
    return model


def scramble(model: keras.Model, seed: int) -> None:
    """Give every weight a random value; variances are above zero."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if keras.backend.is_float_dtype(weight.dtype):
            values = random.normal(0, 0.5, weight.shape)
            weight.assign(np.abs(values) + 0.1 if "variance" in weight.path else values)


def picture_for(model: keras.Model, pick: Random) -> np.ndarray:
    """Return a random picture in the model's size."""
    random = np.random.default_rng(pick.randint(0, 10**6))
    return random.integers(0, 256, model.inputs[0].shape[1:]).astype(np.uint8)
