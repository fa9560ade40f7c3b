"""Classifiers that are built here: an architecture, not trained yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn.models.architecture import Architecture

if TYPE_CHECKING:
    import keras


def build_classifier(
    shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    *,
    architecture: Architecture | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Return an untrained classifier; `ModelError` if such pictures do not go through it.

    Without an `architecture`: Conv2D 32 3x3 ReLU, max-pool 2, Conv2D 64 3x3 ReLU, max-pool 2,
    flatten, Dense 64 ReLU, Dense `classes` softmax. `seed` fixes the initial weights.
    """
    import keras

    if seed is not None:
        keras.utils.set_random_seed(seed)
    inputs, outputs = (architecture or Architecture()).build(shape, classes)
    return keras.Model(inputs, outputs, name="digit_classifier")
