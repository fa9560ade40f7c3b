"""Along which axes of its places an attention layer goes; at places beside these it is done by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnn.models.graph import Shape


def attended_axes(layer: Any, shape: Shape) -> tuple[int, ...]:
    """Return the axes of the places of a query (*places, channels) along which its keys lie.

    They are the `attention_axes` of the layer, in its order; without these the last one of `Attention`
    and `AdditiveAttention`, which multiply matrices, and all of others. The axis of the channels stands
    for the heads, which then attend to each other.
    """
    from keras import layers

    if axes := getattr(layer, "attention_axes", None):
        return tuple(axis - 1 for axis in axes)
    places = tuple(range(len(shape) - 1))
    return places[-1:] if isinstance(layer, layers.Attention) else places


def attends_heads(layer: Any, shape: Shape) -> bool:
    """Whether the heads at a place of a query (*places, channels) attend to each other."""
    return len(shape) - 1 in attended_axes(layer, shape)


def free_axes(axes: Sequence[int], shape: Shape) -> tuple[int, ...]:
    """Return the other axes of the places of a query (*places, channels)."""
    return tuple(axis for axis in range(len(shape) - 1) if axis not in axes)
