import pytest
from dash.exceptions import PreventUpdate

from dashboard import shell
from dashboard.app import runtime_of
from dashboard.view import View

OPEN, CLASS = -2, -1


def show(view: View):
    return shell.show(view.to_query(), "ready")


@pytest.fixture
def view(app, request_of) -> View:
    request_of(app)
    return runtime_of(app).default_view()


def text(parts) -> str:
    return " ".join(str(getattr(part, "children", part)) for part in parts)


def test_a_right_prediction_is_marked_right(view):
    shown = show(view)
    assert "✓ right" in text(shown[3])
    assert shown[CLASS] == ""
    assert shown[OPEN] is False


def test_a_wrong_prediction_is_marked_with_the_true_label(view, app):
    runtime = runtime_of(app)
    data = runtime.dataset(view)
    for index in range(len(data)):
        wrong = View(**{**vars(view), "index": index})
        if runtime.forward(wrong).prediction.label != data[index].label:
            break
    assert f"✗ wrong, it is {data[index].label}" in text(show(wrong)[3])


def test_a_picture_that_does_not_exist_is_explained_and_not_replaced(view):
    shown = show(View(**{**vars(view), "index": 99999}))
    assert "no picture number 99999" in shown[-3][0]
    assert shown[CLASS] == "unavailable"
    assert shown[4] == []


def test_a_data_set_that_this_server_lacks_is_named(view):
    shown = show(View(**{**vars(view), "data": "mnist", "split": "test"}))
    assert "mnist is not on this machine" in shown[-3][0]


def test_a_model_that_this_server_lacks_is_named(view):
    shown = show(View(**{**vars(view), "model": "0" * 12}))
    assert "the model 000000000000, which this server does not have" in shown[-3][0]


def test_a_bad_part_of_the_link_is_told_and_the_rest_is_shown(view):
    shown = shell.show({**view.to_query(), "scale": "banana"}, "ready")
    assert "banana" in shown[-3]
    assert shown[OPEN] is True
    assert shown[CLASS] == ""


def test_another_model_gets_its_own_bars(second_app, request_of):
    request_of(second_app)
    shown = show(runtime_of(second_app).default_view())
    assert len(shown[4]) == 5


def test_the_layers_are_only_sent_again_for_another_model(view):
    first = shell.layers(view.to_query(), "ready", None)
    assert first["names"][1] == "conv2d"
    assert first["weighted"] == ["conv2d", "conv2d_1", "dense", "dense_1"]
    with pytest.raises(PreventUpdate):
        shell.layers({**view.to_query(), "index": "9"}, "ready", first)


def test_nothing_is_shown_before_the_view_is_known(app, request_of):
    request_of(app)
    with pytest.raises(PreventUpdate):
        shell.show(None, "ready")
