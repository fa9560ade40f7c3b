"""Write the networks of `files/` with Keras 2, and what it computes with them.

Needs an environment of its own, in which `keras` is version 2: with TensorFlow 2.13 or 2.15
(`pip install "tensorflow-cpu==2.15.*"`), or any later one and tf_keras (`pip install tf_keras`):

    python tests/keras2/make.py FOLDER

For each network FOLDER gets an `.h5`, a `.keras` and an `.npy`, the answer to the picture of
`picture.py`, under a name that ends with the version of Keras.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from picture import picture

try:
    import tf_keras as keras
except ImportError:
    import keras

layers = keras.layers


@keras.saving.register_keras_serializable(package="Elsewhere")
class OwnLoss(keras.losses.Loss):
    """A loss that whoever opens the file does not have."""

    def call(self, truth, answer):
        return keras.backend.mean(keras.backend.square(truth - answer), axis=-1)


def convolutional():
    """Kinds of convolutions that Keras 2 gave a `groups`, and a batch normalisation."""
    return keras.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)),
            layers.BatchNormalization(),
            layers.DepthwiseConv2D(2, depth_multiplier=2, dilation_rate=1),
            layers.Conv2DTranspose(3, 3, strides=2, padding="same"),
            layers.SeparableConv2D(5, 3),
            layers.LeakyReLU(alpha=0.2),
            layers.MaxPooling2D(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", kernel_regularizer="l2"),
        ],
        name="convolutional",
    )


def branched():
    """A graph with a model inside, a layer that is used twice, and frozen layers."""
    inside = keras.Sequential(
        [layers.Conv2D(2, 3, padding="same", input_shape=(8, 8, 2)), layers.BatchNormalization()],
        name="inside",
    )
    inside.layers[0].trainable = False
    each = keras.Input((8, 8, 2))
    other = keras.Model(each, layers.Conv2D(2, 3, padding="same")(each), name="other")
    given = keras.Input((8, 8, 1))
    shared = layers.Conv2D(2, 3, padding="same", name="shared")
    split = layers.Conv2D(2, 1, name="split")(given)
    twice = shared(shared(split))
    joined = layers.Concatenate()([layers.Add()([twice, other(inside(split))]), split])
    pooled = layers.GlobalAveragePooling2D()(layers.Activation("relu")(joined))
    last = keras.Input((4,))
    head = keras.Model(last, layers.Dense(3, activation="sigmoid")(last), name="head")
    return keras.Model(given, head(pooled), name="branched")


def normalised():
    """Means and variances that were adapted: over all numbers, and per channel."""
    over_all, per_channel = layers.Normalization(axis=None), layers.Normalization(axis=-1)
    seen = np.stack([picture() * k for k in (0.5, 1.0, 1.5)])
    over_all.adapt(seen)
    per_channel.adapt(seen * 2)
    return keras.Sequential(
        [
            layers.Rescaling(0.5, offset=0.1, input_shape=(8, 8, 1)),
            over_all,
            per_channel,
            layers.RandomFlip("horizontal"),
            layers.Flatten(),
            layers.Dense(3),
        ],
        name="normalised",
    )


def sequences():
    """Rows as a sequence: recurrent layers and attention."""
    given = keras.Input((8, 8, 1))
    rows = layers.Reshape((8, 8))(given)
    read = layers.Bidirectional(layers.LSTM(2, return_sequences=True))(rows)
    read = layers.GRU(4, return_sequences=True)(layers.LayerNormalization()(read))
    seen = layers.MultiHeadAttention(2, 2)(read, read)
    each = layers.TimeDistributed(layers.Dense(2))(seen)
    return keras.Model(given, layers.Dense(3)(layers.Flatten()(each)), name="sequences")


def half():
    """Weights in float32, numbers in float16."""
    policy = keras.mixed_precision.Policy("mixed_float16")
    return keras.Sequential(
        [
            layers.Conv2D(2, 3, dtype=policy, input_shape=(8, 8, 1)),
            layers.Flatten(dtype=policy),
            layers.Dense(3, dtype="float32"),
        ],
        name="half",
    )


def arithmetic():
    """Operations between layers, as the usual recipes have them."""
    given = keras.Input((8, 8, 1))
    scaled = given * 2.0 / 127.5 - 1.0
    kept = layers.Conv2D(2, 3)(scaled)
    return keras.Model(given, layers.Dense(3)(layers.Flatten()(kept)), name="arithmetic")


def recipes():
    """More of what is written between layers: slices, activations, reductions, another order of axes."""
    given = keras.Input((8, 8, 1))
    mean = keras.backend.constant([0.25, 0.5, 0.75])
    x = tf.nn.bias_add(tf.concat([given, given * 2.0, given * 3.0], -1), -mean)
    x = layers.Conv2D(4, 3)(x[:, :, :, ::-1])
    x = tf.concat([tf.nn.relu(x), tf.nn.sigmoid(x), 1.0 - tf.tanh(x)], axis=-1)
    x = tf.nn.leaky_relu(tf.nn.relu6(x) - 0.5, alpha=0.1) + tf.nn.gelu(x) + tf.nn.silu(x)
    x = tf.maximum(tf.abs(x), 0.25) + tf.sqrt(tf.square(x) + 1.0) + tf.nn.elu(-x)
    x = tf.clip_by_value(x, 0.0, 5.0)[:, 1:]
    x = tf.transpose(x, [0, 2, 1, 3])
    rows = layers.Dense(4)(tf.reshape(x, (-1, 6 * 5 * 12)))
    most = layers.Dense(4)(tf.reduce_max(x, axis=[1, 2]))
    means = layers.Dense(4)(tf.cast(tf.reduce_mean(x, axis=(1, 2)), tf.float32))
    return keras.Model(given, tf.nn.softmax(0.1 * (rows + most) + means), name="recipes")


def main(folder):
    """Write every network to `folder`."""
    version = "_".join(keras.__version__.split(".")[:2])
    for build in (convolutional, branched, normalised, sequences, half, arithmetic, recipes):
        keras.utils.set_random_seed(7)
        model = build()
        random = np.random.default_rng(7)
        if build is not normalised:
            model.set_weights(
                [random.uniform(0.2, 0.8, w.shape) * 0.5 for w in model.get_weights()]
            )
        if build is convolutional:
            model.compile("adam", OwnLoss(), metrics=["accuracy"])
        answer = model(picture()[np.newaxis], training=False)
        np.save(folder / f"{build.__name__}-{version}.npy", np.asarray(answer)[0])
        for suffix in (".h5", ".keras"):
            model.save(folder / f"{build.__name__}-{version}{suffix}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
