"""Write the networks of 2017 of `files/` with Keras 2.0 itself, and what it computes with them.

Needs an environment of its own with Python 3.6, for TensorFlow 1.4 or Theano below it:

    pip install "keras==2.0.9" "tensorflow==1.4.1" "theano==1.0.5" "h5py==2.10.0" "numpy<1.17"
    KERAS_BACKEND=tensorflow python tests/keras2/make_2_0.py FOLDER
    KERAS_BACKEND=theano python tests/keras2/make_2_0.py FOLDER

FOLDER gets an `.h5` of each network, and an `.npy`, the answer to the picture of `picture.py`, under a
name that ends with the version of Keras. Theano lays kernels over a picture turned around, so that its
file is one of all kinds of convolutions; it needs a C++ compiler.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from picture import picture


def first():
    """A list of layers, as tutorials had it: no Input, compiled."""
    return keras.models.Sequential(
        [
            layers.Conv2D(4, (3, 3), activation="relu", input_shape=(8, 8, 1)),
            layers.BatchNormalization(),
            layers.Conv2DTranspose(3, 3, strides=2, padding="same"),
            layers.SeparableConv2D(5, 3),
            layers.LeakyReLU(0.2),
            layers.UpSampling2D(),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(6, activation="elu", kernel_regularizer="l2"),
            layers.Dense(3, activation="softmax"),
        ]
    )


def joined():
    """A graph with models inside, a layer that is used twice, and layers over sequences."""
    inside = keras.models.Sequential(
        [layers.Conv2D(2, 3, padding="same", input_shape=(8, 8, 2)), layers.BatchNormalization()]
    )
    given = layers.Input((8, 8, 1))
    shared = layers.Conv2D(2, 3, padding="same", name="shared")
    split = layers.Conv2D(2, 1, name="split")(given)
    sums = layers.add([shared(shared(split)), inside(split)])
    maps = layers.concatenate([layers.PReLU(shared_axes=[1, 2])(sums), split])
    rows = layers.Reshape((8, 32))(maps)
    gates = {"return_sequences": True, "recurrent_activation": "sigmoid"}
    read = layers.Bidirectional(layers.LSTM(2, **gates))(rows)
    read = layers.TimeDistributed(layers.Dense(3))(layers.GRU(4, **gates)(read))
    read = layers.SimpleRNN(3)(layers.Conv1D(3, 2, padding="causal")(read))
    means = layers.GlobalAveragePooling2D()(maps)
    return keras.models.Model(given, layers.Dense(3)(layers.concatenate([read, means])))


def convolved():
    """Convolutions of every kind that Theano computes with its kernels turned around."""
    given = layers.Input((8, 8, 1))
    maps = layers.Conv2D(2, 3)(given)
    maps = layers.Conv2DTranspose(2, 3)(maps)
    rows = layers.Conv1D(3, 3)(layers.Reshape((8, 16))(maps))
    volume = layers.Reshape((4, 2, 8, 2))(maps)
    steps = layers.ConvLSTM2D(2, 3, padding="same", recurrent_activation="sigmoid")(volume)
    each = layers.TimeDistributed(layers.Conv2D(2, 2))(volume)
    ends = [rows, layers.Conv3D(2, 2)(volume), steps, each]
    inside = keras.models.Sequential([layers.Conv2D(2, 2, input_shape=(8, 8, 2))])
    seen = layers.concatenate([layers.Flatten()(one) for one in [*ends, inside(maps)]])
    return keras.models.Model(given, layers.Dense(3)(seen))


def main(folder):
    """Write every network to `folder`."""
    is_theano = keras.backend.backend() == "theano"
    for build in (convolved,) if is_theano else (first, joined):
        model = build()
        random = np.random.RandomState(7)
        model.set_weights([random.uniform(0.0, 0.5, w.shape) ** 2 for w in model.get_weights()])
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        name = "{}-{}".format(build.__name__, "_".join(keras.__version__.split(".")[:2]))
        np.save(str(folder / (name + ".npy")), model.predict(picture()[np.newaxis])[0])
        model.save(str(folder / (name + ".h5")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
