"""The Moments page, and models at moments of their training."""

import shutil

import numpy as np
import pytest

import cnn
from cnn.runs.moments import Moment
from cnn.runs.recorded import Recorded
from cnn.runs.run import Run, Status, create_recorded
from dashboard.app import runtime_of
from dashboard.shell import panel
from dashboard.state.view import View, parse
from pages import moments
from tests.screens import caption, screen

PAIR = (moments.LEFT, moments.RIGHT, moments.CHANGE)


@pytest.fixture
def opened(app, request_of):
    """(the default query, the store of layers, the runtime) of the bundled classifier."""
    request_of(app)
    runtime = runtime_of(app)
    query = runtime.default_view().to_query()
    return query, panel.layers(parse(query)[0]), runtime


def paint(query, layer="conv2d"):
    """Return the screen, and its figures by their id."""
    shown = screen(moments, query, layer)
    return shown, {figure: chart.figure() for figure, chart in shown.charts.items()}


@pytest.mark.parametrize("layer", ["conv2d", "flatten", "dense_1"])
def test_both_moments_and_their_difference_are_what_the_network_computes(opened, layer):
    query, _, runtime = opened
    shown, figures = paint({**query, "epoch": "5", "other": "0-8"}, layer)
    run, image = cnn.Run(cnn.pretrained_run()), runtime.picture(parse(query)[0]).pixels
    outputs = []
    for moment in (Moment(0, 8), Moment(5)):
        model = cnn.load_model()
        model.set_weights(run.weights(moment))
        outputs.append(cnn.activations(model, image)[layer])
    pair = cnn.figures.Pair(*outputs)
    for figure, values in zip(PAIR, (pair.left, pair.right, pair.difference), strict=True):
        z = np.asarray(figures[figure].data[0].z)
        np.testing.assert_allclose(np.sort(z[~np.isnan(z)]), np.sort(values.ravel()), atol=1e-4)
    assert figures[moments.LEFT].layout.title.text == f"{layer}, epoch 1, after 8 steps"
    assert figures[moments.RIGHT].layout.title.text == f"{layer}, after epoch 5"
    told = "with the moment of the slider below the prediction: after epoch 5"
    assert shown.texts[f"{moments.OTHER}-description"] == told


def test_without_a_choice_the_first_moment_and_the_finished_model_are_compared(opened):
    shown, figures = paint(opened[0])
    assert figures[moments.LEFT].layout.title.text == "conv2d, before the first step"
    assert figures[moments.RIGHT].layout.title.text == "conv2d, after epoch 24"
    told = caption(shown, moments.LEFT)
    assert told.startswith("Before the first step, the network says")


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [("1", "5", ""), ("5", "1", "The right one is the earlier"), ("5", "5", "the same moment")],
)
def test_the_difference_is_right_minus_left_in_either_order_of_time(opened, left, right, order):
    shown, figures = paint({**opened[0], "epoch": right, "other": left})
    first, last, change = (figures[figure].data[0].z for figure in PAIR)
    np.testing.assert_allclose(change, last - first, atol=1e-6)
    told = caption(shown, moments.CHANGE)
    assert ("Red is where the right one is higher" in told) == (left != right)
    assert order in told
    assert figures[moments.CHANGE].layout.title.text == "conv2d: right minus left"
    figure = figures[moments.DRIFT]
    marks = {note.text: shape.x0 for note, shape in zip(
        figure.layout.annotations, figure.layout.shapes, strict=True)}  # fmt: skip
    same = {"left and right": 5}
    assert marks == (same if left == right else {"left": int(left), "right": int(right)})


def test_a_model_without_moments_says_so(second_app, request_of):
    request_of(second_app)
    query = runtime_of(second_app).default_view().to_query()
    shown = screen(moments, query)
    assert "no moments are kept" in shown.texts[moments.NONE]
    assert shown.hidden == {moments.NONE: False, moments.COMPARISON: True}
    with pytest.raises(cnn.ModelError, match="came as a file"):
        runtime_of(second_app).model(parse({**query, "epoch": "3"})[0])
    assert runtime_of(second_app).default_view().to_query() == query


def test_the_curve_of_distances_has_a_line_per_layer_and_both_marks(opened):
    query, *_ = opened
    shown, figures = paint({**query, "epoch": "5", "other": "1"})
    figure = figures[moments.DRIFT]
    assert [trace.name for trace in figure.data] == ["conv2d", "conv2d_1", "dense", "dense_1"]
    assert [shape.x0 for shape in figure.layout.shapes] == [1, 5]
    assert all(trace.y[0] == 0 for trace in figure.data)
    then = cnn.drift(cnn.load_model(), cnn.Run(cnn.pretrained_run())).set_index("place").loc[5.0]
    assert f"After epoch 5, {then.idxmax()} is farthest from it" in caption(shown, moments.DRIFT)
    at_start = caption(paint({**query, "epoch": "0"})[0], moments.DRIFT)
    assert "Before the first step, all are where they started." in at_start


def test_the_curve_is_computed_once_for_two_moments_whatever_the_picture(opened, monkeypatch):
    query, _, runtime = opened
    paint({**query, "epoch": "3", "other": "2"})
    monkeypatch.setattr(Run, "weights", None)
    model = runtime.model(parse({**query, "epoch": "3"})[0])
    run = runtime.entry(parse(query)[0]).run
    assert len(runtime.drift(model, run, (Moment(2), Moment(3))))
    with pytest.raises(TypeError):
        runtime.drift(model, run, (Moment(2), Moment(4)))


