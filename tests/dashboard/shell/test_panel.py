import keras
import numpy as np
import pytest
from dash import no_update
from dash.exceptions import PreventUpdate
from keras import layers
from PIL import Image

import cnn
from dashboard.app import create_app, runtime_of
from dashboard.runtime.runtime import current
from dashboard.settings import Settings
from dashboard.shell import panel
from dashboard.state.view import View

PANEL, NOTICE, OPEN, CLASS = 0, 1, 2, 3


def wanted(query: dict) -> dict:
    return {"view": query, "number": 1}


def said(shown):
    """Return the prediction as the panel says it."""
    return shown[PANEL]["prediction"]


def show(view: View):
    known = {"model": view.model, "network": view.network}
    return panel.show(wanted(view.to_query()), known, None, "waiting", False)


@pytest.fixture
def view(app, request_of) -> View:
    request_of(app)
    return runtime_of(app).default_view()


def test_a_right_prediction_is_marked_right(view):
    shown = show(view)
    assert said(shown)["mark"] == "✓ right"
    assert said(shown)["right"] is True
    assert shown[CLASS] == ""
    assert shown[OPEN] is no_update


def test_a_wrong_prediction_is_marked_with_the_true_label(view, app):
    runtime = runtime_of(app)
    data = runtime.dataset(view)
    for index in range(len(data)):
        wrong = View(**{**vars(view), "index": index})
        if runtime.forward(wrong).prediction.label != data[index].label:
            break
    assert f"✗ wrong, it is {data[index].label}" == said(show(wrong))["mark"]


def test_a_picture_that_cannot_be_is_repaired_where_the_view_is_kept(view, monkeypatch):
    kept = {}
    monkeypatch.setattr(panel, "set_props", lambda identity, props: kept.update({identity: props}))
    shown = show(View(**{**vars(view), "index": 99999}))
    assert set(shown) == {no_update}
    assert kept["view"]["data"] == view.to_query()
    repaired = kept["repaired"]["data"]
    assert "digits has pictures 0 to 1,796" in repaired["messages"][0]
    told = panel.show(
        wanted(view.to_query()), {"model": view.model, "network": view.network}, repaired, "", False
    )
    assert told[NOTICE] == repaired["messages"][0]
    assert told[OPEN] is True


def test_a_data_set_that_this_server_lacks_is_named(view):
    shown = show(View(**{**vars(view), "data": "mnist", "split": "test"}))
    assert "mnist is not on this machine" in shown[NOTICE][0]


def test_a_model_that_this_server_lacks_is_named(view):
    shown = show(View(**{**vars(view), "model": "0" * 12}))
    assert "the model 000000000000, which this server does not have" in shown[NOTICE][0]


def test_a_bad_part_of_the_link_is_told_and_the_rest_is_shown(view):
    shown = panel.show(
        wanted({**view.to_query(), "scale": "banana"}),
        {"model": view.model, "network": view.network},
        None,
        "waiting",
        False,
    )
    assert "banana" in shown[NOTICE]
    assert shown[OPEN] is True
    assert shown[CLASS] == ""


def test_another_model_gets_its_own_bars(second_app, request_of):
    request_of(second_app)
    shown = show(runtime_of(second_app).default_view())
    assert len(said(shown)["bars"]) == 5


def test_the_layers_tell_pages_what_has_maps_and_weights(view):
    layers = panel.layers(view)
    assert layers["model"] == view.model
    assert layers["names"][1] == layers["opening"] == "conv2d"
    assert layers["weighted"] == ["conv2d", "conv2d_1", "dense", "dense_1"]


def test_nothing_is_shown_before_the_view_is_known(app, request_of):
    request_of(app)
    with pytest.raises(PreventUpdate):
        panel.show(None, None, None, "waiting", False)


@pytest.mark.parametrize("other", [None, "1.tif"])
def test_what_is_left_out_of_own_pictures_is_told_beside_the_choice_of_data(tmp_path, other):
    folder = tmp_path / "pets" / "cat"
    folder.mkdir(parents=True)
    Image.new("L", (4, 4)).save(folder / "0.png")
    if other:
        (folder / other).write_bytes(b"II*")
    app = create_app(
        Settings(home=tmp_path, data_dir=tmp_path, data=str(folder.parent), download=False)
    )
    layout = app.server.test_client().get("/_dash-layout").json
    words = "Left out: 1 file of other kinds (1 .tif); pictures are read from .png, .jpg"
    assert (words in str(layout)) == bool(other)
    assert (f"'data-of': '{runtime_of(app).sets.own_name}'" in str(layout)) == bool(other)


def test_beside_the_prediction_stands_how_a_network_differs_that_calls_dropout_as_in_training(
    tmp_path,
):
    picture = keras.Input((28, 28, 1))
    x = layers.Dropout(0.5, name="mc")(layers.Flatten()(picture), training=True)
    keras.Model(picture, layers.Dense(10, "softmax")(x)).save(tmp_path / "mc.keras")
    settings = Settings(home=tmp_path, data="digits", download=False, model=tmp_path / "mc.keras")
    app = create_app(settings)
    runtime_of(app).wait()
    with app.server.test_request_context():
        runtime = current()
        view = runtime.default_view()
        look = runtime.look(view)
        told = panel.facts(view, runtime.picture(view), look)["prediction"]["note"]
        again = cnn.predict(runtime.model(view), look.seen).probabilities
    assert "differs from call to call: it goes through mc as in training (training=True)." in told
    np.testing.assert_array_equal(again, look.passed.prediction.probabilities)
