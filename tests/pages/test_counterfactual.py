"""The page "Counterfactual" as the plain functions it is made of, and the picture that it hands on."""

import numpy as np
import pytest

import cnn
from cnn.attribution.counterfactual import WAY
from cnn.studies import TURN
from dashboard.app import create_app, runtime_of
from dashboard.runtime.links import follow
from dashboard.screens import turning
from dashboard.settings import Settings
from dashboard.state.view import parse
from pages import counterfactual
from tests.screens import caption, screen

PICTURES = (counterfactual.BEFORE, counterfactual.AFTER, counterfactual.CHANGE)


@pytest.fixture(scope="module")
def query(app):
    return runtime_of(app).default_view().to_query()


@pytest.fixture
def seen(app, query, request_of):
    """What the network sees of the picture."""
    request_of(app)
    return runtime_of(app).look(parse(query)[0]).seen


def numbers(page, figure):
    return np.array(page.charts[figure].figure().data[0].z, np.float32)


def problem(page):
    given = page.properties[counterfactual.PROBLEM]
    return given["children"] if given["is_open"] else ""


def take(app, query, page=counterfactual.PAGE, **how):
    client = app.server.test_client()
    return client.post(f"/take/{page}", query_string=query, json={}, **how)


def taken(query, changes):
    """The query after a view took the changes, as the browser makes it."""
    return {name: text for name, text in {**query, **changes}.items() if text is not None}


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_the_change_is_the_one_that_the_library_finds(classifier, query, seen, norm):
    made = cnn.counterfactual(classifier, seen, target=3, norm=norm)
    page = screen(counterfactual, {**query, "of": "3", "norm": norm})
    before, after, change = (numbers(page, figure) for figure in PICTURES)
    np.testing.assert_allclose(before, seen[..., 0] / 255, atol=1e-6)
    np.testing.assert_allclose(after, made.after[..., 0] / 255, atol=1e-6)
    np.testing.assert_allclose(change, after - before, atol=1e-6)
    trace = page.charts[counterfactual.CHANGE].figure().data[0]
    assert trace.zmin == -trace.zmax == pytest.approx(-made.largest)
    assert f"L1 {cnn.captions.number(made.l1)}" in page.texts[counterfactual.SIZES]
    assert f"L2 {cnn.captions.number(made.l2)}" in page.texts[counterfactual.SIZES]
    assert f"{made.changed_by(0.01)} of 784" in page.texts[counterfactual.SIZES]
    assert " and 3 (" in page.texts[counterfactual.SAID]
    assert problem(page) == ""


def test_without_a_class_it_is_the_runner_up(classifier, query, seen):
    prediction = cnn.predict(classifier, seen)
    (winner, _), (second, _) = prediction.top(2)
    page = screen(counterfactual, query)
    assert page.texts[counterfactual.SAID].startswith(f"The network says {winner} (")
    assert f"and {second} (" in page.texts[counterfactual.SAID]


def test_a_step_of_the_way_is_between_the_two_pictures(classifier, query, seen):
    made = cnn.counterfactual(classifier, seen, target=3)
    asked = {**query, "of": "3"}
    first, half, last = (
        screen(counterfactual, {**asked, "step": str(step)}) for step in (0, 15, WAY - 1)
    )
    assert first.form == half.form == last.form == screen(counterfactual, asked).form
    np.testing.assert_allclose(
        numbers(half, counterfactual.AFTER), made.way[15][..., 0] / 255, atol=1e-6
    )
    assert not numbers(first, counterfactual.CHANGE).any()
    assert caption(first, counterfactual.CHANGE) == "Nothing has changed yet."
    assert caption(last, counterfactual.AFTER).startswith("100% of the change: the network says ")
    curve = half.charts[counterfactual.PATH].figure()
    line = next(trace for trace in curve.data if trace.name == "3")
    np.testing.assert_allclose(line.y, made.probabilities[:, 3], atol=1e-5)
    assert curve.layout.shapes[0].x0 == pytest.approx(100 * 15 / (WAY - 1))


def test_beside_it_is_a_random_change_of_the_same_size(classifier, query, seen):
    made = cnn.counterfactual(classifier, seen, target=3)
    page = screen(counterfactual, {**query, "of": "3"})
    drawn = numbers(page, counterfactual.CONTROL)
    assert np.linalg.norm(drawn) == pytest.approx(made.l2, rel=1e-5)
    stays = int((made.labels == made.probabilities[0].argmax()).sum())
    told = caption(page, counterfactual.CONTROL)
    assert (f" of {stays}, and " in told) or (
        stays == len(made.labels) and "of all of them" in told
    )


def test_the_class_that_is_predicted_already_is_refused(classifier, query, seen):
    label = cnn.predict(classifier, seen).label
    page = screen(counterfactual, {**query, "of": str(label)})
    assert problem(page) == (
        f"The network says {label} of this picture already: choose another class."
    )
    assert page.hidden[counterfactual.RESULT]
    assert page.properties[counterfactual.OF]["options"][1:][label]["label"] == str(label)


