"""What is compiled to explain a number: kept on the network, for units of the last few layers only."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from cnn.attribution.target import Target
from cnn.models.compilation import compiled_once
from cnn.models.twins import kept_for_twins

if TYPE_CHECKING:
    import keras

MOST_LAYERS = 4
_NAME = "_cnn_attribution"
_LAYERS = f"{_NAME} layers"
_keeping = Lock()


def compiled_for(
    model: keras.Model,
    target: Target,
    name: str,
    function: Callable[..., Any],
    *,
    any_count: bool = False,
) -> Callable[..., Any]:
    """Return a function of a target compiled, as `compiled_once` does, kept by `name` and its kind."""
    kept_by = f"{_NAME} {name} {target.kind} {any_count}"
    _keep(model, target, kept_by)
    return compiled_once(model, kept_by, function, any_count=any_count)


def remember(model: keras.Model, target: Target, method: str) -> None:
    """Remember that all of a method was compiled for targets of this kind."""
    known = _known(target, method)
    _keep(model, target, known)
    kept_for_twins(model)[known] = True


def is_compiled(model: keras.Model, target: Target, method: str) -> bool:
    """Whether all of a method was compiled for targets of this kind, and is still kept."""
    return _known(target, method) in kept_for_twins(model)


def _known(target: Target, method: str) -> str:
    return f"{_NAME} known {method} {target.kind}"


def _keep(model: keras.Model, target: Target, name: str) -> None:
    """Note that the target's layer was looked at last, and let go of the layer looked at longest ago."""
    if not target.layer:
        return
    kept = kept_for_twins(model)
    with _keeping:
        layers: dict[str, set[str]] = kept.setdefault(_LAYERS, {})
        layers[target.layer] = {*layers.pop(target.layer, ()), name}
        while len(layers) > MOST_LAYERS:
            for gone in layers.pop(next(iter(layers))):
                kept.pop(gone, None)
