"""The page "Why" as the plain functions it is made of."""

import keras
import numpy as np
import pytest

import cnn
from cnn.models.card import attach_card
from cnn.models.loading import as_functional
from dashboard.app import runtime_of
from dashboard.screens.request import Request
from dashboard.state.view import View
from pages import activations, why
from tests import nets
from tests.screens import caption, looked_at, screen


@pytest.fixture(scope="module")
def query(app):
    return runtime_of(app).default_view().to_query()


@pytest.fixture(scope="module")
def computed(app, query):
    """What Keras computed of the picture, by layer."""
    with app.server.test_request_context():
        runtime = runtime_of(app)
        return runtime.look(View(**{**query, "index": int(query["index"])})).passed.activations


def shown(query, layer, **more):
    return screen(why, {**query, **{name: str(value) for name, value in more.items()}}, layer)


def drawn(screen, figure):
    return screen.charts[figure].figure().data


def test_a_convolution_is_patch_times_kernel_channel_by_channel(
    app, request_of, query, computed, classifier
):
    request_of(app)
    page = shown(query, "conv2d_1", channel=3, row=4, column=5, source=2)
    patch, kernel, products = (
        np.array(drawn(page, figure)[0].z) for figure in (why.PATCH, why.KERNEL, why.PRODUCTS)
    )
    np.testing.assert_allclose(patch, computed["max_pooling2d"][4:7, 5:8, 2], rtol=1e-6)
    np.testing.assert_allclose(kernel, cnn.kernels(classifier, "conv2d_1")[..., 2, 3], rtol=1e-6)
    np.testing.assert_allclose(products, patch * kernel, rtol=1e-5)
    (bars,) = drawn(page, why.TERMS)
    assert bars.y[list(bars.x).index("2")] == pytest.approx(products.sum(), rel=1e-5)
    _, point = drawn(page, why.CURVE)
    assert point.x[0] == pytest.approx(bars.y.sum(), rel=1e-5)
    assert point.y[0] == pytest.approx(computed["conv2d_1"][4, 5, 3], abs=1e-5)
    assert page.texts[why.FORMULA].startswith("conv2d_1, channel 3, row 4, column 5: 288 products")
    assert "difference" in page.texts[why.PROOF]
    assert {place for place, is_hidden in page.hidden.items() if is_hidden} == {
        "why-beside-box", "why-depth-box",
    }  # fmt: skip


def test_what_the_view_leaves_open_is_the_strongest(app, request_of, query, computed):
    request_of(app)
    page = shown(query, "conv2d", channel=5)
    row, column = np.unravel_index(computed["conv2d"][..., 5].argmax(), (26, 26))
    assert page.texts[why.FORMULA].startswith(f"conv2d, channel 5, row {row}, column {column}: ")
    assert page.properties[why.ROW] == {"data-now": str(row), "data-most": 25}
    unit = computed["dense"].argmax()
    assert shown(query, "dense").texts[why.FORMULA].startswith(f"dense, unit {unit}: ")


def test_a_place_that_the_layer_does_not_have_is_named_and_the_last_one_shown(
    app, request_of, query
):
    request_of(app)
    page = shown(query, "max_pooling2d", channel=99, row=3, column=26)
    assert page.texts[why.MISSING] == (
        "There is no channel 99 here: 31, the last one, is shown. "
        "There is no column 26 here: 12, the last one, is shown."
    )
    assert page.texts[why.FORMULA].startswith("max_pooling2d, channel 31, row 3, column 12: ")
    assert shown(query, "max_pooling2d", channel=1).texts[why.MISSING] == ""


def test_an_input_channel_that_is_not_read_leaves_the_strongest(app, request_of, query):
    request_of(app)
    strongest = shown(query, "conv2d_1", channel=3)
    assert (
        shown(query, "conv2d_1", channel=3, source=99).charts[why.PATCH].layout
        == strongest.charts[why.PATCH].layout
    )


def test_a_pool_shows_its_candidates_and_what_won(app, request_of, query, computed):
    request_of(app)
    page = shown(query, "max_pooling2d", channel=3, row=9, column=6)
    window = computed["conv2d"][18:20, 12:14, 3]
    np.testing.assert_array_equal(np.array(drawn(page, why.PATCH)[0].z), window)
    row, column = np.unravel_index(window.argmax(), (2, 2))
    frame = page.charts[why.PATCH].figure().layout.shapes[0]
    assert (frame.x0 + 0.5, frame.y0 + 0.5) == (column, row)
    for hidden in (why.KERNEL, why.PRODUCTS, why.TERMS, why.CURVE):
        assert page.hidden[f"{hidden}-box"]


