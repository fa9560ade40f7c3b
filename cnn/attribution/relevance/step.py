"""One step of relevance on its way back through a network, and the epsilon rule that most steps take.

`a` is what entered a call, `z` its sums, `R` the relevance of its outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cnn.errors import AttributionError
from cnn.models.graph import Call

Tensors = list[Any]


@dataclass(frozen=True, eq=False)
class Step:
    """A call, what `entered` it, and the `relevance` of its outputs by their number, float32 tensors.

    `folded` is the batch normalisation that counts as a part of the call. `is_head` says that the
    activation of the call is the one before which the number is explained. `convolutions` is the
    rule of these, "z+" or "epsilon".
    """

    call: Call
    entered: Tensors
    relevance: Mapping[int, Any]
    convolutions: str
    epsilon: Any
    folded: Call | None = None
    is_head: bool = False

    @property
    def first(self) -> Any:
        """The relevance of the first output."""
        return self.relevance[0]

    @property
    def layer(self) -> Any:
        """The layer that is called."""
        return self.call.layer


# The relevance of each input, and what went to none of them, (n,).
Back = tuple[Tensors, Any]
Rule = Callable[[Step], Back]


def refusal(step: Step) -> AttributionError:
    """Return the error of a call that no rule is known for."""
    return AttributionError(
        f"No rule of LRP says how relevance goes back through the layer {step.call.name!r} "
        f"({type(step.layer).__name__}): choose another method, or explain a unit before it."
    )


def by_epsilon(step: Step, sums_of: Callable[[Tensors], Any], *, factors: int = 1) -> Back:
    """Return R_i = Σ_j a_i w_ij / (z_j + ε sign z_j) R_j, where `sums_of` gives z for what enters.

    w_ij is the derivative of z_j by a_i. What is a product of so many `factors` gives each an equal
    part.
    """
    import tensorflow as tf

    # A tensor that enters twice is two, so that none counts for both.
    entered = [tf.identity(one) for one in step.entered]
    with tf.GradientTape() as tape:
        tape.watch(entered)
        made = sums_of(entered)
    stabiliser = tf.where(as_float(made) < 0, -step.epsilon, step.epsilon)
    shares = step.first / (as_float(made) + stabiliser)
    given = tf.cast(shares, made.dtype)
    found = tape.gradient(made, entered, given, unconnected_gradients="zero")
    relevance = [
        as_float(a) * as_float(one) / factors for a, one in zip(entered, found, strict=True)
    ]
    bias = as_float(sums_of([tf.zeros_like(one) for one in entered]))
    return relevance, total(shares * (bias + stabiliser))


def as_float(tensor: Any) -> Any:
    """Return the numbers in float32, whatever the layer computes in."""
    import tensorflow as tf

    return tf.cast(tensor, tf.float32)


def total(tensor: Any) -> Any:
    """Return the sum of a batch of tensors for each of them, (n,)."""
    import tensorflow as tf

    return tf.reduce_sum(tf.reshape(tensor, (tf.shape(tensor)[0], -1)), axis=1)


def nothing(tensor: Any) -> Any:
    """Return 0 for each of a batch of tensors, (n,)."""
    import tensorflow as tf

    return tf.zeros(tf.shape(tensor)[:1])


def axes_of(axes: Any) -> list[int]:
    """Return axes that Keras takes as one or as several, as a list."""
    return list(axes) if isinstance(axes, list | tuple) else [axes]
