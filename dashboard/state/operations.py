"""Changes of channels as text that fits into an address: "conv2d:3*0,7*0.5;dense:0-4*0@0.31".

Layer calls are parted by semicolons, their names quoted as in an address. Each channel, or range of
channels, has its factor, and after an @ the number that is added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote

from cnn.models.surgery import Affine, alike

Operations = dict[str, dict[int, Affine]]
MOST_FACTOR = 10.0
MOST_LETTERS = 4000
MOST_OFFSET = 1e6
_NUMBER = r"-?[0-9]{1,9}(?:\.[0-9]{1,20})?(?:e-?[0-9]{1,2})?"
_ENTRY = re.compile(rf"([0-9]{{1,4}})(?:-([0-9]{{1,4}}))?\*({_NUMBER})(?:@({_NUMBER}))?")


def encode(operations: Operations) -> str:
    """Return the changes as text; a layer without any leaves no trace."""
    return ";".join(
        f"{quote(name, safe='')}:{','.join(_entries(channels))}"
        for name, channels in operations.items()
        if channels
    )


def decode(text: str) -> Operations:
    """Return the changes in the text; `ValueError` for what is none."""
    if len(text) > MOST_LETTERS:
        raise ValueError(f"{len(text)} letters are too many")
    operations: Operations = {}
    for part in text.split(";"):
        name, _, entries = part.partition(":")
        if not name or unquote(name) in operations:
            raise ValueError(f"{part!r} names no layer, or one named before")
        operations[unquote(name)] = _channels(entries)
    return operations


def _channels(entries: str) -> dict[int, Affine]:
    channels: dict[int, Affine] = {}
    for entry in entries.split(","):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry!r} is no change of a channel")
        affine = Affine(float(match[3]), float(match[4] or 0))
        first, last = int(match[1]), int(match[2] or match[1])
        if abs(affine.factor) > MOST_FACTOR or abs(affine.offset) > MOST_OFFSET or last < first:
            raise ValueError(f"{entry!r} is outside the limits")
        changed = dict.fromkeys(range(first, last + 1), affine)
        if not channels.keys().isdisjoint(changed):
            raise ValueError(f"{entry!r} changes a channel that was changed before")
        channels |= changed
    return channels


def _entries(channels: Mapping[int, Affine]) -> Iterator[str]:
    """Yield a text for each run of neighbouring channels that are changed alike."""
    for first, last, change in alike(channels):
        numbers = f"{first}" if first == last else f"{first}-{last}"
        offset = f"@{_number(change.offset)}" if change.offset else ""
        yield f"{numbers}*{_number(change.factor)}{offset}"


def _number(value: float) -> str:
    """Return the shortest text of a number that is read as the same."""
    return repr(value).removesuffix(".0").replace("e-0", "e-")
