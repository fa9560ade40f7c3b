"""The page "Explain" as the plain functions it is made of."""

from dataclasses import replace

import numpy as np
import pytest
from dash import html

import cnn
from cnn.attribution.methods import METHODS
from cnn.attribution.options import Pictures
from cnn.attribution.relevance import flow
from cnn.attribution.trust.agreement import agreement
from cnn.attribution.trust.cascade import Cascade, Stage
from cnn.attribution.trust.curves import Curves
from cnn.attribution.trust.linearity import Linearity
from cnn.attribution.trust.stability import Stability
from cnn.captions.attribution import MEANING
from cnn.captions.trust import MARKS
from cnn.runs.moments import Moment
from cnn.studies import Trust, ask
from dashboard.app import runtime_of
from dashboard.runtime import studied
from dashboard.screens import attributions
from dashboard.screens.attributions import BY_METHOD
from dashboard.screens.request import Request
from dashboard.state import pixels
from dashboard.state.view import parse
from pages import explain
from tests import nets
from tests.cnn.attribution.conftest import doubled
from tests.screens import application_of, caption, screen

SALIENCY, PRODUCT = "explain-of-saliency", "explain-of-input_x_gradient"


@pytest.fixture(scope="module")
def query(app):
    return runtime_of(app).default_view().to_query()


@pytest.fixture
def seen(app, query, request_of):
    """What the network sees of the picture."""
    request_of(app)
    return runtime_of(app).look(parse(query)[0]).seen


def shown(query, **more):
    """The page as it is once what takes longer has come."""
    asked = {**query, **{name: str(value) for name, value in more.items()}}
    page = screen(explain, asked)
    later = page.later
    while later:
        rest = explain.show(Request(parse(asked)[0], rest=True))
        assert len(rest.later) < len(later)
        later = rest.later
        page = replace(
            page, charts={**page.charts, **rest.charts}, texts={**page.texts, **rest.texts}
        )
    return page


def numbers(page, figure):
    return page.charts[figure].figure().data[0].z


def test_each_method_has_the_map_that_the_library_computes_for_the_class_predicted(
    app, classifier, query, seen
):
    page = shown(query)
    target = cnn.predict(classifier, seen).label
    for name in METHODS:
        figure = f"explain-of-{name}"
        options = runtime_of(app).options_of(parse(query)[0], name)
        made = cnn.attribute(classifier, seen, method=name, target=target, **options)
        np.testing.assert_allclose(numbers(page, figure), made.plane, rtol=1e-5, atol=1e-6)
        assert page.texts[f"{figure}-python"].startswith(
            f'cnn.attribute(model, image, method="{name}", target={target}'
        )
        assert page.texts[f"{figure}-variant"] == METHODS[name].variant
    assert page.hidden[explain.BY_CLASS]
    assert not page.hidden[explain.SIDE_BY_SIDE]


def test_the_line_of_python_gives_the_map(classifier, query, seen):
    page = shown(query, of=3, against=8)
    line = page.texts[f"{PRODUCT}-python"]
    made = eval(line, {"cnn": cnn, "model": classifier, "image": seen, "Target": cnn.Target})
    np.testing.assert_allclose(numbers(page, PRODUCT), made.plane, rtol=1e-5, atol=1e-6)
    assert "the logit of 3 minus that of 8" in caption(page, PRODUCT)


