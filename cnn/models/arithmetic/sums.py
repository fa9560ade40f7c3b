"""Layers with a kernel: sums of weight × value over a window, or over all units before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

import numpy as np

from cnn.models.arithmetic import windows
from cnn.models.arithmetic.activations import activated
from cnn.models.arithmetic.cell import Cell, Derivation, Place, Rule, channels_last
from cnn.models.arithmetic.forms import Indices, Numbers, WeightedSum


def _rule(sum_at: Callable[[Cell, Place], Derivation]) -> Rule:
    """Return the rule of layers that add up, add a bias, and apply their activation."""

    @channels_last
    @wraps(sum_at)
    def rule(cell: Cell) -> Derivation | None:
        if getattr(cell.layer, "quantization_mode", None):
            return None
        return activated(cell, sum_at)

    return rule


@_rule
def convolution(cell: Cell, place: Place) -> Derivation:
    """Return the sum of a convolution, whose groups of channels each have filters of their own."""
    layer, channel = cell.layer, place[-1]
    kernel = np.asarray(cell.weight("kernel")[..., channel])
    depth = kernel.shape[-1]
    first = channel // (layer.filters // layer.groups) * depth
    return _under_window(cell, place, kernel, np.arange(first, first + depth))


@_rule
def depthwise_convolution(cell: Cell, place: Place) -> Derivation:
    """Return the sum of a convolution that leaves channels apart."""
    source, number = divmod(place[-1], cell.layer.depth_multiplier)
    kernel = np.asarray(cell.weight("kernel")[..., source : source + 1, number])
    return _under_window(cell, place, kernel, np.array([source]))


@_rule
def separable_convolution(cell: Cell, place: Place) -> Derivation:
    """Return the sum of a 1×1 convolution of what a depthwise convolution makes of the input."""
    layer, channel = cell.layer, place[-1]
    each = np.asarray(cell.weight("depthwise_kernel"))
    mixing = np.asarray(cell.weight("pointwise_kernel")[..., channel]).reshape(-1)
    sources, multiplier = each.shape[-2:]
    taps = windows.sliding(layer, place[:-1], cell.inputs[0].shape[:-1])
    parts = tuple(
        _sum(cell, taps, each[..., source : source + 1, number], np.array([source]))
        for source in range(sources)
        for number in range(multiplier)
    )
    form = WeightedSum(
        np.array([part.value for part in parts]),
        mixing.astype(np.float64),
        np.repeat(np.arange(sources), multiplier),
        np.array(True),
        _bias(cell, channel),
        parts,
    )
    return Derivation(form, (windows.cells(taps, range(sources)),))


@_rule
def transposed_convolution(cell: Cell, place: Place) -> Derivation:
    """Return the sum of what the cells of the input spread to the place."""
    kernel = np.asarray(cell.weight("kernel")[..., place[-1], :])
    sizes, lengths = cell.inputs[0].shape[:-1], cell.shape[:-1]
    taps = windows.spreading(cell.layer, place[:-1], sizes, lengths)
    return _with_bias(cell, taps, kernel, np.arange(kernel.shape[-1]), place[-1])


@_rule
def dense(cell: Cell, place: Place) -> Derivation:
    """Return the sum of a unit over the last axis of the input."""
    kernel = np.asarray(cell.weight("kernel")[:, place[-1]])
    taps = [np.array([at]) for at in place[:-1]]
    window = (1,) * len(taps)
    channels = np.arange(len(kernel))
    return _with_bias(cell, taps, kernel.reshape(*window, -1), channels, place[-1])


def _under_window(cell: Cell, place: Place, kernel: Numbers, channels: Indices) -> Derivation:
    taps = windows.sliding(cell.layer, place[:-1], cell.inputs[0].shape[:-1])
    return _with_bias(cell, taps, kernel, channels, place[-1])


def _with_bias(
    cell: Cell, taps: windows.Taps, kernel: Numbers, channels: Indices, channel: int
) -> Derivation:
    form = replace(_sum(cell, taps, kernel, channels), bias=_bias(cell, channel))
    return Derivation(form, (windows.cells(taps, channels),))


def _sum(cell: Cell, taps: windows.Taps, kernel: Numbers, channels: Indices) -> WeightedSum:
    """Return the sum over a window of `channels` of the input times a kernel (*window, channels)."""
    values = windows.under(cell.inputs[0][..., channels], taps)
    return WeightedSum(values, kernel.astype(np.float64), channels, windows.inside(taps))


def _bias(cell: Cell, channel: int) -> float:
    return float(cell.weight("bias")[channel]) if cell.layer.use_bias else 0.0
