"""The forms that the arithmetic of one number can have, down to multiplications.

Each is computed in float64 from float32 operands, and says how far Keras, which computes in float32,
may be from it: its `tolerance`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.properties import cached_property

# What float32 may lose, as a part of the numbers that are added up.
PRECISION = 1e-5
# What float32 may lose where a function subtracts numbers of the size of its operand.
CANCELLATION = 1e-6
# Below it float32 has no numbers of full precision.
FLOOR = 1e-30
# Numbers that overflow, or that are none, are shown as what they are.
_quiet = np.errstate(all="ignore")

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Form(ABC):
    """How one number is computed: `value` is the result, `tolerance` what float32 may differ."""

    @property
    @abstractmethod
    def value(self) -> float:
        """The number, in float64."""

    @property
    @abstractmethod
    def tolerance(self) -> float:
        """How far from `value` a computation in float32 may be."""

    @_quiet
    def gives(self, computed: float, *, coarser: float = 1.0) -> bool:
        """Return whether a number that Keras computed is `value`, within the tolerance.

        Keras computed it in a precision so many times `coarser` than float32. What is too large for
        float32 is infinite there.
        """
        is_same = float(np.float32(self.value)) == computed
        return is_same or abs(self.value - computed) <= coarser * self.tolerance


@dataclass(frozen=True, eq=False)
class Term:
    """One term of a weighted sum: what an input channel adds.

    `values`, `weights` and `products` have the shape of the window, and so has `inside`: False where
    the window lies outside the map, whose values count as zero. `subtotal` is the sum of the products.
    """

    channel: int
    values: Numbers
    weights: Numbers
    inside: Mask

    @property
    @_quiet
    def products(self) -> Numbers:
        """The values times the weights, in the shape of the window."""
        return self.values * self.weights

    @property
    @_quiet
    def subtotal(self) -> float:
        """The sum of the products."""
        return float(self.products.sum())


@dataclass(frozen=True, eq=False)
class WeightedSum(Form):
    """Values times weights, added up, and a bias.

    `values` and `weights` are (*window, terms), `channels` (terms,) numbers the terms as the layer
    before numbers its channels, `inside` (*window,) is False where the window lies outside the map.
    `parts` say how the values were computed where the layer did so itself, one per value.
    """

    values: Numbers
    weights: Numbers
    channels: Indices
    inside: Mask
    bias: float = 0.0
    parts: tuple[Form, ...] = ()

    @cached_property
    @_quiet
    def products(self) -> Numbers:
        """The values times the weights, (*window, terms)."""
        return self.values * self.weights

    @cached_property
    @_quiet
    def subtotals(self) -> Numbers:
        """What each term adds, (terms,)."""
        subtotals: Numbers = self.products.reshape(-1, len(self.channels)).sum(axis=0)
        return subtotals

    @property
    @_quiet
    def total(self) -> float:
        """The sum of all products."""
        return float(self.subtotals.sum())

    @property
    def order(self) -> Indices:
        """The numbers of the terms, (terms,), the strongest first."""
        return np.argsort(-np.abs(self.subtotals), kind="stable")

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms, in the order of their channels."""
        return tuple(
            Term(int(channel), self.values[..., i], self.weights[..., i], self.inside)
            for i, channel in enumerate(self.channels)
        )

    @property
    @_quiet
    def running(self) -> Numbers:
        """The sum so far, (steps + 1,): the bias, then with one term more at each step; where there is
        only one term, with one of its products more.
        """
        steps = self.subtotals if len(self.channels) > 1 else self.products.ravel()
        return self.bias + np.concatenate([[0.0], np.cumsum(steps)])

    @property
    @_quiet
    def value(self) -> float:
        """The sum of all products and the bias."""
        return self.total + self.bias

    @property
    @_quiet
    def tolerance(self) -> float:
        """1e-5 of the sum of absolute products, and what that of the parts makes of it."""
        own = PRECISION * float(np.abs(self.products).sum() + abs(self.bias))
        weights = np.abs(self.weights).reshape(-1)
        passed_on = sum(
            weight * part.tolerance for weight, part in zip(weights, self.parts, strict=False)
        )
        return own + float(passed_on) + FLOOR


