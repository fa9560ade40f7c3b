"""Networks as tables of what their layers read, and the fields that the library finds in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

import cnn
from cnn.models.field_table import field_table
from tests import nets
from tests.cnn.models.test_fields import ENDS, SKIPS, STEPS, built

_RANDOM = 25
_CELLS = 6


def field_cases() -> list[dict[str, Any]]:
    """Return tables, and of some cells of each network the fields both ways, as JSON holds them."""
    rng = np.random.default_rng(7)
    return [
        {"table": field_table(model), "fields": [_field(model, rng) for _ in range(_CELLS)]}
        for model in _networks(rng)
    ]


def _networks(rng: np.random.Generator) -> Iterator[keras.Model]:
    yield from (cnn.load_model(), nets.second(), nets.residual(), nets.dense_connections())
    names = [*STEPS, *SKIPS]
    for _ in range(_RANDOM):
        chosen = [
            (str(rng.choice(names)), int(rng.integers(99))) for _ in range(rng.integers(1, 6))
        ]
        sides = [int(side) for side in rng.integers(4, 13, 2)]
        yield built(((*sides, 1), chosen, str(rng.choice([*ENDS]))))


def _field(model: keras.Model, rng: np.random.Generator) -> dict[str, Any]:
    infos = cnn.layer_infos(model)
    is_receptive = bool(rng.integers(2))
    info = infos[rng.integers(len(infos))] if is_receptive else infos[0]
    shape = [side or 0 for side in info.output_shape]
    cell = [int(rng.integers(side)) for side in shape[:-1] or shape]
    names = (*("row", "column")[: len(shape) - 1], "channel")
    if len(shape) > 1 and rng.integers(3):
        cell.append(int(rng.integers(shape[-1])))
    follow = cnn.receptive_field if is_receptive else cnn.projective_field
    field = follow(model, layer=info.name, **dict(zip(names, cell, strict=False)))
    return {
        "kind": "receptiveField" if is_receptive else "projectiveField",
        "layer": info.name,
        "index": cell + [None] * (len(shape) - len(cell)),
        "status": field.status,
        "cells": {name: _told(cells) for name, cells in field.cells.items()},
    }


def _told(cells: cnn.Cells) -> dict[str, Any]:
    sides = [last - first + 1 for first, last in cells.bounds or ()]
    return {
        "bounds": cells.bounds,
        "isFilled": cells.bounds is not None and int(cells.mask.sum()) == int(np.prod(sides)),
        "certainty": cells.certainty,
        "channels": cells.channels.astype(int).tolist(),
    }
