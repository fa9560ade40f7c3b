"""The functions of one number that Keras applies, and those of several, in float64.

They are called as in `keras.activations` and `keras.ops`, and have the same options. An operation's
class is called like its function, in other letters: `LeakyRelu`, `leaky_relu`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import signature
from math import erf, pi, sqrt
from typing import Any

import numpy as np

from cnn.models import former
from cnn.models.arithmetic.forms import Numbers


def _below(x: Numbers) -> Numbers:
    """Return the share of a normal distribution that is below x."""
    below: Numbers = np.vectorize(lambda one: (1 + erf(one / sqrt(2))) / 2, otypes=[float])(x)
    return below


def relu(
    x: Numbers, negative_slope: float = 0, max_value: float | None = None, threshold: float = 0
) -> Numbers:
    """Return x above the threshold, at most `max_value`; below it what lacks, times the slope."""
    above = np.where(x > threshold, x, 0)
    if max_value is not None:
        above = np.minimum(above, max_value)
    return above - negative_slope * np.maximum(threshold - x, 0)


def leaky_relu(x: Numbers, negative_slope: float = 0.2) -> Numbers:
    """Return x, times the slope where it is negative (Maas et al. 2013)."""
    return np.where(x > 0, x, negative_slope * x)


def prelu(x: Numbers, alpha: float) -> Numbers:
    """Return x, times `alpha` where it is negative (He et al. 2015, equation 1)."""
    return np.where(x > 0, x, alpha * x)


def relu6(x: Numbers) -> Numbers:
    """Return x between 0 and 6."""
    return np.clip(x, 0, 6)


def elu(x: Numbers, alpha: float = 1) -> Numbers:
    """Return x, or alpha (eˣ - 1) where it is negative (Clevert et al. 2016, equation 15)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(x: Numbers) -> Numbers:
    """Return the scaled ELU (Klambauer et al. 2017, equation 2)."""
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def celu(x: Numbers, alpha: float = 1) -> Numbers:
    """Return x, or alpha (e^(x/alpha) - 1) where it is negative (Barron 2017)."""
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha)


def sigmoid(x: Numbers) -> Numbers:
    """Return 1 / (1 + e⁻ˣ)."""
    return np.exp(-np.logaddexp(0, -x))


def log_sigmoid(x: Numbers) -> Numbers:
    """Return the logarithm of the sigmoid."""
    return -np.logaddexp(0, -x)


def hard_sigmoid(x: Numbers) -> Numbers:
    """Return x/6 + 1/2, between 0 and 1."""
    return np.clip(x / 6 + 0.5, 0, 1)


def hard_sigmoid_of_keras_2(x: Numbers) -> Numbers:
    """Return x/5 + 1/2, between 0 and 1."""
    return np.clip(x / 5 + 0.5, 0, 1)


def sparse_sigmoid(x: Numbers) -> Numbers:
    """Return (x + 1)/2, between 0 and 1."""
    return np.clip((x + 1) / 2, 0, 1)


def silu(x: Numbers) -> Numbers:
    """Return x times its sigmoid (Ramachandran et al. 2017)."""
    return x * sigmoid(x)


def hard_silu(x: Numbers) -> Numbers:
    """Return x times its hard sigmoid (Howard et al. 2019)."""
    return x * hard_sigmoid(x)


