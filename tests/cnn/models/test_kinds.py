"""One table of layer kinds: whoever asks about a kind of layer finds one entry."""

import re
from pathlib import Path
from string import Formatter

import keras
import pytest
from keras import layers

import cnn
from cnn.captions.layers import _FIELDS
from cnn.inspection.connections import connections
from cnn.models import as_functional, kinds
from cnn.models.adapters import Constant
from cnn.models.graph import FurtherOutput
from cnn.models.kinds import Kind, kind_of

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("name", "family", "kernel", "channels"),
    [
        ("Conv2D", "convolution", "plain", "summed"),
        ("Conv3DTranspose", "convolution", "transposed", "summed"),
        ("DepthwiseConv1D", "convolution", "depthwise", "summed"),
        ("SeparableConv2D", "convolution", "separable", "summed"),
        ("ConvLSTM2D", "convolution", "none", "unknown"),
        ("GlobalMaxPooling3D", "pooling", "none", "kept"),
        ("AdaptiveAveragePooling2D", "pooling", "none", "kept"),
        ("Dense", "dense", "dense", "summed"),
        ("EinsumDense", "dense", "none", "unknown"),
        ("GroupNormalization", "normalisation", "none", "kept"),
        ("LayerScale", "normalisation", "none", "kept"),
        ("Flatten", "other", "none", "rearranged"),
        ("SpatialDropout2D", "other", "none", "kept"),
        ("LeakyReLU", "other", "none", "kept"),
        ("Maximum", "other", "none", "merged"),
        ("Concatenate", "other", "none", "beside"),
        ("MultiHeadAttention", "other", "none", "unknown"),
        ("OfSomebodyElse", "other", "none", "unknown"),
    ],
)
def test_a_class_has_the_first_entry_that_names_it(name, family, kernel, channels):
    kind = kind_of(name)
    assert (kind.family.name, kind.kernel, kind.channels) == (family, kernel, channels)


def operations(of=keras.Operation):
    """The names of all layers and operations that there are."""
    for kind in of.__subclasses__():
        yield kind.__name__
        yield from operations(kind)


def test_every_entry_names_a_class_of_keras_or_is_the_first_that_can():
    others = [FurtherOutput.__name__, Constant.__name__]
    found = {kind_of(name) for name in [*operations(), *others]}
    assert [kind.names for kind in kinds._KINDS if kind not in found] == []


def test_sentences_ask_only_for_what_can_be_said():
    for kind in kinds._KINDS:
        for template in (kind.what, kind.explanation):
            assert {name for _, name, _, _ in Formatter().parse(template) if name} <= set(_FIELDS)


@pytest.mark.parametrize("of", ["Batch", "Group", "Layer", "RMS", "Unit", ""])
def test_every_normalisation_is_said_in_words_of_its_own(of):
    entry = kind_of(f"{of}Normalization")
    assert entry.explanation and entry.what != Kind.what


@pytest.mark.parametrize(
    ("layer", "field"),
    [
        (layers.Conv2D(2, 3, strides=2, dilation_rate=1), (3, 3)),
        (layers.Conv2D(2, 3, dilation_rate=3), (7, 7)),
        (layers.MaxPooling2D((1, 4)), (1, 4)),
        (layers.ZeroPadding2D(2), (1, 1)),
        (layers.Conv2DTranspose(2, 3), (3, 3)),
        (layers.UpSampling2D(2), (1, 1)),
    ],
)
def test_the_receptive_field_follows_from_the_kind(layer, field):
    picture = keras.Input((12, 12, 1))
    model = as_functional(keras.Model(picture, layer(picture)))
    assert cnn.layer_infos(model)[-1].receptive_field == field


def test_behind_cells_that_are_repeated_a_window_sees_less():
    picture = keras.Input((12, 12, 1))
    outputs = layers.Conv2D(2, 3)(layers.UpSampling2D(2)(picture))
    model = as_functional(keras.Model(picture, outputs))
    assert cnn.layer_infos(model)[-1].receptive_field == (2, 2)


def test_the_recipe_for_a_kind_of_layer_is_all_that_it_takes(monkeypatch):
    recipe = re.search(
        r"### Add a kind of layer\n.*?```python\n(.*?)```",
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    entry = eval(recipe[1], dict(vars(kinds)))

    class Squeeze(layers.Layer):
        def call(self, values):
            return values / (1 + keras.ops.abs(values))

    def model():
        picture = keras.Input((6, 6, 3), name="picture")
        return as_functional(keras.Model(picture, Squeeze(name="squeeze")(picture)))

    before = cnn.layer_infos(model())[-1]
    assert connections(model(), before.name)[0].kind == "unknown"
    assert cnn.receptive_field(model(), layer="squeeze", row=1, column=1).status == "upper bound"
    monkeypatch.setattr(kinds, "_KINDS", (entry, *kinds._KINDS))
    kind_of.cache_clear()
    try:
        after = model()
        info = cnn.layer_infos(after)[-1]
        assert kind_of(info.kind) is entry
        assert connections(after, info.name)[0].kind == "channel"
        assert cnn.receptive_field(after, layer="squeeze", row=1, column=1).status == "exact"
        assert cnn.captions.explanation(info) == entry.explanation
        figure = cnn.figures.diagram(cnn.layer_infos(after))
        assert entry.family.colour in {shape.fillcolor for shape in figure.layout.shapes}
    finally:
        kind_of.cache_clear()
