"""The binary answers that are painted at once."""

import numpy as np
import pytest

import cnn
from dashboard.app import create_app, runtime_of
from dashboard.routes.values import DRAWING_SIDE
from dashboard.screens.answer import Answer
from dashboard.settings import Settings
from dashboard.state import pixels
from pages import activations, filters
from tests.screens import screen, unpacked


def test_what_is_packed_can_be_unpacked():
    answer = Answer()
    answer.facts = {"word": "Übung"}
    given = [np.arange(5, dtype=np.uint8), np.full((2, 3), np.nan, np.float32), np.zeros(0, "u1")]
    assert [answer.add(array) for array in given] == [0, 1, 2]
    facts, arrays = unpacked(answer.packed())
    assert facts["word"] == "Übung"
    for found, expected in zip(arrays, given, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.fixture(scope="module")
def client(app):
    return app.server.test_client()


@pytest.fixture(scope="module")
def query(app):
    return runtime_of(app).default_view().to_query()


@pytest.fixture(scope="module")
def ink():
    drawn = np.zeros((DRAWING_SIDE, DRAWING_SIDE), np.uint8)
    drawn[10:60, 70:80] = 255
    return drawn


@pytest.fixture(scope="module")
def form(app, query):
    """The form of the screen of the first convolution."""
    with app.server.test_request_context():
        return screen(activations, query, "conv2d").form


def drawn(client, query, ink, page="activations/conv2d", **more):
    return client.post(f"/values/{page}", query_string={**query, **more}, data=ink.tobytes())


def test_a_drawing_is_centred_and_every_value_is_that_of_keras(
    client, query, ink, classifier, form
):
    facts, arrays = unpacked(drawn(client, query, ink, form=form).data)
    seen = cnn.centre_digit(ink)
    np.testing.assert_array_equal(pixels.decode(facts["pixels"]), seen)
    np.testing.assert_array_equal(arrays[facts["seen"]], seen)
    maps = cnn.activations(classifier, seen)["conv2d"]
    (main,) = facts["page"]["charts"][activations.MAIN]["traces"]
    np.testing.assert_array_equal(arrays[main["z"]["array"]], cnn.figures.cells(maps).z)
    assert main["zmax"] == pytest.approx(maps.max())
    prediction = cnn.predict(classifier, seen)
    assert facts["panel"]["prediction"]["name"] == prediction.top(1)[0][0]


def test_a_drawing_that_still_moves_is_the_same_and_nothing_of_it_is_kept(
    client, app, query, ink, form, monkeypatch
):
    rest, first = unpacked(drawn(client, query, ink, form=form).data)
    kept = runtime_of(app)._look_once.cache
    before = set(kept)
    moving, second = unpacked(drawn(client, query, ink // 2, form=form, moving="picture").data)
    assert moving["pixels"] == ""
    assert set(kept) == before
    moving, second = unpacked(drawn(client, query, ink, form=form, moving="picture").data)
    assert moving["page"] == rest["page"]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_screen_of_another_form_must_be_asked_for_whole(client, query, form):
    def page(layer, **more):
        answer = client.get(f"/values/activations/{layer}", query_string={**query, **more})
        return unpacked(answer.data)[0]["page"]

    assert page("conv2d") == {"form": form}
    assert page("conv2d", form="0" * 12) == {"form": form}
    assert page("conv2d_1", form=form)["form"] != form
    assert page("nonsense", form=form) == {"form": None}
    assert "charts" in page("conv2d", form=form)


def test_a_figure_that_comes_later_has_the_numbers_of_its_cells_and_not_where_they_stand(
    client, query
):
    answer = client.get("/values/explain", query_string={**query, "rest": "1"})
    facts, arrays = unpacked(answer.data)
    charts = [one for one in facts["page"]["charts"].values() if one["isWhole"]]
    maps = [trace for one in charts for trace in one["traces"] if "tiles" in trace.get("meta", {})]
    assert maps
    for trace in maps:
        assert "customdata" not in trace
        assert arrays[trace["z"]["array"]].ndim == 2


@pytest.mark.parametrize("moving", ["", "picture", "epoch"])
def test_an_answer_takes_one_forward_pass(client, query, form, moving, monkeypatch):
    passes = []
    true_forward = cnn.forward
    monkeypatch.setattr(cnn, "forward", lambda *args: passes.append(1) or true_forward(*args))
    asked = {**query, "index": str(700 + len(moving)), "form": form, "moving": moving}
    facts, _ = unpacked(client.get("/values/activations/conv2d", query_string=asked).data)
    assert "charts" in facts["page"]
    assert len(passes) == 1


def test_without_centring_the_drawing_stays_where_it_is(client, query, ink):
    facts, arrays = unpacked(drawn(client, query, ink, centre="off").data)
    np.testing.assert_array_equal(arrays[facts["seen"]], cnn.shrink(ink))


def test_an_empty_drawing_is_a_black_picture(client, query):
    facts, arrays = unpacked(drawn(client, query, np.zeros((112, 112), np.uint8)).data)
    assert not arrays[facts["seen"]].any()


def test_a_link_to_the_drawing_has_the_same_values(client, query, ink, form):
    live, first = unpacked(drawn(client, query, ink, form=form).data)
    again = client.get(
        "/values/activations/conv2d",
        query_string={**query, "pixels": live["pixels"], "form": form},
    )
    rest, second = unpacked(again.data)
    assert rest == live
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_source_is_the_picture_before_anything_is_done_to_it(client, query):
    asked = {**query, "invert": "1", "fitted": "1"}
    facts, arrays = unpacked(client.get("/values/network", query_string=asked).data)
    np.testing.assert_array_equal(255 - arrays[facts["fitted"]], arrays[facts["seen"]])


@pytest.mark.parametrize("page", ["network", "layers", "activations/dense", "training", "nonsense"])
def test_every_page_gets_an_answer(client, query, ink, page):
    assert drawn(client, query, ink, page).status_code == 200


def test_the_chosen_input_channel_stays_while_the_epoch_moves(client, query, app):
    """The address has a part `source` of its own."""
    asked = {**query, "source": "3", "epoch": "5"}
    with app.server.test_request_context():
        shown = screen(filters, asked, "conv2d_1")
    answer = client.get(
        "/values/filters/conv2d_1",
        query_string={**asked, "moving": "epoch", "form": shown.form},
    )
    facts, arrays = unpacked(answer.data)
    (trace,) = facts["page"]["charts"][filters.MAIN]["traces"]
    np.testing.assert_array_equal(
        arrays[trace["z"]["array"]], shown.charts[filters.MAIN].traces[0]["z"]
    )
    assert "input channel 3" in facts["page"]["charts"][filters.MAIN]["layout"]["title.text"]


@pytest.mark.parametrize(
    ("size", "more", "words"),
    [
        (5, {}, "A drawing of 5 bytes was sent: expected 112×112 pixels"),
        (112 * 112, {"model": "0" * 12}, "which this server does not have"),
        (112 * 112, {"epsilon": "0.1", "target": "77"}, "no class 77"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(client, query, size, more, words):
    answer = client.post("/values/network", query_string={**query, **more}, data=bytes([9]) * size)
    assert answer.status_code == 400
    assert words in answer.text
    assert answer.mimetype == "text/plain"


def test_before_tensorflow_is_there_the_browser_is_asked_to_wait(tmp_path, ink):
    app = create_app(Settings(home=tmp_path, data_dir=tmp_path, download=False))
    view = runtime_of(app).default_view().to_query()
    assert drawn(app.server.test_client(), view, ink).status_code == 503
