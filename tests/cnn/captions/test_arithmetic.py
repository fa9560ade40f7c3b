"""Sentences on the arithmetic of one number."""

import keras
import numpy as np
import pytest

import cnn
from cnn.captions import effective_field, formula, place, proof, receptive_field


@pytest.fixture(scope="module")
def explained(classifier, seven):
    def explain(layer, *at):
        return cnn.explain_unit(classifier, seven, layer=layer, place=at)

    return explain


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ((7,), "unit 7"),
        ((4, 2), "channel 2, row 4"),
        ((12, 5, 3), "channel 3, row 12, column 5"),
        ((1, 12, 5, 3), "channel 3, slice 1, row 12, column 5"),
    ],
)
def test_a_place_is_named_by_channel_row_and_column(index, words):
    assert place(index) == words


def test_a_convolution_is_products_of_all_channels_a_bias_and_an_activation(explained, classifier):
    unit = explained("conv2d_1", 4, 5, 3)
    bias = float(classifier.get_layer("conv2d_1").bias[3])
    words = cnn.captions.number
    total = words(unit.sum - bias, 5)
    assert formula(unit) == (
        f"288 products in 32 input channels add up to {total}; with the bias {words(bias, 5)} that is "
        f"{words(unit.sum, 5)}. relu({words(unit.sum, 5)}) = {words(max(unit.sum, 0), 5)}."
    )


def test_a_single_input_channel_is_not_counted(explained):
    assert formula(explained("conv2d", 4, 5, 3)).startswith("9 products add up to ")


def test_a_pixel_is_scaled_by_one_product(explained, seven):
    row, column = np.argwhere(seven[..., 0] == 255)[0]
    assert formula(explained("input", row, column, 0)) == "255 × 0.0039216 = 1."


def test_a_pool_says_what_is_largest_and_that_it_does_not_matter_which_of_equals(explained):
    assert formula(explained("max_pooling2d", 0, 0, 0)).startswith("The largest of 4 numbers is ")
    zeros = cnn.activations(cnn.load_model(), np.zeros((28, 28, 1), np.uint8))
    unit = cnn.explain_unit(
        cnn.load_model(), np.zeros((28, 28, 1), np.uint8), layer="max_pooling2d", place=(0, 0, 0),
        activations=zeros,
    )  # fmt: skip
    assert formula(unit).endswith("4 of them are equal, so it does not matter which.")


def test_a_softmax_has_its_logit(explained):
    unit = explained("dense_1", 7)
    sentence = formula(unit)
    assert "64 products add up to" in sentence
    logit, share = cnn.captions.number(unit.sum, 5), cnn.captions.number(unit.computed, 5)
    assert sentence.endswith(f"softmax of 10 logits: {logit} becomes {share}.")


def test_a_number_that_is_only_moved_says_so(explained):
    unit = explained("flatten", 100)
    number = cnn.captions.number(unit.computed, 5)
    assert formula(unit) == f"The number is taken as it is from another cell: {number}."


def test_the_proof_compares_what_was_recomputed_with_what_keras_says(explained):
    unit = explained("dense", 3)
    computed = cnn.captions.number(unit.computed, 5)
    assert proof(unit).startswith(f"Recomputed {computed}, the network says {computed}, ")
    same = explained("flatten", 100)
    assert proof(same).endswith("no difference.")


def test_a_number_that_the_parts_do_not_give_is_not_called_proved(explained):
    unit = explained("dense", 3)
    wrong = type(unit)(**{**vars(unit), "computed": unit.computed + 1})
    assert not wrong.is_proved
    assert proof(wrong).endswith("difference 1. That is more than float32 explains.")