def gelu(x: Numbers, approximate: bool = False) -> Numbers:
    """Return x times the share of a normal distribution below x (Hendrycks & Gimpel 2016)."""
    if approximate:
        below: Numbers = (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2
        return x * below
    return x * _below(x)


def mish(x: Numbers) -> Numbers:
    """Return x times the tanh of its softplus (Misra 2019)."""
    return x * np.tanh(softplus(x))


def softplus(x: Numbers) -> Numbers:
    """Return log(1 + eˣ)."""
    return np.logaddexp(0, x)


def softsign(x: Numbers) -> Numbers:
    """Return x / (1 + |x|)."""
    signed: Numbers = x / (1 + np.abs(x))
    return signed


def squareplus(x: Numbers, b: float = 4) -> Numbers:
    """Return (x + √(x² + b)) / 2 (Barron 2021)."""
    return (x + np.sqrt(x**2 + b)) / 2


def sparse_plus(x: Numbers) -> Numbers:
    """Return (x + 1)²/4 between -1 and 1, zero below and x above."""
    return np.where(x < 1, np.maximum(x + 1, 0) ** 2 / 4, x)


def tanh_shrink(x: Numbers) -> Numbers:
    """Return x - tanh x."""
    return x - np.tanh(x)


def hard_tanh(x: Numbers) -> Numbers:
    """Return x between -1 and 1."""
    return np.clip(x, -1, 1)


def hard_shrink(x: Numbers, threshold: float = 0.5) -> Numbers:
    """Return x, or zero where |x| is not above the threshold."""
    return np.where(np.abs(x) > threshold, x, 0)


def soft_shrink(x: Numbers, threshold: float = 0.5) -> Numbers:
    """Return x nearer to zero by the threshold, or zero where |x| is not above it."""
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def threshold(x: Numbers, threshold: float, default_value: float) -> Numbers:
    """Return x, or the default where it is not above the threshold."""
    return np.where(x > threshold, x, default_value)


def linear(x: Numbers) -> Numbers:
    """Return x."""
    return x


def softmax(logits: Numbers) -> Numbers:
    """Return e to each logit as a share of their sum."""
    powers: Numbers = np.exp(logits - logits.max())
    shares: Numbers = powers / powers.sum()
    return shares


def log_softmax(logits: Numbers) -> Numbers:
    """Return the logarithm of the softmax."""
    highest = logits.max()
    logarithms: Numbers = logits - highest - np.log(np.exp(logits - highest).sum())
    return logarithms


def sparsemax(logits: Numbers) -> Numbers:
    """Return what of the logits is above one threshold.

    Martins & Astudillo 2016 (arXiv:1602.02068), algorithm 1, as Keras 3.15 has it: the threshold is
    made of all running sums of the support, where the paper takes the last.
    """
    ordered = np.sort(logits)[::-1]
    running = np.cumsum(ordered)
    in_support = ordered > (running - 1) / np.arange(1, len(logits) + 1)
    threshold = (running[in_support].sum() - 1) / in_support.sum()
    above: Numbers = np.maximum(logits - threshold, 0)
    return above


_OF_ONE: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        relu, leaky_relu, prelu, relu6, elu, selu, celu, sigmoid, log_sigmoid, hard_sigmoid,
        hard_sigmoid_of_keras_2, sparse_sigmoid, silu, hard_silu, gelu, mish, softplus, softsign,
        squareplus, sparse_plus, tanh_shrink, hard_tanh, hard_shrink, soft_shrink, threshold, linear,
    )
} | {
    "tanh": np.tanh,
    "exponential": np.exp,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "absolute": np.abs,
    "abs": np.abs,
    "negative": np.negative,
    "sin": np.sin,
    "cos": np.cos,
    "square": np.square,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "clip": lambda x, x_min, x_max: np.clip(x, x_min, x_max),
}  # fmt: skip
_OF_SEVERAL: dict[str, Callable[[Numbers], Numbers]] = {
    function.__name__: function for function in (softmax, log_softmax, sparsemax)
}
_BY_CLASS = {name.replace("_", ""): name for name in (*_OF_ONE, *_OF_SEVERAL)}


@dataclass(frozen=True, eq=False)
class Applied:
    """A function with its options, as a layer applies it.

    If it `takes_several` numbers they stand along an `axis`, which Keras counts with the batch's.
    """

    name: str
    function: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)
    takes_several: bool = False
    axis: Any = None


def of_activation(activation: Any) -> Applied | None:
    """Return the function that is the `activation` argument of a layer; None: not known."""
    import keras

    if activation is None:
        return Applied("linear", linear)
    if isinstance(activation, keras.layers.Layer):
        return of_layer(activation)
    name = former.name_of(activation) or ""
    if name in _OF_SEVERAL:
        return Applied(name, _OF_SEVERAL[name], takes_several=True, axis=-1)
    return Applied(name, _OF_ONE[name]) if name in _OF_ONE else None


def applied_by(layer: Any) -> Applied | None:
    """Return the function that a layer applies at its end, or is; None: not known."""
    has_one = hasattr(layer, "activation")
    return of_activation(layer.activation) if has_one else of_layer(layer)


def of_layer(layer: Any) -> Applied | None:
    """Return the function that a layer or an operation is, with its options; None: not known."""
    name = _BY_CLASS.get(type(layer).__name__.lower(), "")
    if name in _OF_SEVERAL:
        return Applied(name, _OF_SEVERAL[name], takes_several=True, axis=layer.axis)
    if name not in _OF_ONE:
        return None
    stated = [option for option in _options(name) if hasattr(layer, option)]
    return Applied(name, _OF_ONE[name], {option: getattr(layer, option) for option in stated})


def _options(name: str) -> list[str]:
    function = _OF_ONE[name]
    return [] if isinstance(function, np.ufunc) else list(signature(function).parameters)[1:]