@dataclass(frozen=True, eq=False)
class Product(Form):
    """Factors multiplied, each raised to a power: -1 where it divides.

    `factors` and `powers` are (factors,). `parts` are the functions that made the factors, where the
    layer applied any.
    """

    factors: Numbers
    powers: Numbers
    parts: tuple[Form, ...] = ()

    @property
    @_quiet
    def value(self) -> float:
        """The product."""
        return float(np.prod(self.factors**self.powers))

    @property
    def tolerance(self) -> float:
        """1e-5 of the product."""
        return PRECISION * abs(self.value) + FLOOR


@dataclass(frozen=True, eq=False)
class Choice(Form):
    """The largest of several candidates, or the smallest.

    `values` has the shape of the window, as `inside`: False where there is no candidate.
    """

    values: Numbers
    inside: Mask
    takes_largest: bool = True

    @property
    def value(self) -> float:
        """The candidate that is taken."""
        candidates = self.values[self.inside]
        return float(candidates.max() if self.takes_largest else candidates.min())

    @property
    def running(self) -> Numbers:
        """The largest candidate so far, or the smallest, (candidates,), row by row."""
        best = np.maximum if self.takes_largest else np.minimum
        return np.asarray(best.accumulate(self.values[self.inside]))

    @property
    def winners(self) -> Indices:
        """The places in the window of all that have the value taken, (winners, axes)."""
        return np.argwhere(self.inside & (self.values == self.value))

    @property
    def is_tied(self) -> bool:
        """Whether several candidates have the value taken."""
        return len(self.winners) > 1

    @property
    def tolerance(self) -> float:
        """Nothing is computed: the number is the same."""
        return FLOOR


@dataclass(frozen=True, eq=False)
class Copy(Form):
    """A number taken from another cell, or, if it `is_constant`, one that the layer puts there."""

    number: float
    is_constant: bool = False

    @property
    def value(self) -> float:
        """The number itself."""
        return self.number

    @property
    def tolerance(self) -> float:
        """Nothing is computed: the number is the same."""
        return FLOOR


@dataclass(frozen=True, eq=False)
class Normalised(Form):
    """(operand - mean) / deviation × gamma + beta: a shift and a scale.

    `deviation` includes `epsilon` as the layer adds it. `over` (n,) has the numbers that mean and
    deviation are taken of; it is empty where they were learned.
    """

    operand: float
    mean: float
    deviation: float
    gamma: float = 1.0
    beta: float = 0.0
    epsilon: float = 0.0
    over: Numbers = field(default_factory=lambda: np.empty(0))

    @property
    @_quiet
    def scale(self) -> float:
        """What the operand is multiplied with."""
        return float(np.divide(self.gamma, self.deviation))

    @property
    def shift(self) -> float:
        """What is added to the scaled operand."""
        return self.beta - self.mean * self.scale

    @property
    def value(self) -> float:
        """The operand, scaled and shifted."""
        return (self.operand - self.mean) * self.scale + self.beta

    @property
    def tolerance(self) -> float:
        """1e-5 of what is added up: the scaled operand, the scaled mean, and beta."""
        scaled = abs(self.scale) * (abs(self.operand) + abs(self.mean))
        return PRECISION * (scaled + abs(self.beta)) + FLOOR


@dataclass(frozen=True, eq=False)
class Function(Form):
    """A function of one number: `name` as Keras calls it, with its `options`.

    `slack` is the tolerance of the operand, zero where Keras itself gave it.
    """

    name: str
    operand: float
    function: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    slack: float = 0.0

    @_quiet
    def curve(self, operands: Any) -> Numbers:
        """Return what the function makes of an array of operands, float64 of the same shape."""
        return np.asarray(self.function(np.asarray(operands, np.float64), **self.options))

    @property
    def value(self) -> float:
        """What the function makes of the operand."""
        return float(self.curve(self.operand))

    @property
    def tolerance(self) -> float:
        """The largest of three: what `slack` changes, 1e-5 of the value, 1e-6 of the operand."""
        ends = self.curve([self.operand - self.slack, self.operand + self.slack])
        changed = float(np.abs(ends - self.value).max())
        own = max(PRECISION * abs(self.value), CANCELLATION * abs(self.operand))
        return max(changed, own) + FLOOR


