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


@pytest.mark.parametrize(
    ("axes", "keys", "mixed_as", "line"),
    [
        ((2,), (5,), "hrck,rkhs->rchs", " of its row"),
        ((1,), (6,), "hrck,kchs->rchs", " of its column"),
        ((-2,), (5,), "hrck,rkhs->rchs", " of its row"),
        ((2, 1), (6, 5), "hrckl,klhs->rchs", ""),
    ],
)
def test_along_some_axes_each_query_has_the_keys_of_its_own_line(axes, keys, mixed_as, line):
    picture = keras.Input((6, 5, 3), name="picture")
    layer = layers.MultiHeadAttention(2, 4, attention_axes=axes, name="axial")
    model = keras.Model(picture, layer(picture, picture))
    image = np.random.default_rng(1).integers(0, 255, (6, 5, 3), np.uint8)
    values = cnn.activations(model, image)
    scores = cnn.attention_scores(model, image, layer="axial")
    assert scores.shape == (2, 30, np.prod(keys))
    np.testing.assert_allclose(scores.sum(axis=2), 1, rtol=1e-5)
    said = np.einsum("rcf,fhs->rchs", values["picture"], layer.value_dense.kernel)
    mixed = np.einsum(mixed_as, scores.reshape(2, 6, 5, *keys), said)
    made = np.einsum("rchs,hsf->rcf", mixed, layer.output_dense.kernel)
    np.testing.assert_allclose(made, values["axial"], rtol=1e-4, atol=1e-6)
    info = cnn.layer_info(model, "axial")
    caption = cnn.captions.attention_scores(scores, info)
    assert f"a row per query (30), a column per key{line} ({np.prod(keys)})" in caption.seen
    told = cnn.captions.layer_output(info, values["axial"]).seen
    assert told.startswith(f"Each of 30 places mixed from all places{line}, by 2 heads: 6×5×3.")


def test_heads_that_attend_to_each_other_are_told_and_explained_by_the_slope():
    picture = keras.Input((6, 5, 3), name="picture")
    layer = layers.MultiHeadAttention(2, 4, attention_axes=(-1,), name="heads")
    model = keras.Model(picture, layer(picture, picture))
    image = np.random.default_rng(1).integers(0, 255, (6, 5, 3), np.uint8)
    told = cnn.captions.layer_output(cnn.layer_info(model, "heads"), np.zeros((6, 5, 3))).seen
    assert told.startswith("Each of 30 places mixed from all places of its own place, by 2 heads")
    unit = cnn.explain_unit(model, image, layer="heads", row=1, column=2, channel=0)
    assert unit.status == "gradient"
    assert unit.computed == cnn.activations(model, image)["heads"][1, 2, 0]


@pytest.mark.parametrize("kind", [layers.Attention, layers.AdditiveAttention])
def test_of_maps_the_plain_layers_mix_each_row_in_itself(kind):
    picture = keras.Input((6, 5, 3), name="picture")
    model = keras.Model(picture, kind(name="plain")([picture, picture]))
    values = cnn.activations(model, IMAGE)
    (scores,) = cnn.attention_scores(model, IMAGE, layer="plain")
    mixed = np.einsum("rck,rkf->rcf", scores.reshape(6, 5, 5), values["picture"])
    np.testing.assert_allclose(mixed, values["plain"], rtol=1e-4, atol=1e-6)


# Every kind of attention that Keras has: one head or several, which share keys or do not.
KINDS = {
    "several heads": lambda: layers.MultiHeadAttention(3, 4),
    "of groups": lambda: layers.GroupQueryAttention(4, 6, 3),
    "plain": layers.Attention,
    "plain scaled": lambda: layers.Attention(use_scale=True, score_mode="concat"),
    "additive": layers.AdditiveAttention,
}
# The ways to call them, with queries and keys of unlike length, as arguments and keywords.
FORMS = {
    "query and value": lambda q, k, v, m: ([q, v], {}),
    "with a key": lambda q, k, v, m: ([q, v, k], {}),
    "of itself, causal": lambda q, k, v, m: ([q, q], {"use_causal_mask": True}),
    "with a mask": lambda q, k, v, m: ([q, v, k], {"mask": m}),
    "with a mask, causal": lambda q, k, v, m: ([q, v], {"mask": m, "use_causal_mask": True}),
}


def call(layer: layers.Layer, form: str, query, key, value, hides, **also):
    """Call the layer in the form, where keys with `hides` false may be hidden."""
    given, settings = FORMS[form](query, key, value, hides)
    takes_list = isinstance(layer, layers.Attention)
    if "mask" in settings:
        each = keras.ops.repeat(settings.pop("mask")[:, None], 6, axis=1)
        settings |= {"mask": [None, each[:, 0]]} if takes_list else {"attention_mask": each}
    return layer(*([given] if takes_list else given), **settings, **also)


def attended(kind: str, form: str) -> tuple[keras.Model, np.ndarray]:
    """A network with attention of the form, and the scores that Keras gives at the same call."""
    keras.utils.set_random_seed(2)
    picture = keras.Input((6, 5, 1), name="picture")
    query = layers.Reshape((6, 5))(picture)
    value = layers.Dense(5)(layers.Cropping1D((1, 0))(query))
    entering = [query, layers.Dense(5)(value), value, value[..., 0] > 0.1]
    layer = KINDS[kind]()
    model = keras.Model(picture, call(layer, form, *entering))
    numbers = keras.Model(picture, entering)(cnn.prepare(IMAGE, model))
    _, scores = call(layer, form, *numbers, return_attention_scores=True)
    return model, scores.numpy()[0]


def attention_in(model: keras.Model) -> cnn.LayerInfo:
    return next(info for info in cnn.layer_infos(model) if "Attention" in info.kind)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_head_of_every_attention_has_the_scores_of_keras(kind, form):
    model, expected = attended(kind, form)
    scores = cnn.attention_scores(model, IMAGE, layer=attention_in(model).name)
    assert len(scores) == {"several heads": 3, "of groups": 6}.get(kind, 1)
    np.testing.assert_allclose(scores, expected.reshape(scores.shape), rtol=1e-5, atol=1e-7)
    assert (scores == 0).any() == ("mask" in form or "causal" in form)


class Flattening(layers.Layer):
    """Attention over the cells of maps, in a row."""

    def __init__(self):
        super().__init__(name="own")
        self.heads = layers.MultiHeadAttention(2, 3)

    def call(self, maps, return_attention_scores=False):
        cells = keras.ops.reshape(maps, (-1, 30, 3))
        mixed, scores = self.heads(cells, cells, return_attention_scores=True)
        return (mixed, scores) if return_attention_scores else mixed


def test_a_layer_of_one_s_own_may_count_its_positions_itself():
    picture = keras.Input((6, 5, 3), name="picture")
    model = keras.Model(picture, Flattening()(picture))
    scores = cnn.attention_scores(model, IMAGE, layer="own")
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
