"""The page "Quiz" as the plain functions it is made of."""

import numpy as np
import pytest
from PIL import Image

import cnn
from cnn.attribution.quiz import MAPS, shares
from cnn.captions import quiz as captions
from cnn.captions.quiz import LETTERS
from dashboard.app import runtime_of
from dashboard.screens.request import Request
from dashboard.screens.screen import parts_of_pages
from dashboard.state.view import parse
from pages import quiz
from tests.screens import application_of, caption, screen


@pytest.fixture(scope="module")
def query(app):
    return runtime_of(app).default_view().to_query()


def shown(query, **more):
    """The page once all of its question is there."""
    asked = {**query, **{name: str(value) for name, value in more.items()}}
    page = screen(quiz, asked)
    while page.later:
        page = quiz.show(Request(parse(asked)[0], rest=True))
    return page


def numbers(page, figure):
    return page.charts[figure].figure().data[0].z


def test_four_maps_are_those_of_the_library_in_shares(app, classifier, query, request_of):
    request_of(app)
    page = shown(query, quiz=5)
    made = cnn.quiz(classifier, cnn.load_dataset("digits", query["split"]), seed=5)
    for letter, plane in zip(LETTERS, made.maps, strict=True):
        found = numbers(page, f"quiz-map-{letter}")
        np.testing.assert_allclose(found, shares(plane), rtol=1e-5, atol=1e-6)
        assert found.max() == pytest.approx(1)
        assert page.properties[f"quiz-picture-{letter}"]["src"].startswith("data:image/png;base64,")
    untrained = made.choice.untrained
    odd = made.cases[untrained]
    for figure, plane in ((quiz.UNTRAINED, odd.untrained), (quiz.TRAINED, odd.trained.plane)):
        np.testing.assert_allclose(numbers(page, figure), shares(plane), rtol=1e-5, atol=1e-6)
    told = page.properties[quiz.QUESTION]["question"]
    assert (told["right"], told["reason"]) == ([untrained], captions.reason(made))
    for place, (letter, case) in enumerate(zip(LETTERS, made.cases, strict=True)):
        words = captions.told(case, is_untrained=place == untrained)
        assert page.texts[f"quiz-told-{letter}"] == words


def test_nothing_of_the_question_tells_the_answer(app, query, request_of):
    """Maps have one range and one caption for each kind, and their numbers are shares."""
    request_of(app)
    for method in ("saliency", "input_x_gradient"):
        page = shown(query, method=method)
        traces = [page.charts[f"quiz-map-{letter}"].figure().data[0] for letter in LETTERS]
        assert len({(one.zmin, one.zmax) for one in traces}) == 1
        captions_of = [caption(page, f"quiz-map-{letter}") for letter in LETTERS]
        assert all("untrained" not in one for one in captions_of)
        assert "untrained" not in page.texts[quiz.PICTURES]


def test_the_method_is_that_of_explain_and_the_question_another_for_another(app, query, request_of):
    request_of(app)
    of_all, of_one = shown(query), shown(query, method="saliency")
    signed = shown(query, method="input_x_gradient")
    other = shown(query, quiz=1)
    assert of_all.properties[quiz.METHOD] == {"value": "saliency"}
    np.testing.assert_array_equal(numbers(of_all, "quiz-map-A"), numbers(of_one, "quiz-map-A"))
    assert "Input × gradient" in signed.texts[quiz.ASKED]
    assert signed.charts["quiz-map-A"].figure().data[0].zmin == -1
    assert signed.properties["quiz-picture-A"] == of_all.properties["quiz-picture-A"], (
        "the same question by another method"
    )
    assert other.properties["quiz-picture-A"] != of_all.properties["quiz-picture-A"]
    keys = {page.properties[quiz.QUESTION]["question"]["key"] for page in (of_one, signed, other)}
    assert len(keys) == 3


