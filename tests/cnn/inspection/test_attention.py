"""Scores of attention, against equation 1 and against what the layer makes of them."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn

IMAGE = np.random.default_rng(0).integers(0, 255, (6, 5), np.uint8)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    picture = keras.Input((6, 5, 1), name="picture")
    rows = layers.Reshape((6, 5), name="rows")(picture)
    heads = layers.MultiHeadAttention(3, 4, name="heads")(rows, rows, use_causal_mask=True)
    plain = layers.Attention(name="plain")([rows, heads])
    areas = layers.MultiHeadAttention(2, 2, attention_axes=(1, 2), name="areas")(picture, picture)
    both = layers.Concatenate(axis=1)([heads, plain])
    ends = [layers.Flatten()(both), layers.Flatten()(areas)]
    return keras.Model(picture, layers.Dense(2, "softmax")(layers.Concatenate()(ends)))


def test_every_head_has_the_scores_of_equation_1(model):
    values = cnn.activations(model, IMAGE)
    scores = cnn.attention_scores(model, IMAGE, layer="heads")
    layer, rows = model.get_layer("heads"), values["rows"]
    asked, keys = (
        np.einsum("tc,chs->hts", rows, dense.kernel) + np.asarray(dense.bias)[:, None]
        for dense in (layer.query_dense, layer.key_dense)
    )
    sums = np.einsum("hts,hks->htk", asked, keys) / np.sqrt(4)
    sums[:, np.triu(np.ones((6, 6), bool), 1)] = -np.inf
    powers = np.exp(sums)
    np.testing.assert_allclose(scores, powers / powers.sum(-1, keepdims=True), rtol=1e-4, atol=1e-6)
    given = cnn.attention_scores(model, None, layer="heads", activations=values)
    np.testing.assert_array_equal(given, scores)


def test_the_plain_layer_mixes_its_values_by_them(model):
    values = cnn.activations(model, IMAGE)
    (scores,) = cnn.attention_scores(model, IMAGE, layer="plain")
    np.testing.assert_allclose(scores @ values["heads"], values["plain"], rtol=1e-4, atol=1e-6)


def test_positions_along_several_axes_are_counted_through(model):
    scores = cnn.attention_scores(model, IMAGE, layer="areas")
    assert scores.shape == (2, 30, 30)
    np.testing.assert_allclose(scores.sum(axis=2), 1, rtol=1e-5)


def test_other_layers_have_no_scores(model):
    with pytest.raises(cnn.LayerError, match=r"'rows' \(Reshape\) gives no attention scores"):
        cnn.attention_scores(model, IMAGE, layer="rows")


def test_the_caption_names_the_largest_score():
    scores = np.array([[[0.5, 0.5], [0.5, 0.5]], [[0.5, 0.5], [0.1, 0.9]]], np.float32)
    caption = cnn.captions.attention_scores(scores)
    assert caption.seen.startswith("2 heads: a row per query (2), a column per key (2)")
    assert caption.notice == "The largest is 90.0%: in head 1, of query 1 from key 1."
    same = cnn.captions.attention_scores(scores[:1])
    assert same.notice == "Every score is 50.0%: no key stands out."