def test_pictures_to_compare_with_are_those_that_networks_are_trained_on(app, query, seen):
    options = runtime_of(app).options_of(parse(query)[0], "expected_gradients")
    digits = cnn.load_dataset("digits", split="train")
    assert query["split"] != "train" and len(options["baselines"]) == 64
    np.testing.assert_array_equal(options["baselines"][0], digits[0].pixels)
    np.testing.assert_array_equal(options["baselines"][32], digits[len(digits) // 2].pixels)
    made = runtime_of(app).attribution(parse(query)[0], "expected_gradients", cnn.Target(0))
    kept = zip(made.settings["baselines"], options["baselines"], strict=True)
    assert all(one is given for one, given in kept), "maps share the pictures that they are of"
    line = shown(query).texts["explain-of-expected_gradients-python"]
    assert line.endswith(
        "baselines=baselines, samples=64, seed=0)  # baselines: pictures of the training split"
    )
    assert not runtime_of(app).options_of(parse(query)[0], "saliency")


def test_the_line_of_a_map_that_is_refused_has_its_options(query, seen, monkeypatch):
    def refuse(*_given, **_options):
        raise cnn.AttributionError("It breaks its own law.")

    monkeypatch.setattr(cnn, "attribute", refuse)
    page = shown(query, options="integrated_gradients.steps:7")
    assert "It breaks its own law" in caption(page, "explain-of-integrated_gradients")
    assert "steps=7" in page.texts["explain-of-integrated_gradients-python"]


def is_drawn(page, figure) -> bool:
    return bool(page.charts[figure].figure().data)


def test_a_map_that_breaks_the_law_of_its_method_is_not_drawn(tmp_path, request_of, monkeypatch):
    """A white picture of a network that steps from one number to another where no sample is."""
    monkeypatch.setattr(flow, "back", doubled)
    own = application_of(nets.stepped(), tmp_path)
    request_of(own)
    white = pixels.encode(np.full((28, 28), 255, np.uint8))
    page = shown({**runtime_of(own).default_view().to_query(), "pixels": white})
    for name, off in {
        "lrp": "357.1%",
        "integrated_gradients": "100.0%",
        "expected_gradients": "100.0%",
    }.items():
        figure = BY_METHOD[name]
        assert not is_drawn(page, figure)
        told = caption(page, figure)
        assert told.startswith(
            f"{METHODS[name].name} shows nothing here. {METHODS[name].name} breaks "
        )
        assert f"off by {off} where " in told
        assert f'method="{name}"' in page.texts[f"{figure}-python"]
    assert is_drawn(page, SALIENCY) and is_drawn(page, PRODUCT)


def test_agreement_has_its_mark(classifier, app, query, seen):
    page = shown(query)
    label = cnn.predict(classifier, seen).label
    maps = [
        cnn.attribute(
            classifier, seen, method=name, target=label,
            **runtime_of(app).options_of(parse(query)[0], name),
        )
        for name in METHODS
    ]  # fmt: skip
    found = agreement(maps)
    for name in METHODS:
        words = page.texts[f"explain-of-{name}-agreement"]
        assert words.startswith(f"Agreement: {MARKS[found.mark(name)]}. The rank correlation")
    assert "may be wrong together" in str(explain.layout())


def test_of_many_classes_it_is_said_which_ones_are_shown(tmp_path, request_of):
    own = application_of(nets.many_units(), tmp_path)
    request_of(own)
    view = runtime_of(own).default_view().to_query()
    page = screen(explain, {**view, "method": "saliency"})
    assert page.texts[explain.VARIANT].endswith(
        "Of 1,200 classes the 12 with the largest numbers are shown."
    )


def test_signed_maps_diverge_about_zero_and_others_begin_there(query, seen):
    page = shown(query)
    for name, method in METHODS.items():
        trace = page.charts[f"explain-of-{name}"].figure().data[0]
        assert trace.zmax > 0
        assert trace.zmin == (-trace.zmax if method.is_signed else 0)


def test_one_method_shows_all_classes_in_one_range(classifier, query, seen):
    page = shown(query, method="input_x_gradient")
    assert page.hidden[explain.SIDE_BY_SIDE]
    ranges = set()
    for label in range(10):
        figure = f"explain-class-{label}"
        made = cnn.attribute(classifier, seen, method="input_x_gradient", target=label)
        np.testing.assert_allclose(numbers(page, figure), made.plane, rtol=1e-5, atol=1e-6)
        trace = page.charts[figure].figure().data[0]
        ranges.add((trace.zmin, trace.zmax))
        assert f"the logit of {label}," in caption(page, figure)
        assert not page.hidden[f"{figure}-box"]
    assert len(ranges) == 1
    assert page.hidden["explain-class-10-box"]
    assert page.texts[explain.VARIANT] == METHODS["input_x_gradient"].variant


def test_over_the_picture_the_numbers_are_the_same_and_zero_lets_it_through(query, seen):
    apart, over = shown(query), shown(query, overlay="over")
    figure = over.charts[PRODUCT].figure()
    np.testing.assert_array_equal(figure.data[0].z, numbers(apart, PRODUCT))
    (picture,) = figure.layout.images
    assert picture.source.startswith("data:image/png;base64,")
    assert (picture.sizex, picture.sizey) == (28, 28)
    at_zero = {stop[1] for stop in figure.data[0].colorscale if stop[0] == 0.5}
    assert all(colour.endswith(",0)") for colour in at_zero)
    assert screen(explain, query).form != screen(explain, {**query, "overlay": "over"}).form


def test_a_class_that_there_is_not_is_told(query, seen):
    page = shown(query, of=77)
    assert page.texts[explain.MISSING].startswith("There is no class 77 here")
    assert not page.hidden[explain.TURN]
    assert SALIENCY in page.charts


def test_of_a_large_network_slow_maps_are_those_that_a_worker_has_made(
    app, query, seen, monkeypatch
):
    for module in (attributions, explain):
        monkeypatch.setattr(module, "is_large", lambda _model: True)
    monkeypatch.setattr(explain, "_REST_SECONDS", 0)
    asked = {
        **query,
        "options": "smoothgrad.samples:5;occlusion.patch:9;occlusion.stride:9",
        "of": "2",
    }
    page, bars = screen(explain, asked), list[str]()
    while not page.hidden[explain.COMING]:
        bar = page.properties[f"{explain.COMING}-bar"]
        assert page.texts[f"{explain.COMING}-said"] == f"{bar['value']} of 6 maps are there."
        bars.append(bar["value"])
        page = explain.show(Request(parse(asked)[0], rest=True))
    # A map of the class may be known from elsewhere.
    assert bars in (list("012345"), list("12345"))
    slow = [f"explain-of-{name}" for name, one in METHODS.items() if one.is_slow]
    page = shown(asked)
    assert not page.hidden[explain.LONG]
    for figure in slow:
        assert "press Compute them, below" in caption(page, figure)
    runtime, request = runtime_of(app), Request(parse(asked)[0])
    maps = [one.wanted for one in attributions.maps_of(request) if one.is_long]
    study = runtime.queue.submit_study(studied.about_maps(runtime, request.view, maps))
    page = shown(asked)
    for figure in slow:
        assert "is being computed" in caption(page, figure)
    runtime.queue._study(study.id)
    page = shown(asked)
    for kept in study.answer.maps:
        figure = f"explain-of-{kept.method}"
        np.testing.assert_array_equal(numbers(page, figure), kept.attribution.plane)
        assert f'method="{kept.method}", target=2' in page.texts[f"{figure}-python"]
    assert "samples=5" in page.texts["explain-of-smoothgrad-python"]


def test_what_was_tried_of_each_map_is_told_and_that_none_is_to_be_trusted(app, query, seen):
    runtime, view = runtime_of(app), parse({**query, "of": "4"})[0]
    stage = Stage("conv", (0.9,) * 10, (0.9,) * 10, (0.1,) * 10)
    failed = Trust(
        Curves((0.0, 1.0), (), is_constant=True, tied=1.0),
        Cascade((stage,), 10, (), is_signed=True),
        Stability(None, 0.95, 3.0, (2.9, 3.1)),
        Linearity(4, 9, 1e-7),
    )
    assert not shown(query, of=4).texts[explain.FAILED]
    for count, method in enumerate(("saliency", "input_x_gradient")):
        question = studied.about_trust(runtime, view, studied.wanted(view, method, cnn.Target(4)))
        ask(runtime.settings.jobs.studies_dir, question)[0].finish(failed)
        page = shown(query, of=4)
        told = [figure for figure in BY_METHOD.values() if page.texts[f"{figure}-trust"]]
        assert len(told) == count + 1
    assert page.texts[f"{SALIENCY}-trust"] == (
        "Tried. Deletion and insertion: inconclusive (ahead of all controls in 0 of 0 trials); weights "
        "drawn anew: fails (rank correlation 0.9); stability: passes (rank correlation 0.95); linearity: "
        "passes (off by <0.0001%). Do not rely on this map alone."
    )
    assert page.texts[explain.FAILED].startswith(
        "Each of the maps that were tried fails in one way"
    )
    assert not shown(query, of=5).texts[explain.FAILED]


@pytest.mark.parametrize(
    ("unit", "place", "target", "words"),
    [
        ("conv2d", {}, {}, "the mean of channel 3 of conv2d"),
        ("conv2d", {"focus": "cell", "row": 5, "column": 99}, {"cell": (5, 25)},
         "channel 3 of conv2d at row 5, column 25"),
        ("conv2d", {"against": 4}, {"against": 4},
         "the mean of channel 3 of conv2d minus that of channel 4"),
        ("dense", {"focus": "cell", "row": 5}, {}, "unit 3 of dense"),
    ],
)  # fmt: skip
def test_a_unit_of_a_layer_is_explained(classifier, query, seen, unit, place, target, words):
    page = shown(query, unit=unit, of=3, **place)
    made = cnn.attribute(
        classifier, seen, method="input_x_gradient", target=cnn.Target(3, layer=unit, **target)
    )
    np.testing.assert_allclose(numbers(page, PRODUCT), made.plane, rtol=1e-5, atol=1e-7)
    assert f"raises {words}, blue" in caption(page, PRODUCT)
    assert f"layer='{unit}'" in page.texts[f"{PRODUCT}-python"]
    has_maps = unit == "conv2d"
    assert page.hidden[explain.OF_MAPS] == (not has_maps)
    assert page.hidden[explain.CELL] == ("cell" not in target)
    assert page.texts["explain-noun"] == ("Channel" if has_maps else "Unit")


def test_of_one_method_the_channels_with_the_largest_numbers_are_shown(classifier, query, seen):
    page = shown(query, unit="conv2d_1", method="saliency")
    maps = cnn.forward(classifier, seen).activations["conv2d_1"]
    ranked = np.argsort(-maps.mean((0, 1)), kind="stable")[:12]
    titles = [page.charts[figure].figure().layout.title.text for figure in attributions.OF_CLASS]
    assert titles == [f"channel {place}" for place in ranked]
    assert page.texts[explain.VARIANT].endswith(
        f"Of {maps.shape[-1]} channels the 12 with the largest numbers are shown."
    )


def test_a_layer_that_there_is_not_is_told(query, seen):
    page = shown(query, unit="no such layer", of=3)
    assert page.texts[explain.MISSING] == (
        "There is no layer no such layer here: the output is explained."
    )
    assert "the logit of 3" in caption(page, PRODUCT)


def test_a_layer_with_the_picture_alone_is_not_offered(query, seen):
    offered = [one["value"] for one in shown(query).properties[explain.UNIT]["options"]]
    assert offered[:2] == ["output", "conv2d"]


def test_a_cell_of_a_segmentation_is_explained(tmp_path, request_of):
    model = nets.segmenting()
    own = application_of(model, tmp_path)
    picture = runtime_of(own).default_view().to_query()
    request_of(own)
    seen = runtime_of(own).look(parse(picture)[0]).seen
    page = shown(picture, of=1, focus="cell", row=2, column=7)
    made = cnn.attribute(model, seen, method="saliency", target=cnn.Target(1, cell=(2, 7)))
    np.testing.assert_allclose(numbers(page, SALIENCY), made.plane, rtol=1e-5, atol=1e-7)
    assert "the logit of 1 at row 2, column 7" in caption(page, SALIENCY)
    assert page.texts["explain-noun"] == "Class"
    assert "the mean logit of 1," in caption(shown(picture, of=1), SALIENCY)


def is_what_the_library_computes(page, app, query, model, seen):
    """The map of each method is that of `cnn.attribute` for the class that the network says."""
    target = cnn.predict(model, seen).label
    for name, figure in BY_METHOD.items():
        options = runtime_of(app).options_of(parse(query)[0], name)
        made = cnn.attribute(model, seen, method=name, target=target, **options)
        largest = abs(made.plane).max()
        assert largest > 0, name
        np.testing.assert_allclose(
            numbers(page, figure), made.plane, rtol=0, atol=1e-5 * largest, err_msg=name
        )
        assert f"target={target}" in page.texts[f"{figure}-python"]


def test_a_channel_that_is_switched_off_changes_every_map(app, classifier, query, seen):
    before = shown(query)
    changed = {**query, "surgery": "conv2d_1:3-20*0"}
    page = shown(changed)
    without = cnn.ablate(classifier, {"conv2d_1": dict.fromkeys(range(3, 21), 0.0)})
    is_what_the_library_computes(page, app, changed, without, seen)
    for figure in BY_METHOD.values():
        assert not np.allclose(numbers(page, figure), numbers(before, figure), rtol=1e-3, atol=1e-6)
    back = shown(query)
    for figure in BY_METHOD.values():
        np.testing.assert_array_equal(numbers(back, figure), numbers(before, figure))


def test_what_the_pen_draws_is_explained_while_it_moves_and_at_rest(app, classifier, query, seen):
    drawn = np.zeros((28, 28, 1), np.uint8)
    drawn[5:23, 13:16], drawn[5:8, 8:16] = 255, 200
    asked = {**query, "pixels": pixels.encode(drawn)}
    seen = runtime_of(app).look(parse(asked)[0]).seen
    rest = shown(asked)
    is_what_the_library_computes(rest, app, asked, classifier, seen)
    moving = screen(explain, asked, moving="picture")
    slow = {BY_METHOD[name] for name, method in METHODS.items() if method.is_slow}
    assert set(moving.later) == slow
    for figure in set(BY_METHOD.values()) - slow:
        np.testing.assert_allclose(
            numbers(moving, figure), numbers(rest, figure), rtol=1e-5, atol=1e-7
        )


def test_what_is_compiled_is_there_at_once_the_next_time(query, seen):
    shown(query)
    again = screen(explain, {**query, "rotate": "10"})
    assert set(again.later) == {
        f"explain-of-{name}" for name, one in METHODS.items() if one.is_slow
    }
    assert not again.charts[SALIENCY].is_whole


def test_the_maps_are_of_the_moment_that_the_slider_is_at(app, classifier, query, seen):
    model = cnn.load_model()
    model.set_weights(cnn.Run(cnn.pretrained_run()).weights(Moment(2)))
    asked = {**query, "epoch": "2"}
    page, same, finished = shown(asked), shown(asked, of=3), shown(query, of=3)
    is_what_the_library_computes(page, app, asked, model, seen)
    for name, figure in BY_METHOD.items():
        now, then = numbers(same, figure), numbers(finished, figure)
        assert not np.allclose(now, then, rtol=1e-2, atol=1e-6), name
    moving = screen(explain, asked, moving="epoch")
    slow = {BY_METHOD[name] for name, method in METHODS.items() if method.is_slow}
    assert set(moving.later) == slow
    for figure in set(BY_METHOD.values()) - slow:
        np.testing.assert_allclose(
            numbers(moving, figure), numbers(page, figure), rtol=1e-5, atol=1e-7
        )


def test_every_option_that_has_a_field_is_folded_away():
    folded = [one for one in explain.layout()._traverse() if isinstance(one, html.Details)]
    inside = {getattr(one, "id", None) for details in folded for one in details._traverse()}
    fields = {
        f"explain-option-{name}-{one}"
        for name, method in METHODS.items()
        for one, option in method.options.items()
        if not isinstance(option, Pictures)
    }
    assert {"explain-option-grad_cam-layer", "explain-option-lrp-epsilon"} < fields <= inside
    assert not any(getattr(details, "open", None) for details in folded)


def test_what_a_map_does_not_say_stands_on_the_page():
    assert "It does not say what the network would answer" in MEANING
    assert "nor whether the answer is right" in MEANING
    written = [one for one in explain.layout()._traverse() if isinstance(one, html.P)]
    assert [one.children for one in written].count(MEANING) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"of": 3},
        {"of": 3, "against": 8, "options": "smoothgrad.samples:5;smoothgrad.seed:2;"
         "integrated_gradients.baseline:mean;occlusion.patch:9;occlusion.stride:5;"
         "lrp.convolutions:epsilon;grad_cam.layer:conv2d"},
        {"of": 3, "unit": "conv2d_1", "focus": "cell", "row": 5, "column": 4},
    ],
    ids=["a class", "two classes and options", "a cell of a layer"],
)  # fmt: skip
def test_the_line_of_python_of_every_method_gives_its_map(app, classifier, query, seen, more):
    asked = {**query, **{name: str(value) for name, value in more.items()}}
    view, problems = parse(asked)
    assert not problems
    page = shown(asked)
    compared = runtime_of(app).options_of(parse(query)[0], "expected_gradients")
    known = {"cnn": cnn, "model": classifier, "image": seen, **compared}
    for name, figure in BY_METHOD.items():
        line = page.texts[f"{figure}-python"]
        for option, value in view.options_of(name).items():
            assert f"{option}={value!r}" in line
        made = eval(line, dict(known))
        largest = abs(made.plane).max()
        np.testing.assert_allclose(
            numbers(page, figure), made.plane, rtol=0, atol=1e-5 * largest, err_msg=name
        )
