"""Pictures changed by the gradient, each pixel by a little, so that the model errs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ImageError, ModelError
from cnn.images.perturbations import Range, grid_over
from cnn.images.pixels import as_pixels, fit
from cnn.inspection.batches import outputs
from cnn.models.card import card_of, checked_class
from cnn.models.compilation import compiled_once
from cnn.models.heads import require_classes
from cnn.models.inputs import scale_of
from cnn.models.preparing import prepare

if TYPE_CHECKING:
    import keras

EPSILON = Range(0, 0.3, 0.01, 0, "", "largest change of a pixel")
_GRADIENT = "_cnn_logit_gradient"
_PREDICTED = -1
_ROUNDING = 1e-6


def logit_gradient(
    model: keras.Model, image: Any, target: int | None = None
) -> tuple[NDArray[np.float32], int]:
    """Return the gradient of a class's logit by the picture, and the class.

    The gradient is float32 (height, width, channels) in the model's input size, for pixels from 0
    to 1. `target` is the class, None the one that the model predicts. Where the model does not show
    its logits, it is the gradient of the logarithm of the class's probability. `image` is what
    `prepare` takes. Raises `ImageError` for what is no picture, `ModelError` for a model without class
    probabilities or a class that it does not have, and for a gradient that is not finite.
    """
    require_classes(model, "A change towards or away from a class")
    wanted = _PREDICTED if target is None else checked_class(model, target)
    compiled = compiled_once(
        model, _GRADIENT, lambda batch, class_: _gradient(model, batch, class_)
    )
    gradient, label = compiled(prepare(image, model), np.array(wanted, np.int32))
    if not np.isfinite(gradient).all():
        raise ModelError(
            "The picture cannot be changed towards or away from a class: the gradient is NaN or "
            "infinite. Set the adversarial change to 0, or choose another model."
        )
    return scale_of(model).slopes(gradient.numpy()[0]), int(label.numpy())


def fgsm(
    model: keras.Model, image: Any, epsilon: float, *, target: int | None = None
) -> NDArray[np.uint8]:
    """Return the picture after one step of `epsilon` along the sign of the gradient.

    It is uint8 (height, width, channels) in the model's input size. This is the fast gradient sign
    method (Goodfellow, Shlens & Szegedy 2015, arXiv:1412.6572, section 4) with a logit in place of
    the loss: x' = clip(x - epsilon sign(gradient), 0, 1) against the logit of the predicted class,
    or, with a `target`, x' = clip(x + epsilon sign(gradient), 0, 1) along the logit of that class,
    rounded to 8 bits. Raises `ImageError` for an epsilon outside 0 to 0.3 or what is no picture,
    `ModelError` for a class that the model does not have.
    """
    if not EPSILON.low <= epsilon <= EPSILON.high + _ROUNDING:
        raise ImageError(
            f"An epsilon of {epsilon} was given: expected {EPSILON.low} to {EPSILON.high}, a share "
            "of the full range of a pixel. Choose a value within this range."
        )
    start, direction = _start_and_direction(model, image, target)
    return _step(start, direction, epsilon)


def fgsm_sweep(
    model: keras.Model, image: Any, *, target: int | None = None, count: int = 31
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the results of `fgsm` at `count` equally spaced values from 0 to 0.3, of one gradient.

    The first array is the values of epsilon, float32 (n,), the second the pictures, uint8 (n,
    height, width, channels). Raises as `fgsm` does, and `ImageError` for fewer than two values.
    """
    epsilons = grid_over(EPSILON, count)
    start, direction = _start_and_direction(model, image, target)
    return epsilons, _step(start, direction, epsilons[:, None, None, None])


def _gradient(model: keras.Model, batch: Any, wanted: Any) -> tuple[Any, Any]:
    """Return the gradient of the wanted class's logit by the batch of one, and the class."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        batch = tf.convert_to_tensor(batch)
        tape.watch(batch)
        probabilities, logits = outputs(model, batch)
        if logits is None:
            smallest = np.finfo(np.float32).tiny
            logits = tf.math.log(tf.maximum(probabilities, smallest))
        predicted = tf.argmax(probabilities[0], output_type=tf.int32)
        class_ = tf.where(wanted == _PREDICTED, predicted, wanted)
        logit = tf.gather(logits[0], class_)
    zero = tf.UnconnectedGradients.ZERO
    return tape.gradient(logit, batch, unconnected_gradients=zero), class_


def _start_and_direction(
    model: keras.Model, image: Any, target: int | None
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the picture as the model sees it and -1, 0 or 1 per pixel: which way it is changed."""
    gradient, _ = logit_gradient(model, image, target)
    height, width, channels = gradient.shape
    start = fit(as_pixels(image), height, width, channels, card_of(model).colours)
    return start, np.sign(-gradient if target is None else gradient)


def _step(
    start: NDArray[np.uint8], direction: NDArray[np.float32], epsilon: Any
) -> NDArray[np.uint8]:
    changed: NDArray[np.float32] = start / np.float32(255) + epsilon * direction
    return (changed.clip(0, 1) * 255).round().astype(np.uint8)