def test_distances_are_those_of_the_weights():
    model, run = cnn.load_model(), cnn.Run(cnn.pretrained_run())
    table = cnn.drift(model, run)
    assert len(table) == len(run.moments)
    start, end = (np.concatenate([w.ravel() for w in run.weights(m)[:2]])
                  for m in (Moment(0), run.moments[-1]))  # fmt: skip
    wanted = np.linalg.norm(end - start) / np.linalg.norm(start)
    assert table["conv2d"].iloc[-1] == pytest.approx(wanted, rel=1e-5)
    assert table["place"].iloc[1] == pytest.approx(1 / 461)


def test_the_slider_knows_every_moment_in_words(opened):
    query, _, _ = opened
    known = panel.moments(parse(query)[0])
    assert known["values"][:3] == ["0", "0-1", "0-2"]
    assert known["labels"][0] == "before the first step"
    assert known["labels"][-1] == "after epoch 24"
    assert known["live"] is False
    assert known["size"].endswith(" MB")


def test_every_page_follows_the_moment(opened):
    query, _, runtime = opened
    at_start, trained = (parse({**query, **more})[0] for more in ({"epoch": "0"}, {}))
    assert not np.allclose(
        cnn.kernels(runtime.model(at_start), "conv2d"),
        cnn.kernels(runtime.model(trained), "conv2d"),
    )
    before, after = (runtime.forward(view).prediction for view in (at_start, trained))
    assert before.probabilities.max() < 0.3 < after.probabilities.max()
    again = runtime.model(at_start)
    assert again is runtime.model(at_start)
    assert runtime.model(parse({**query, "epoch": "24"})[0]) is runtime.model(trained)


def test_a_moment_that_is_not_kept_is_named(opened):
    query, _, runtime = opened
    with pytest.raises(cnn.RunError, match="“after epoch 99”, but of 34 moments, from “before"):
        runtime.model(parse({**query, "epoch": "99"})[0])


def test_a_run_without_a_finished_model_is_seen_at_its_newest_moment(tmp_path, request_of, app):
    from dashboard.app import create_app
    from dashboard.settings import Settings

    other = create_app(Settings(home=tmp_path / "home", data_dir=tmp_path, download=False))
    request_of(other)
    runtime = runtime_of(other)
    run = cnn.runs.create(runtime.settings.jobs.runs_dir, cnn.TrainingConfig("digits"))
    view = View(model=f"run:{run.id}")
    with pytest.raises(cnn.ModelError, match="does not have"):
        runtime.model(view)
    model = cnn.build_classifier(seed=3)
    cnn.save_model(model, run.initial_path)
    run.write_weights(Moment(0), model.get_weights())
    assert runtime.settled(view).epoch == "0"
    first = runtime.forward(view).prediction.probabilities
    run.write_weights(Moment(0, 1), [2 * w for w in model.get_weights()])
    assert runtime.settled(view).epoch == "0-1"
    assert not np.allclose(runtime.forward(view).prediction.probabilities, first)
    assert [entry.key for entry in runtime.catalogue.menu()[0]][-1] == view.model
    run.delete()
    with pytest.raises(cnn.ModelError, match="does not have"):
        runtime.model(view)


def imported(runs_dir):
    """Return a run of which no start is kept, as of checkpoints: epochs 1 and 2 of the bundled one."""
    whole = cnn.Run(cnn.pretrained_run())

    def fill(run):
        for epoch in (1, 2):
            run.write_weights(Moment(epoch), whole.weights(Moment(epoch)))
        shutil.copy(whole.model_path, run.model_path)
        run.write_status(Status("finished", epoch=2))

    return create_recorded(runs_dir / "imported", Recorded("import", 2, {}), fill)


def test_without_its_start_distances_are_from_the_first_moment_that_is_kept(tmp_path):
    run = imported(tmp_path)
    table = cnn.drift(cnn.load_model(), run)
    assert table["place"].tolist() == [1, 2]
    first, last = (np.concatenate([w.ravel() for w in run.weights(Moment(n))[:2]]) for n in (1, 2))
    wanted = np.linalg.norm(last - first) / np.linalg.norm(first)
    assert table["conv2d"].tolist() == pytest.approx([0, wanted], rel=1e-5)


def test_the_curve_of_an_imported_run_says_from_what_moment_it_tells(opened):
    query, _, runtime = opened
    run = imported(runtime.settings.jobs.runs_dir)
    of_run = {**query, "model": "run:imported", "epoch": "2"}
    (run.path / "initial.keras").write_bytes(run.model_path.read_bytes())
    shown, figures = paint(of_run)
    figure = figures[moments.DRIFT]
    assert [shape.x0 for shape in figure.layout.shapes] == [1, 2]
    assert figure.layout.title.text == "How far each layer's weights are from those after epoch 1"
    assert caption(shown, moments.DRIFT).startswith(
        "The distance of all weights of a layer from those after epoch 1, the first moment that is kept, "
        "as a share of their size then. After epoch 2, "
    )
    at_first = caption(paint({**of_run, "epoch": "1"})[0], moments.DRIFT)
    assert at_first.endswith("After epoch 1, all are where they were.")
    run.delete()
