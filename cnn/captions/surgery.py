"""What was done to channels of a network, and what it does to the answer, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption
from cnn.captions.layers import verdict
from cnn.inspection.predictions import Prediction
from cnn.models.surgery import Affine, alike
from cnn.words import counted, listed, number, percent

_MOST_NAMED = 4


def operations(changes: Mapping[str, Mapping[int, Affine]]) -> str:
    """Return what is done to the channels of each layer: "conv2d: channel 3 off, channel 7 at 50 %"."""
    return "; ".join(f"{name}: {_of_layer(channels)}" for name, channels in changes.items())


def _of_layer(channels: Mapping[int, Affine]) -> str:
    runs = list(alike(channels))
    if len(runs) > _MOST_NAMED:
        return f"{counted(len(channels), 'channel')} changed"
    return ", ".join(f"{_numbers(first, last)} {_done(change)}" for first, last, change in runs)


def _numbers(first: int, last: int) -> str:
    return f"channel {first}" if first == last else f"channels {first} to {last}"


def _done(change: Affine) -> str:
    if not change.factor:
        return f"held at {number(change.offset, 4)}" if change.offset else "off"
    also = f" plus {number(change.offset, 4)}" if change.offset else ""
    return f"at {number(100 * change.factor)}%{also}"


def ablation(before: Prediction, after: Prediction) -> Caption:
    """Return what the network says with changed channels, beside what it said before."""
    now, then = (verdict(one, others=1) for one in (after, before))
    seen = f"With the changes the network {now}; before, it {then}."
    if not before.has_classes:
        return Caption(seen)
    moved = after.probabilities - before.probabilities
    place = int(np.abs(moved).argmax())
    if not np.any(moved):
        return Caption(seen, "No probability moves.")
    name, direction = before.class_names[place], "up" if moved[place] > 0 else "down"
    was, now = (percent(float(one.probabilities[place])) for one in (before, after))
    if was == now:
        return Caption(seen, "No probability moves so far that it would be written otherwise.")
    return Caption(
        seen, f"The probability of {name} moves the most, {direction} from {was} to {now}."
    )


def reached(names: Sequence[str], shares: NDArray[np.float32]) -> Caption:
    """Return how much the layers behind a change are others, as shares of their size before."""
    seen = (
        "How far the output of each layer moved, as a share of its size before: "
        "‖after − before‖ / ‖before‖."
    )
    moved = _where(names, shares > 0)
    if not moved:
        return Caption(seen, "No layer moved.")
    most = names[int(np.nanargmax(shares))]
    share = percent(float(np.nanmax(shares)))
    still = _where(names, shares == 0)
    also = f" {_listed(still)} {'is' if len(still) == 1 else 'are'} as before." if still else ""
    return Caption(seen, f"{most} moved the most, by {share}.{also}")


def _where(names: Iterable[str], wanted: NDArray[np.bool_]) -> list[str]:
    return [name for name, is_wanted in zip(names, wanted, strict=True) if is_wanted]


def _listed(names: list[str]) -> str:
    if len(names) <= _MOST_NAMED:
        return listed(names)
    return f"{counted(len(names), 'layer')}"
