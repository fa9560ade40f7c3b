"""The page "Output" as the plain functions it is made of."""

import numpy as np
import pytest

import cnn
from dashboard.app import runtime_of
from dashboard.state.view import View
from pages import output
from tests.screens import caption, screen


@pytest.fixture(scope="module")
def query(app):
    return runtime_of(app).default_view().to_query()


@pytest.fixture(scope="module")
def passed(app, query):
    """What Keras computed of the picture."""
    with app.server.test_request_context():
        runtime = runtime_of(app)
        return runtime.look(View(**{**query, "index": int(query["index"])})).passed


def shown(query, **more):
    return screen(output, {**query, **{name: str(value) for name, value in more.items()}})


def drawn(page, figure):
    return page.charts[figure].figure().data


def test_without_a_choice_the_class_predicted_is_taken_apart(
    app, request_of, query, passed, classifier
):
    request_of(app)
    page = shown(query)
    label = passed.prediction.label
    (bars,) = drawn(page, output.WATERFALL)
    kernel, bias = (np.asarray(w) for w in classifier.get_layer("dense_1").get_weights())
    amounts = passed.activations["dense"] * kernel[:, label]
    strongest = np.argsort(-np.abs(amounts), kind="stable")[:12]
    assert list(bars.y)[:12] == [str(i) for i in strongest]
    np.testing.assert_allclose(bars.x[:12], amounts[strongest], rtol=1e-5)
    assert bars.x[-2] == pytest.approx(bias[label])
    assert bars.x[-1] == pytest.approx(passed.prediction.logits[label], rel=1e-5)
    name = passed.prediction.class_names[label]
    assert page.texts[output.FORMULA].startswith(f"dense_1, the logit of {name}: 64 products")
    assert page.texts[output.PROOF].startswith("Recomputed ")
    assert "more than float32 explains" not in page.texts[output.PROOF]
    assert page.texts[output.MISSING] == ""
    assert page.properties[output.WHY] == {"href": "/why/dense"}


def test_two_classes_are_compared_by_the_difference(app, request_of, query, passed):
    request_of(app)
    page = shown(query, of=3, against=8)
    (bars,) = drawn(page, output.WATERFALL)
    logits = passed.prediction.logits
    assert bars.x[-1] == pytest.approx(logits[3] - logits[8], rel=1e-4)
    assert bars.y[-1] == "difference"
    assert "the logit of 3 minus that of 8" in page.texts[output.FORMULA]
    assert "for 3 against 8" in caption(page, output.WATERFALL)


def test_the_steps_lead_from_the_logits_to_the_probabilities_of_the_network(
    app, request_of, query, passed
):
    request_of(app)
    page = shown(query)
    logits = passed.prediction.logits.astype(np.float64)
    lower = logits - logits.max()
    expected = {
        output.LOGITS: logits,
        output.BELOW: lower,
        output.POWERS: np.exp(lower),
        output.SHARES: passed.prediction.probabilities,
    }
    for figure, values in expected.items():
        (bars,) = drawn(page, figure)
        np.testing.assert_allclose(bars.y, values, rtol=1e-5, atol=1e-12)
        assert page.charts[figure].painted == "bars"
    assert page.hidden[f"{output.FUNCTION}-box"]
    assert not page.hidden[output.STEPS]
    assert "the network says" in caption(page, output.SHARES)


def test_the_classes_are_offered_and_the_runner_up_is_named(app, request_of, query, passed):
    request_of(app)
    options = shown(query).properties
    names = passed.prediction.class_names
    assert [one["value"] for one in options["output-of"]["options"]] == [
        "predicted", *[str(i) for i in range(10)]
    ]  # fmt: skip
    others = {one["value"]: one["label"] for one in options["output-against"]["options"]}
    first, second = (int(i) for i in np.argsort(-passed.prediction.probabilities)[:2])
    assert str(first) not in others
    assert others[str(second)] == f"{names[second]} (runner-up)"
    assert list(others.values()).count("none") == 1
    of_second = shown(query, of=second).properties["output-against"]["options"]
    assert {"label": f"{names[first]} (the largest)", "value": str(first)} in of_second


def test_a_class_that_is_not_there_is_named_and_what_is_shown_instead(
    app, request_of, query, passed
):
    request_of(app)
    name = passed.prediction.winner
    page = shown(query, of=12, against=15)
    assert page.texts[output.MISSING] == (
        f"There is no class 12 here: {name} is shown. There is no class 15 here: it is compared with "
        "none."
    )
    assert page.texts[output.FORMULA] == shown(query).texts[output.FORMULA]
    page = shown(query, of=4, against=4)
    assert {"label": "4", "value": "4"} in page.properties["output-against"]["options"]
    assert page.texts[output.MISSING] == "4 is not compared with itself: choose another class."
    assert page.texts[output.FORMULA] == shown(query, of=4).texts[output.FORMULA]


def test_of_the_bundled_classifier_channels_are_not_offered_and_why(app, request_of, query):
    request_of(app)
    page = shown(query, by="channels")
    assert page.hidden[f"{output.BY}-box"]
    assert "through dense (Dense, relu)" in page.texts[output.NOTE]
    assert drawn(page, output.WATERFALL) == drawn(shown(query), output.WATERFALL)


def test_where_channels_are_exact_they_can_be_chosen(second_app, request_of, second_model):
    request_of(second_app)
    query = runtime_of(second_app).default_view().to_query()
    by_inputs, by_channels = shown(query, of=2), shown(query, of=2, by="channels")
    assert not by_inputs.hidden[f"{output.BY}-box"]
    assert by_inputs.texts[output.NOTE] == ""
    assert by_channels.properties[output.WHY] == {"href": "/why/tail%2Flast"}
    (inputs,), (channels,) = (drawn(page, output.WATERFALL) for page in (by_inputs, by_channels))
    assert inputs.x[-1] == pytest.approx(channels.x[-1], rel=1e-4, abs=1e-5)
    assert "channels from tail/last" in caption(by_channels, output.WATERFALL)


def test_a_model_whose_outputs_are_no_sums_is_told_in_a_sentence(
    app, request_of, query, monkeypatch
):
    request_of(app)

    def refuse(*_args, **_options):
        raise cnn.ModelError("The outputs are not taken apart: choose another model.")

    monkeypatch.setattr(cnn, "explain_output", refuse)
    page = shown(query)
    assert page.hidden == {output.RESULT: True, output.MAPS: True}
    assert page.properties[output.PROBLEM] == {
        "children": "The outputs are not taken apart: choose another model.", "is_open": True
    }  # fmt: skip
    monkeypatch.undo()
    page = shown(query)
    assert not page.hidden[output.RESULT]
    assert page.properties[output.PROBLEM] == {"is_open": False}
