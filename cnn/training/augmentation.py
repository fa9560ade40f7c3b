"""Random variations of training pictures: rotated, slanted, zoomed, shifted, thicker, thinner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

ROTATION_DEGREES = 15.0
SHEAR = 0.25
ZOOM = (0.8, 1.25)
SHIFT_PIXELS = 2.0
STROKE_SHARE = 0.5
BLUR_SHARE = 0.5


def augment(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return a varied copy of float32 `images` (n, height, width, channels) in 0..1.

    `seed` is int32 (2,); the same seed gives the same pictures. Each picture gets its own affine
    map; half of them are thickened or thinned by up to two pixels, half softened.
    """
    import tensorflow as tf

    seeds = tf.random.split(seed, 3)
    moved = _move(images, seeds[0])
    return _soften(_restroke(moved, seeds[1]), seeds[2])


def _move(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return the pictures under one random affine map each, resampled once."""
    import tensorflow as tf

    count = tf.shape(images)[0]
    size = tf.cast(tf.shape(images)[1:3], tf.float32)
    unit = tf.random.stateless_uniform((6, count), seed, -1.0, 1.0)
    angle = unit[0] * (ROTATION_DEGREES * np.pi / 180)
    shear = unit[1] * SHEAR
    low, high = ZOOM
    zoom_x, zoom_y = (1 / ((low + high) / 2 + unit[i] * (high - low) / 2) for i in (2, 3))
    cos, sin = tf.cos(angle), tf.sin(angle)
    a, b = zoom_x * cos, zoom_x * (shear * cos - sin)
    c, d = zoom_y * sin, zoom_y * (shear * sin + cos)
    centre_y, centre_x = (size[0] - 1) / 2, (size[1] - 1) / 2
    x = centre_x - a * centre_x - b * centre_y + unit[4] * SHIFT_PIXELS
    y = centre_y - c * centre_x - d * centre_y + unit[5] * SHIFT_PIXELS
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, x, c, d, y, zero, zero], axis=1),
        output_shape=tf.shape(images)[1:3],
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )


def _restroke(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return the pictures with some strokes thickened, some thinned, by a random part of a step."""
    import tensorflow as tf

    shape = (tf.shape(images)[0], 1, 1, 1)
    chance, amount = tf.unstack(tf.random.stateless_uniform((2, *shape), seed))
    thick = tf.nn.max_pool2d(images, 3, 1, "SAME")
    thin = -tf.nn.max_pool2d(-images, 2, 1, "SAME")
    thicker = images + amount * (thick - images)
    thinner = images + 0.7 * amount * (thin - images)
    share = STROKE_SHARE / 3
    return tf.where(chance < 2 * share, thicker, tf.where(chance > 1 - share, thinner, images))


def _soften(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return the pictures with some blurred, lightly or strongly, and their contrast restored."""
    import tensorflow as tf

    shape = (tf.shape(images)[0], 1, 1, 1)
    chance, gain = tf.unstack(tf.random.stateless_uniform((2, *shape), seed))
    light = tf.nn.avg_pool2d(images, 3, 1, "SAME")
    strong = tf.nn.avg_pool2d(light, 3, 1, "SAME")
    blurred = tf.where(chance < BLUR_SHARE / 2, light, strong)
    clear = tf.clip_by_value((1.2 + 0.8 * gain) * blurred, 0.0, 1.0)
    return tf.where(chance < BLUR_SHARE, clear, images)