def test_a_class_that_is_not_reached_is_told_with_how_far_it_came(query, seen, monkeypatch):
    monkeypatch.setattr("cnn.attribution.counterfactual.MOST_STEPS", 1)
    page = screen(counterfactual, {**query, "of": "3", "index": "5"})
    assert "not turned into class 3 in 1 steps: its score was " in problem(page)


def test_of_a_large_network_a_worker_finds_the_change(app, classifier, query, seen, monkeypatch):
    for module in (counterfactual, turning):
        monkeypatch.setattr(module, "is_large", lambda _model: True)
    client, runtime = app.server.test_client(), runtime_of(app)
    asked, body = {**query, "of": "3"}, {"kind": TURN, "find": False}
    page = screen(counterfactual, asked)
    assert (page.hidden[counterfactual.SEARCH], page.hidden[counterfactual.RESULT]) == (False, True)
    refused = take(app, asked)
    assert (refused.status_code, "not found yet" in refused.get_json()["problem"]) == (400, True)
    begun = client.post("/studies", query_string=asked, json=body).json
    runtime.queue._huey.dequeue()
    runtime.queue._study(begun["id"])
    told = client.get(f"/studies/{begun['id']}", query_string=asked).json
    assert (told["state"], told["answer"]["isPage"]) == ("finished", True)
    page = screen(counterfactual, asked)
    assert not page.hidden[counterfactual.RESULT]
    made = cnn.counterfactual(classifier, seen, target=3)
    expected = made.after[..., 0] / 255
    np.testing.assert_allclose(numbers(page, counterfactual.AFTER), expected, atol=1e-6)
    assert " and 3 (" in page.texts[counterfactual.SAID]
    assert take(app, asked).status_code == 200
    # Another class is another question, and one that the picture is of already is none.
    assert screen(counterfactual, {**query, "of": "4"}).hidden[counterfactual.RESULT]
    label = str(cnn.predict(classifier, seen).label)
    assert screen(counterfactual, {**query, "of": label}).hidden[counterfactual.SEARCH]
    found = client.post(
        "/studies", query_string={**query, "of": label}, json={**body, "find": True}
    )
    assert "already" in found.json["problem"]


def test_of_a_small_network_nothing_is_asked_of_a_worker(app, query, seen):
    asked = {"query_string": {**query, "of": "3"}, "json": {"kind": TURN, "find": False}}
    refused = app.server.test_client().post("/studies", **asked)
    assert refused.status_code == 400
    assert "comes by itself" in refused.get_json()["problem"]


def test_the_picture_is_taken_to_every_page_in_the_link(app, classifier, query, seen):
    asked = {**query, "of": "3", "rotate": "10", "noise": "5", "seed": "4"}
    turned = runtime_of(app).look(parse(asked)[0]).seen
    answer = take(app, asked)
    changed = taken(asked, answer.get_json()["changes"])
    assert "upload" not in changed
    assert not {"rotate", "noise", "seed"} & {*changed}
    link = follow(runtime_of(app), changed)
    assert link.messages == ()
    look = runtime_of(app).look(link.view)
    made = cnn.counterfactual(classifier, turned, target=3)
    np.testing.assert_array_equal(look.seen, made.after)
    assert look.passed.prediction.label == 3
    assert runtime_of(app).picture(link.view).caption.startswith("Your counterfactual\n28×28")
    half = taken(asked, take(app, {**asked, "step": "15"}).get_json()["changes"])
    np.testing.assert_array_equal(runtime_of(app).look(parse(half)[0]).seen, made.way[15])


def test_a_picture_that_no_link_has_room_for_is_kept_by_its_content(second_app, request_of):
    request_of(second_app)
    runtime = runtime_of(second_app)
    query = runtime.default_view().to_query()
    prediction = runtime.look(parse(query)[0]).passed.prediction
    runner_up = int(np.argsort(-prediction.probabilities, kind="stable")[1])
    changed = taken(query, take(second_app, query).get_json()["changes"])
    assert "pixels" not in changed
    view = parse(changed)[0]
    assert runtime.look(view).passed.prediction.label == runner_up
    assert runtime.picture(view).caption.startswith("Your counterfactual\n")
    again = take(second_app, query).get_json()["changes"]
    assert again["upload"] == changed["upload"]


def test_a_reader_takes_what_fits_into_the_link_and_keeps_nothing(tmp_path, second_path):
    def served(**chosen):
        app = create_app(
            Settings(home=tmp_path, data_dir=tmp_path, download=False, read_only=True, **chosen)
        )
        runtime_of(app).wait()
        return app, runtime_of(app).default_view().to_query()

    app, query = served()
    assert take(app, query).status_code == 200
    app, query = served(model=second_path)
    refused = take(app, query)
    assert refused.status_code == 403
    assert "read-only" in refused.get_json()["problem"]


def test_what_cannot_be_taken_is_refused_in_a_sentence(app, classifier, query, seen):
    label = cnn.predict(classifier, seen).label
    refused = take(app, {**query, "of": str(label)})
    assert (refused.status_code, "already" in refused.get_json()["problem"]) == (400, True)
    assert take(app, query, page="perturb").status_code == 404
    plain = app.server.test_client().post("/take/counterfactual", query_string=query)
    assert plain.status_code == 415