def test_what_takes_long_comes_as_the_rest_and_is_there_the_next_time(
    app, query, request_of, monkeypatch
):
    request_of(app)
    asked = {**query, "method": "smoothgrad", "quiz": "77"}
    first = screen(quiz, asked)
    assert set(first.later) == set(first.charts)
    assert first.properties[quiz.QUESTION] == {"question": None}
    monkeypatch.setattr(quiz, "_REST_SECONDS", 0)
    page, told = first, list[str]()
    while not page.hidden[quiz.COMING]:
        told.append(page.texts[f"{quiz.COMING}-said"])
        assert page.properties[f"{quiz.COMING}-bar"] == {"value": str(len(told) - 1), "max": "6"}
        page = quiz.show(Request(parse(asked)[0], rest=True))
    assert told == [
        "Choosing pictures.", "Drawing the untrained network.", "0 of 4 maps are there.",
        "1 of 4 maps are there.", "2 of 4 maps are there.", "3 of 4 maps are there.",
    ]  # fmt: skip
    page = shown(asked)
    assert page.properties[quiz.QUESTION]["question"]
    again = screen(quiz, asked)
    assert again.later == ()
    np.testing.assert_array_equal(numbers(again, "quiz-map-A"), numbers(page, "quiz-map-A"))


def test_of_a_large_network_it_is_asked_by_methods_of_one_pass(app, query, request_of, monkeypatch):
    request_of(app)
    monkeypatch.setattr(quiz, "is_large", lambda _model: True)
    page = screen(quiz, {**query, "method": "smoothgrad"})
    assert page.properties[quiz.PROBLEM]["children"].startswith(
        "SmoothGrad takes many passes of so"
    )
    assert screen(quiz, {**query, "method": "saliency", "quiz": "78"}).later


def test_it_follows_the_network_and_not_the_picture_of_the_panel(app, query, request_of):
    request_of(app)
    parts = parts_of_pages(app.server)[quiz.PAGE]
    assert {"epoch", "surgery", "range", "data", "method", "options", "quiz"} <= set(parts)
    assert not {"index", "pixels", "upload", "rotate", "epsilon"} & set(parts)
    now = shown(query)
    for change in ({"epoch": "2"}, {"surgery": "conv2d_1:0-30*0"}):
        page = shown(query, **change)
        told = page.properties[quiz.QUESTION]["question"]
        assert told["key"] != now.properties[quiz.QUESTION]["question"]["key"]
        assert numbers(page, quiz.TRAINED).shape == (28, 28)
        is_same = np.array_equal(numbers(page, quiz.TRAINED), numbers(now, quiz.TRAINED))
        assert not is_same


def test_too_few_pictures_are_told_in_place_of_the_question(classifier, tmp_path, request_of):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(MAPS - 1):
        Image.new("L", (28, 28), 70 * number).save(folder / f"{number}.png")
    app = application_of(classifier, tmp_path, data=str(folder))
    request_of(app)
    page = shown(runtime_of(app).default_view().to_query())
    problem = page.properties[quiz.PROBLEM]
    assert problem["is_open"]
    assert problem["children"].startswith("A question shows 4 pictures, and of")
    assert page.hidden[quiz.BODY]


def test_a_network_of_colours_and_another_size_is_asked_about_the_same_pictures(
    second_app, request_of
):
    request_of(second_app)
    page = shown(runtime_of(second_app).default_view().to_query())
    assert numbers(page, "quiz-map-A").shape == (20, 30)
    assert "is not known" in page.texts[quiz.PICTURES]


def test_the_maps_of_a_picture_of_224_pixels_a_side_fit_into_one_answer():
    plane = np.random.default_rng(1).normal(size=(224, 224)).astype(np.float32)
    chart = quiz._chart("saliency", plane, title="Map A", what="class 3")
    z = chart.traces[0]["z"]
    assert z.nbytes * len(quiz._FIGURES) < 1_000_000
    assert "largest of 2×2" in chart.figure().data[0].hovertemplate
