"""How much of the picture a cell sees: the rules by which receptive fields grow.

Dumoulin & Visin 2016 (arXiv:1603.07285); Araujo, Norris & Sim 2019, equation 2
(doi:10.23915/distill.00021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """A receptive field per axis: its size in input pixels, and the step from cell to cell.

    `everything` says that it is the whole picture.
    """

    size: tuple[float, float]
    step: tuple[float, float]
    everything: bool = False


def sides_of(value: Any) -> tuple[int, ...] | None:
    """Return a layer's setting as a number per axis; None where it has none."""
    if value is None:
        return None
    return (value,) if isinstance(value, int) else tuple(int(v) for v in value)


def window_of(layer: Any) -> tuple[int, ...] | None:
    """Return the window that slides over the maps, a kernel's or a pool's; None without one."""
    return sides_of(getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None))


def windowed(layer: Any, field: Field) -> Field:
    """Return the field behind a window that slides over maps; the same where there is none."""
    window = window_of(layer)
    if not window or len(window) != 2:
        return field
    strides = sides_of(getattr(layer, "strides", None)) or (1, 1)
    dilation = sides_of(getattr(layer, "dilation_rate", None)) or (1, 1)
    grown = tuple(field.size[i] + (window[i] - 1) * dilation[i] * field.step[i] for i in range(2))
    moved = tuple(field.step[i] * strides[i] for i in range(2))
    return Field((grown[0], grown[1]), (moved[0], moved[1]), field.everything)


def finer(layer: Any, field: Field) -> Field | None:
    """Return the field behind a layer that repeats every cell `layer.size` times."""
    size = sides_of(layer.size)
    if size is None or len(size) != 2:
        return None
    step = (field.step[0] / size[0], field.step[1] / size[1])
    return Field(field.size, step, field.everything)


def unknown(_layer: Any, _field: Field) -> None:
    """Return that the field is not known."""


def merged(fields: list[Field]) -> Field:
    """Return the field behind several inputs: the largest of each."""
    return Field(
        _largest([field.size for field in fields]),
        _largest([field.step for field in fields]),
        any(field.everything for field in fields),
    )


def _largest(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return max(a for a, _ in pairs), max(b for _, b in pairs)