def test_units_have_bars_and_the_last_layer_its_shares(app, request_of, query, computed):
    request_of(app)
    page = shown(query, "dense_1", channel=7)
    (bars,) = drawn(page, why.TERMS)
    assert len(bars.x) == 42
    (shares,) = drawn(page, why.CURVE)
    np.testing.assert_allclose(shares.y, computed["dense_1"], atol=1e-6)
    assert page.hidden[f"{why.ROW}-box"]
    assert page.hidden[f"{why.SOURCE}-box"]


@pytest.mark.parametrize(
    "layer", ["input", "conv2d", "max_pooling2d", "flatten", "dense", "dense_1"]
)
def test_every_layer_is_proved(app, request_of, query, layer):
    request_of(app)
    page = shown(query, layer)
    assert page.texts[why.PROOF].startswith("Recomputed ")
    assert "more than float32 explains" not in page.texts[why.PROOF]


@pytest.mark.parametrize("name", ["scale", "left", "join", "norm", "block", "block/depthwise",
                                  "shared:2", "gap", "classes"])  # fmt: skip
def test_every_layer_of_another_model_is_proved(second_app, request_of, name):
    request_of(second_app)
    query = runtime_of(second_app).default_view().to_query()
    names = [info.name for info in cnn.layer_infos(runtime_of(second_app).model(View(**{
        **query, "index": 0})))]  # fmt: skip
    layer = next(one for one in names if one == name or one.endswith(f"/{name}"))
    page = shown(query, layer)
    assert page.texts[why.PROOF].startswith("Recomputed ")
    assert "more than float32 explains" not in page.texts[why.PROOF]


def test_the_pixels_that_a_number_depends_on_are_in_a_frame(app, request_of, query, classifier):
    request_of(app)
    page = shown(query, "conv2d_1", channel=3, row=4, column=5)
    frame = page.charts[why.PICTURE].figure().layout.shapes[0]
    field = cnn.receptive_field(classifier, layer="conv2d_1", row=4, column=5).picture
    (top, bottom), (left, right) = field.bounds
    assert (frame.x0, frame.x1) == (left - 0.5, right + 0.5)
    assert (frame.y0, frame.y1) == (top - 0.5, bottom + 0.5)
    assert caption(page, why.PICTURE) == (
        f"It depends on {field.mask.sum()} pixels of 784: all inside the frame."
    )
    assert shown(query, "conv2d").hidden[f"{why.PICTURE}-box"]


def test_how_much_each_pixel_counts_is_computed_where_it_is_asked_for(
    app, request_of, query, computed, classifier
):
    request_of(app)
    cell = {"channel": 3, "row": 2, "column": 4}
    folded, unfolded = (shown(query, "conv2d_1", **cell, **more) for more in ({}, {"effective": 1}))
    assert not folded.charts[why.EFFECTIVE].traces
    assert [one.properties[f"{why.EFFECTIVE}-box"]["open"] for one in (folded, unfolded)] == [
        False, True
    ]  # fmt: skip
    picture = np.round(255 * computed["input"]).astype(np.uint8)
    gradient = cnn.effective_field(classifier, picture, layer="conv2d_1", **cell)
    np.testing.assert_allclose(drawn(unfolded, why.EFFECTIVE)[0].z, gradient, rtol=1e-5, atol=1e-8)
    field = cnn.receptive_field(classifier, layer="conv2d_1", row=2, column=4).picture.mask
    assert gradient[field].any()
    told = cnn.captions.effective_field(gradient, field)
    assert caption(unfolded, why.EFFECTIVE) == f"{told.seen} {told.notice}".strip()
    assert shown(query, "input").hidden[f"{why.EFFECTIVE}-box"]


def test_figures_tell_of_which_layer_and_channel_they_are(app, request_of, query):
    request_of(app)
    charts = shown(query, "conv2d_1", channel=3, row=4, column=5, source=7).charts
    told = {figure: charts[figure].traces[0] for figure in (why.MAP, why.BEFORE, why.PICTURE)}
    assert {figure: (one["meta.layer"], one["meta.channel"]) for figure, one in told.items()} == {
        why.MAP: ("conv2d_1", 3), why.BEFORE: ("max_pooling2d", 7), why.PICTURE: ("input", 0),
    }  # fmt: skip
    assert told[why.MAP]["meta.cell"] == [4, 5, 3]
    of_unit = shown(query, "dense", channel=39).charts[why.MAP].traces[0]
    assert (of_unit["meta.channel"], of_unit["meta.cell"]) == (None, [39])


def test_activations_lead_to_why_the_cell_is_what_it_is(app, request_of, query, computed):
    request_of(app)
    page = screen(activations, {**query, "channel": "3", "row": "4", "column": "5"}, "conv2d")
    value = cnn.captions.number(computed["conv2d"][4, 5, 3], 5)
    assert page.properties[activations.WHY] == {"href": "/why/conv2d"}
    assert page.texts[activations.QUESTION] == f"Why {value}? (channel 3, row 4, column 5)"