def test_a_layer_that_is_not_known_proves_nothing():
    import keras

    class Doubled(keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    picture = keras.Input((4, 4, 1))
    model = cnn.models.as_functional(keras.Model(picture, Doubled(name="doubled")(picture)))
    unit = cnn.explain_unit(
        model, np.full((4, 4, 1), 51, np.uint8), layer="doubled", row=1, column=2, channel=0
    )
    assert proof(unit) == (
        "The network says 0.4. How this kind of layer computes is not known here: what is shown is "
        "how the number changes with each input (gradient × input), which proves nothing."
    )


@pytest.mark.parametrize(
    ("status", "notice"),
    [
        ("exact", ""),
        ("whole picture", ""),
        (
            "upper bound",
            "It may be fewer: one of the layers reads in a way that is not known here, or otherwise for "
            "each channel.",
        ),
        ("depends on the data", "How much each counts depends on the picture."),
    ],
)
def test_the_pixels_of_a_number_are_counted(status, notice):
    pixels = np.zeros((5, 6), bool)
    pixels[1:3, 2:5] = True
    caption = receptive_field(pixels, status)
    assert (caption.seen, caption.notice) == (
        "It depends on 6 pixels of 30: all inside the frame.", notice
    )  # fmt: skip
    pixels[1, 3] = False
    assert receptive_field(pixels, status).seen == (
        "It depends on 5 pixels of 30, all of them in the frame."
    )


def test_how_much_of_a_gradient_is_in_the_inner_part_of_a_field():
    field = np.zeros((12, 12), bool)
    field[2:10, 1:9] = True
    gradient = np.where(field, 1, 0).astype(np.float32)
    even = effective_field(gradient, field)
    assert even.seen == (
        "How fast the number changes with each pixel of this picture: 25% of it in the inner part of "
        "the frame, which is 25% of its pixels."
    )
    assert even.notice == ""
    gradient[4:8, 3:7] = 9
    middle = effective_field(gradient, field)
    assert "75% of it in the inner part" in middle.seen
    assert middle.notice == "The middle counts more than the border."


def test_a_small_field_has_no_inner_part_and_a_gradient_of_zero_is_said():
    field = np.zeros((5, 5), bool)
    field[1:4, 1:4] = True
    seen = "How fast the number changes with each pixel of this picture"
    assert effective_field(field.astype(np.float32), field).seen == f"{seen}."
    nothing = effective_field(np.zeros((5, 5), np.float32), field)
    assert nothing.seen == f"{seen}: with none, so no small change of a pixel changes it."


def test_the_parts_of_a_convolution_have_captions_of_their_numbers(explained):
    form = explained("conv2d_1", 4, 5, 3).form
    term = form.terms[2]
    assert cnn.captions.patch(term).notice == ""
    assert cnn.captions.products(term).seen == (
        f"The products of channel 2 add up to {cnn.captions.number(term.products.sum(), 4)}."
    )
    assert cnn.captions.terms(form, "input channel").seen == (
        "What each input channel adds, the strongest first, and the bias: together "
        f"{cnn.captions.number(form.subtotals.sum() + form.bias, 5)}."
    )


@pytest.mark.parametrize(("row", "words"), [(0, "6 cells outside the map are"), (3, "")])
def test_what_lies_outside_the_map_is_counted(row, words):
    source = keras.Input((7, 7, 1))
    padded = keras.layers.Conv2D(2, (5, 3), padding="same", name="conv")(source)
    pooled = keras.layers.MaxPooling2D((5, 3), strides=1, padding="same", name="pool")(source)
    model = keras.Model(source, [padded, pooled])
    image = np.random.default_rng(0).integers(1, 256, (7, 7, 1), dtype=np.uint8)
    conv, pool = (
        cnn.explain_unit(model, image, layer=layer, place=(row, 3, 0)) for layer in ("conv", "pool")
    )
    assert cnn.captions.patch(conv.form.terms[0]).notice == (words and f"{words} counted as zero.")
    assert cnn.captions.candidates(pool.form).notice == (words and f"{words} not among them.")


def test_layers_that_are_read_and_not_drawn_are_named():
    assert cnn.captions.read_of("a", []).notice == ""
    assert cnn.captions.read_of("a", ["b", "c"]).notice == "It reads b and c too."
