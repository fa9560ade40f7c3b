"""Layers that hold another: what they do is what that does, in all or slice by slice."""

from __future__ import annotations

from dataclasses import replace

from cnn.models.graph import Call


def unwrapped(call: Call) -> Call:
    """Return the call as one of the layer inside, where its layer changes the weights of another."""
    wraps = type(call.layer).__name__ == "SpectralNormalization"
    return replace(call, layer=call.layer.layer) if wraps else call


def of_each_slice(call: Call) -> Call | None:
    """Return the call of the layer inside for a slice along the first axis; None for other layers."""
    if type(call.layer).__name__ != "TimeDistributed":
        return None
    return replace(
        call,
        layer=call.layer.layer,
        input_shapes=tuple(shape[1:] for shape in call.input_shapes),
        output_shape=call.output_shape[1:],
    )