def test_the_sum_so_far_ends_at_the_sum(app, request_of, query):
    request_of(app)
    page = shown(query, "conv2d_1", channel=3, row=4, column=5)
    (so_far,) = drawn(page, why.RUNNING)
    (bars,) = drawn(page, why.TERMS)
    assert len(so_far.y) == 33
    assert so_far.y[0] == pytest.approx(bars.y[list(bars.x).index("bias")], rel=1e-6)
    assert so_far.y[-1] == pytest.approx(bars.y.sum(), rel=1e-5)
    assert len(drawn(shown(query, "conv2d"), why.RUNNING)[0].y) == 10
    assert shown(query, "flatten").hidden[f"{why.RUNNING}-box"]


def test_of_a_pool_the_largest_so_far_is_shown(app, request_of, query, computed):
    request_of(app)
    page = shown(query, "max_pooling2d", channel=3, row=9, column=6)
    window = computed["conv2d"][18:20, 12:14, 3].ravel()
    (so_far,) = drawn(page, why.RUNNING)
    np.testing.assert_array_equal(so_far.y, np.maximum.accumulate(window))
    assert so_far.y[-1] == computed["max_pooling2d"][9, 6, 3]
    assert list(so_far.x) == ["1", "2", "3", "4"], "numbered as the sentence beside it counts"


@pytest.mark.parametrize(
    ("layer", "rows", "row", "column", "number"),
    [("conv2d", 26, 1, 14, 41), ("max_pooling2d", 13, 2, 3, 30)],
)
def test_maps_are_walked_over_cell_by_cell(
    app, request_of, query, layer, rows, row, column, number
):
    request_of(app)
    page = shown(query, layer, channel=3, row=row, column=column)
    assert page.texts[why.WALKED] == (f"cell {number} of {rows * rows}: row {row}, column {column}")
    assert page.properties[why.WALK] == {
        "row": row, "column": column, "rows": rows, "columns": rows
    }  # fmt: skip
    assert not page.hidden[why.WALK]
    assert shown(query, "dense").hidden[why.WALK]


def asked(page):
    return page.properties[why.GUESS]["question"]


def test_the_reader_is_asked_only_if_that_is_wanted(app, request_of, query, computed):
    request_of(app)
    place = {"channel": 3, "row": 4, "column": 5}
    assert asked(shown(query, "conv2d_1", **place)) is None
    question = asked(shown(query, "conv2d_1", **place, guess=1))
    assert question["about"] == "sign"
    positive = computed["conv2d_1"][4, 5, 3] > 0
    assert (question["right"] == [0]) == positive
    assert asked(shown(query, "max_pooling2d", guess=1))["about"] == "window"
    assert asked(shown(query, "flatten", guess=1)) is None


def test_another_cell_picture_or_network_is_another_question(app, request_of, query):
    request_of(app)
    here = {"channel": 3, "row": 4, "column": 5, "guess": 1}
    others = [
        here, {**here, "row": 5}, {**here, "channel": 4}, {**here, "index": 42},
        {**here, "rotate": 10}, {**here, "epoch": 2}, {**here, "surgery": "conv2d:3*0"},
    ]  # fmt: skip
    keys = [asked(shown(query, "conv2d_1", **one))["key"] for one in others]
    assert len(set(keys)) == len(others)
    assert asked(shown(query, "conv2d_1", **here, source=2))["key"] == keys[0]


def of_model(model, picture, layer, **cell):
    """The page for a cell of a model that no server has."""
    request = Request(View(**cell), layer)
    size = model.input_shape[1:]
    request.__dict__.update(model=model, look=looked_at(model, cnn.images.fit(picture, *size)))
    return why.show(request)


def test_of_two_layers_that_are_added_both_are_drawn(seven):
    model = nets.residual()
    page = of_model(model, seven, "add_0", channel=1, row=2, column=3)
    sources = [page.charts[figure].traces[0]["meta.layer"] for figure in (why.BEFORE, why.BESIDE)]
    assert sources == list(cnn.layer_info(model, "add_0").inputs)
    assert not page.hidden["why-beside-box"]
    assert page.texts[why.PROOF].startswith("Recomputed")


def joined():
    """Three convolutions of four channels that are joined, one beside the other, and put into a row."""
    picture = keras.Input((6, 7, 1), name="picture")
    parts = [keras.layers.Conv2D(4, 1, name=name)(picture) for name in ("a", "b", "c")]
    x = keras.layers.Concatenate(name="join")(parts)
    both = keras.layers.Concatenate(name="with_picture")([picture, x])
    x = keras.layers.Dense(2, activation="softmax", name="classes")(
        keras.layers.Flatten(name="row")(both)
    )
    return as_functional(keras.Model(picture, x))


