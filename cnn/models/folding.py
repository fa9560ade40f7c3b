"""Which layers of a large network belong together, so that a block of them can be shown as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from cnn.models.layers import LayerInfo

MOST_UNFOLDED = 40
_CHAIN = 10
# In conv2_block1_0_bn it is conv2_block1, in stage_0_block_2_gamma stage_0_block_2.
_BLOCK = re.compile(
    r"(.*(?:block|stage|unit|module|cell|stack|group|fire|layer)_?\d+[a-z]?)(?=[_/.-])",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"([^_/.-]*(?:[_/.-][^_/.-]*)*?\d+[a-z]?)(?=[_/.-])")
_DIMENSION = re.compile(r"[123]d(?![a-z])", re.IGNORECASE)
Run = list[LayerInfo]


def folds(infos: Sequence[LayerInfo]) -> dict[str, str]:
    """Return the block of each layer that is in one, by name: none in a network of up to 40 layers.

    Layers that follow each other are a block if they stand in one nested model, if their names begin
    alike up to a number, or if they are the branches from one layer to where they join again, which
    names the block. What is left in long chains is a block of ten. Inputs and the last layer are in
    none.
    """
    shown = [info for info in infos if not info.nested]
    if len(shown) <= MOST_UNFOLDED:
        return {}
    inside = [info for info in shown[:-1] if info.inputs]
    found: dict[str, str] = {}
    for stem, run in _runs(inside):
        blocks = [(stem, run)] if stem and len(run) > 1 else _unnamed(run, shown)
        for name, block in blocks:
            found |= {info.name: _unused(name, found) for info in block} if len(block) > 1 else {}
    return found


def _runs(infos: Sequence[LayerInfo]) -> list[tuple[str, Run]]:
    """Return layers that follow each other and have one stem; those that share none are together."""
    runs = [(stem, list(run)) for stem, run in groupby(infos, lambda info: _stem(info.name))]
    joined: list[tuple[str, Run]] = []
    for stem, run in runs:
        is_block = bool(stem) and len(run) > 1
        if not is_block and joined and not joined[-1][0]:
            joined[-1][1].extend(run)
        else:
            joined.append((stem if is_block else "", run))
    return joined


def _stem(name: str) -> str:
    """Return what the names of the layers of a block begin with, "" if the name shows none."""
    outer, slash, _ = name.partition("/")
    found = _BLOCK.match(name) or _NUMBERED.match(_DIMENSION.sub("", name))
    return outer if slash else found[1] if found else ""


def _unnamed(run: Run, infos: Sequence[LayerInfo]) -> list[tuple[str, Run]]:
    """Return the branches among layers without a stem, and pieces of the chains between them."""
    blocks: list[tuple[str, Run]] = []
    chain: Run = []
    branches: Run = []
    narrow = _narrow(infos)
    for info in run:
        branches.append(info)
        if info.name not in narrow:
            continue
        if len(branches) > 1:
            blocks += [*_pieces(chain), (info.name, branches)]
            chain = []
        else:
            chain += branches
        branches = []
    return [*blocks, *_pieces([*chain, *branches])]


def _narrow(infos: Sequence[LayerInfo]) -> set[str]:
    """Return the layers that all goes through: what comes after reads nothing from before."""
    places = {info.name: place for place, info in enumerate(infos)}
    last_reader = list(range(len(infos)))
    for place, info in enumerate(infos):
        for name in info.inputs:
            if name in places:
                last_reader[places[name]] = place
    narrow, reaches = set(), 0
    for place, info in enumerate(infos):
        if reaches <= place:
            narrow.add(info.name)
        reaches = max(reaches, last_reader[place])
    return narrow


def _pieces(chain: Run) -> list[tuple[str, Run]]:
    if len(chain) <= _CHAIN:
        return []
    pieces = [chain[start : start + _CHAIN] for start in range(0, len(chain), _CHAIN)]
    return [(f"{piece[0].name} … {piece[-1].name}", piece) for piece in pieces]


def _unused(name: str, found: dict[str, str]) -> str:
    """Return the name of a block, made another where an earlier one has it."""
    taken = set(found.values())
    return next(
        one for one in (name, *(f"{name} ({i})" for i in range(2, 999))) if one not in taken
    )