@dataclass(frozen=True, eq=False)
class Shares(Form):
    """What becomes of one of several logits: `name` is softmax, log_softmax or sparsemax.

    `logits` is (n,), `index` the place of this one among them. `slack` is the tolerance of the
    logits, zero where Keras itself gave them.
    """

    name: str
    logits: Numbers
    index: int
    function: Callable[[Numbers], Numbers]
    slack: float = 0.0

    @cached_property
    @_quiet
    def shares(self) -> Numbers:
        """What becomes of all logits, (n,)."""
        return self.function(self.logits)

    @property
    def value(self) -> float:
        """What becomes of this logit."""
        return float(self.shares[self.index])

    @property
    def tolerance(self) -> float:
        """Twice `slack` and 1e-5: of the share for softmax, whose errors are factors, else of the
        largest logit."""
        if self.name == "softmax":
            return (2 * self.slack + PRECISION) * abs(self.value) + FLOOR
        return 2 * self.slack + PRECISION * float(np.abs(self.logits).max()) + FLOOR


@dataclass(frozen=True, eq=False)
class Attention(Form):
    """One output channel of attention at one position (Vaswani et al. 2017, equation 1).

    `scores` (heads, keys) are query × key / √size, -inf where a key may not be looked at; `values`
    (heads, keys, size) what each key has to say; `weights` (heads, size) the part of the projection
    that leads to the channel. `slack` is the tolerance of the scores, `sizes`, like `values`, the
    sums of absolute products that made the values.
    """

    scores: Numbers
    values: Numbers
    weights: Numbers
    bias: float
    slack: float
    sizes: Numbers

    @cached_property
    @_quiet
    def shares(self) -> Numbers:
        """The softmax of the scores of each head, (heads, keys)."""
        powers = np.exp(self.scores - self.scores.max(axis=1, keepdims=True))
        shares: Numbers = powers / powers.sum(axis=1, keepdims=True)
        return shares

    @cached_property
    @_quiet
    def mixed(self) -> Numbers:
        """The values of each head weighted by its shares, (heads, size)."""
        mixed: Numbers = np.einsum("hk,hks->hs", self.shares, self.values)
        return mixed

    @property
    @_quiet
    def subtotals(self) -> Numbers:
        """What each head adds, (heads,)."""
        subtotals: Numbers = (self.mixed * self.weights).sum(axis=1)
        return subtotals

    @property
    @_quiet
    def value(self) -> float:
        """What all heads and the bias add up to."""
        return float(self.subtotals.sum() + self.bias)

    @property
    @_quiet
    def tolerance(self) -> float:
        """1e-5 and twice the tolerance of the scores, of the sum of all absolute products."""
        added = np.einsum("hk,hks,hs->", self.shares, self.sizes, np.abs(self.weights))
        return (PRECISION + 2 * self.slack) * (float(added) + abs(self.bias)) + FLOOR


@dataclass(frozen=True, eq=False)
class Gradient(Form):
    """How the number changes with each input, which proves nothing of how it is computed.

    `values` and `gradients` are (n,), over all inputs of the layer.
    """

    values: Numbers
    gradients: Numbers

    @property
    @_quiet
    def products(self) -> Numbers:
        """Gradient × input, (n,): to first order what each input adds."""
        return self.values * self.gradients

    @property
    def value(self) -> float:
        """Not a number: nothing is recomputed."""
        return float("nan")

    @property
    def tolerance(self) -> float:
        """Not a number: nothing is recomputed."""
        return float("nan")