@pytest.mark.parametrize(("channel", "read", "its_own"), [(0, "a", 0), (6, "b", 2), (11, "c", 3)])
def test_of_layers_that_are_joined_the_one_that_is_read_is_drawn(seven, channel, read, its_own):
    page = of_model(joined(), seven, "join", channel=channel, row=3, column=4)
    before = page.charts[why.BEFORE]
    assert (before.traces[0]["meta.layer"], before.traces[0]["meta.channel"]) == (read, its_own)
    assert before.layout["title.text"] == f"{read}, channel {its_own}"
    frame = before.layout["shapes"][0]
    assert (frame["x0"] + 0.5, frame["y0"] + 0.5) == (4, 3)
    assert caption(page, why.BEFORE) == f"What it reads of {read}: all that is in the frame."
    assert page.hidden["why-beside-box"]


def test_the_pixels_stand_apart_where_the_picture_is_joined_but_not_read(seven):
    page = of_model(joined(), seven, "with_picture", channel=5, row=3, column=4)
    assert page.charts[why.BEFORE].layout["title.text"] == "join, channel 4"
    assert not page.hidden["why-picture-box"]
    page = of_model(joined(), seven, "with_picture", channel=0, row=3, column=4)
    assert page.charts[why.BEFORE].traces[0]["meta.layer"] == "picture"
    assert page.hidden["why-picture-box"]


def test_of_a_row_the_channel_that_a_number_was_taken_from_is_drawn(seven):
    page = of_model(joined(), seven, "row", channel=13 * (7 * 2 + 3) + 9)
    before = page.charts[why.BEFORE]
    assert before.layout["title.text"] == "with_picture, channel 9"
    frame = before.layout["shapes"][0]
    assert (frame["x0"] + 0.5, frame["y0"] + 0.5) == (3, 2)


def test_a_number_that_reads_nothing_has_no_figure_of_what_it_reads(seven):
    picture = x = keras.Input((6, 6, 1), name="picture")
    x = keras.layers.ZeroPadding2D(1, name="padded")(keras.layers.Conv2D(2, 1, name="a")(x))
    x = keras.layers.Dense(2, activation="softmax", name="classes")(keras.layers.Flatten()(x))
    model = as_functional(keras.Model(picture, x))
    page = of_model(model, seven, "padded", channel=1, row=0, column=3)
    assert page.hidden["why-before-box"]
    page = of_model(model, seven, "padded", channel=1, row=1, column=3)
    assert page.charts[why.BEFORE].layout["title.text"] == "a, channel 1"


def test_the_softmax_of_a_cell_of_maps_is_told_of_classes(seven):
    page = of_model(nets.segmenting(), seven, "classes", channel=1, row=3, column=4)
    (bars,) = drawn(page, why.CURVE)
    chart = page.charts[why.CURVE]
    assert list(bars.x) == ["0", "1", "2"]
    assert chart.figure().layout.xaxis.title.text == "class"
    assert chart.size == page.charts[why.RUNNING].size
    shares = [cnn.captions.number(float(y), 5) for y in bars.y]
    largest = int(np.argmax(bars.y))
    notice = (
        f"The largest is class {largest}: {shares[largest]}." if largest != 1 else "None is larger."
    )
    assert caption(page, why.CURVE) == (
        f"What softmax makes of each of the 3: {shares[1]} for class 1. {notice}"
    )


def test_names_of_classes_that_do_not_fit_below_bars_are_in_the_caption(seven):
    model = nets.segmenting()
    attach_card(model, cnn.models.Card(class_names=("the sky", "the road", "a car")))
    page = of_model(model, seven, "classes", channel=2, row=3, column=4)
    (bars,) = drawn(page, why.CURVE)
    assert list(bars.x) == [0, 1, 2]
    assert "for class a car." in caption(page, why.CURVE)


def test_a_softmax_within_a_network_is_of_channels_or_units(seven):
    picture = keras.Input((6, 6, 1), name="picture")
    x = keras.layers.Conv2D(4, 1, activation="softmax", name="within")(picture)
    x = keras.layers.Dense(7, activation="softmax", name="row")(keras.layers.Flatten()(x))
    model = as_functional(keras.Model(picture, keras.layers.Dense(2, activation="softmax")(x)))
    for layer, each in (("within", "channel"), ("row", "unit")):
        chart = of_model(model, seven, layer, channel=1).charts[why.CURVE]
        assert chart.figure().layout.xaxis.title.text == each
        assert f" for {each} 1." in chart.caption.seen
