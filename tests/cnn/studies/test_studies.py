"""A question about a network is answered once, by whoever takes it, and told in its folder."""

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import cnn
from cnn import Affine, StudyError
from cnn.attribution import objective
from cnn.attribution.objective import objective_of
from cnn.attribution.trust.cascade import cascade
from cnn.attribution.trust.curves import BATCHES, PASSES, curves
from cnn.attribution.trust.stability import TIMES, stability
from cnn.files import content_hash
from cnn.inspection.batches import prepared
from cnn.models.card import card_path
from cnn.runs import heartbeat
from cnn.runs.moments import Moment
from cnn.studies import (
    Asked,
    Network,
    Question,
    Raised,
    Sought,
    Status,
    Study,
    Trust,
    Turn,
    Wanted,
    answers,
    ask,
    find,
    work,
    work_on,
)

CHANGES = {"conv2d": {3: Affine(0.0), 7: Affine(0.5, 0.25)}, "dense": {0: Affine(2.0)}}
CHANNEL = cnn.Target(5, layer="conv2d_1")


def network_at(path: Path, **more: str) -> Network:
    card = card_path(path)
    return Network(str(path), content_hash(path), content_hash(card), **more)


@pytest.fixture(scope="module")
def bundled() -> Network:
    return network_at(cnn.pretrained_run() / "model.keras")


@pytest.fixture
def evaluation(bundled) -> Question:
    return Question.evaluation(bundled, CHANGES, "digits", "test")


@pytest.fixture
def ranking(bundled) -> Question:
    return Question.ranking(bundled, "conv2d", "digits", "test")


@pytest.fixture
def few(monkeypatch):
    """So few of the digits that their evaluation takes no time."""
    digits = cnn.load_dataset("digits", "test")
    some = replace(digits, pictures=digits.images[:130], labels=digits.labels[:130])
    monkeypatch.setattr(work, "load_dataset", lambda *_, **__: some)
    return some


def begun(folder: Path, question: Question) -> Study:
    study, is_due = ask(folder, question)
    assert is_due
    return study


def test_a_question_is_written_and_read_as_it_was(tmp_path, evaluation, ranking):
    for question in (evaluation, ranking):
        study = begun(tmp_path, question)
        assert study.question == question
        assert study.id == question.id == study.path.name
        assert study.status == Status("queued")
    assert evaluation.operations == CHANGES
    assert sorted(one.id for one in find(tmp_path)) == sorted([evaluation.id, ranking.id])


def test_the_id_is_what_is_asked_and_not_where_the_files_are(bundled, evaluation):
    elsewhere = replace(bundled, path="/elsewhere/model.keras", run="/elsewhere", moment="3")
    assert replace(evaluation, network=elsewhere).id == evaluation.id
    turned = dict(reversed(list(evaluation.changes.items())))
    assert replace(evaluation, changes=turned).id == evaluation.id
    others = [
        replace(evaluation, network=replace(bundled, content="0" * 12)),
        replace(evaluation, network=replace(bundled, card="0" * 12)),
        replace(evaluation, network=replace(bundled, weights="0" * 12)),
        replace(evaluation, data="mnist"),
        replace(evaluation, split="train"),
        replace(evaluation, changes={"conv2d": {3: (0.0, 0.5)}}),
        Question.ranking(bundled, "conv2d", "digits", "test"),
        Question.ranking(bundled, "dense", "digits", "test"),
    ]
    assert len({question.id for question in [evaluation, *others]}) == 1 + len(others)


def test_without_changes_there_is_nothing_to_evaluate(bundled):
    for nothing in ({}, {"conv2d": {}}):
        with pytest.raises(StudyError, match="No channel is changed: change one"):
            Question.evaluation(bundled, nothing, "digits", "test")


def test_an_evaluation_is_that_of_the_operated_network(tmp_path, evaluation, few, classifier):
    study = begun(tmp_path, evaluation)
    work_on(study)
    assert study.status == Status("finished", done=130, all=130)
    answer = study.answer
    assert isinstance(answer, answers.Evaluation)
    assert (answer.pictures, answer.of, answer.names) == (130, 130, list("0123456789"))
    assert answer.counts == np.bincount(few.labels).tolist()
    networks = {"before": classifier, "after": cnn.ablate(classifier, CHANGES)}
    for when, network in networks.items():
        given = cnn.batch_probabilities(network, few.pictures)
        right = given.argmax(axis=1) == few.labels
        scores = getattr(answer, when)
        assert scores.accuracy == pytest.approx(right.mean())
        assert scores.loss == pytest.approx(-np.log(given[range(130), few.labels]).mean(), rel=1e-3)
        by_class = [right[few.labels == label].mean() for label in range(10)]
        np.testing.assert_allclose(scores.classes, by_class)


def test_a_class_without_pictures_has_no_accuracy(tmp_path, evaluation, few, monkeypatch):
    ones = few.labels == 1
    only = replace(few, pictures=few.pictures[ones], labels=few.labels[ones])
    monkeypatch.setattr(work, "load_dataset", lambda *_, **__: only)
    study = begun(tmp_path, evaluation)
    work_on(study)
    assert [rate is None for rate in study.answer.before.classes] == [i != 1 for i in range(10)]


def test_a_ranking_over_as_many_pictures_as_can_be_afforded(
    tmp_path, ranking, few, classifier, monkeypatch
):
    monkeypatch.setattr(work, "_MOST_MULTIPLY_ADDS", 0)
    study = begun(tmp_path, ranking)
    work_on(study)
    answer = study.answer
    assert isinstance(answer, answers.Ranking)
    assert (answer.pictures, answer.of, answer.layer) == (64, 130, "conv2d")
    places = [i * 130 // 64 for i in range(64)]
    table = cnn.rank_channels(classifier, few.pictures[places], few.labels[places], layer="conv2d")
    assert [one.channel for one in answer.channels] == table["channel"].tolist()
    np.testing.assert_allclose([one.cost for one in answer.channels], table["cost"], atol=1e-6)
    np.testing.assert_allclose(
        [one.accuracy for one in answer.channels], table["accuracy_after"], atol=1e-6
    )
    assert (answer.accuracy, answer.loss) == pytest.approx(
        tuple(table.loc[0, ["accuracy_before", "loss_before"]])
    )


def test_a_ranking_of_a_small_network_goes_over_all_pictures(tmp_path, bundled, few):
    study = begun(tmp_path, Question.ranking(bundled, "dense", "digits", "test"))
    work_on(study)
    assert (study.answer.pictures, study.answer.of) == (130, 130)


def test_the_network_is_that_of_the_moment(classifier):
    run = cnn.runs.Run(cnn.pretrained_run())
    moment = run.moments[1]
    at = network_at(
        run.model_path, run=str(run.path), moment=str(moment),
        weights=content_hash(run.weights_path(moment)),
    )  # fmt: skip
    loaded = at.load()
    for found, expected in zip(loaded.get_weights(), run.weights(moment), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert cnn.class_names(loaded) == cnn.class_names(classifier)
    with pytest.raises(cnn.ModelError, match=r"0001.*npz was replaced|\.npz was replaced"):
        replace(at, weights="0" * 12).load()
    with pytest.raises(cnn.ModelError, match="is not there any more"):
        replace(at, moment=str(Moment(999))).load()


def test_a_file_that_is_another_by_now_is_not_answered_for(tmp_path, bundled):
    path = tmp_path / "model.keras"
    shutil.copyfile(bundled.path, path)
    with pytest.raises(cnn.ModelError, match="model.card.json is not there any more"):
        replace(bundled, path=str(path)).load()
    plain = replace(bundled, path=str(path), card="")
    assert plain.load().name
    card_path(path).write_text("{}")
    with pytest.raises(cnn.ModelError, match="model.card.json was replaced"):
        plain.load()
    path.write_bytes(b"another")
    with pytest.raises(cnn.ModelError, match="model.keras was replaced after it was asked about"):
        plain.load()


def test_a_failure_is_kept_with_its_reason_and_can_be_asked_again(tmp_path, ranking):
    wrong = replace(ranking, layer="conv9")
    study = begun(tmp_path, wrong)
    work_on(study)
    assert study.status.state == "failed"
    assert "no layer 'conv9'" in study.status.message
    again, is_due = ask(tmp_path, wrong)
    assert is_due
    assert again.status == Status("queued")


def test_an_unexpected_failure_is_kept_too(tmp_path, evaluation, few, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("the reason\nand more")

    monkeypatch.setattr(work, "evaluate_ablation", fail)
    study = begun(tmp_path, evaluation)
    work_on(study)
    assert study.status == Status("failed", message="RuntimeError: the reason")


def test_a_study_for_which_the_disk_has_no_room_is_a_failure_or_can_be_asked_again(
    tmp_path, evaluation, few, monkeypatch
):
    def no_room(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    study = begun(tmp_path, evaluation)
    monkeypatch.setattr(Study, "finish", no_room)
    work_on(study)
    assert study.status.state == "failed"
    assert "no room on the server's disk" in study.status.message
    study = begun(tmp_path, evaluation)
    monkeypatch.setattr(Study, "write_status", no_room)
    work_on(study)
    assert study.status == Status("queued")


def test_a_loss_that_is_no_number_is_a_failure(tmp_path, bundled, few):
    changes = {"conv2d": {0: Affine(3e38, 3e38), 1: Affine(-3e38, 3e38)}}
    study = begun(tmp_path, Question.evaluation(bundled, changes, "digits", "test"))
    work_on(study)
    assert study.status.state == "failed"
    assert "the network's loss is no number any more" in study.status.message


def test_what_is_done_or_in_hand_is_not_due_again(tmp_path, evaluation, few):
    study = begun(tmp_path, evaluation)
    assert ask(tmp_path, evaluation) == (study, False)
    with study.hold():
        study.write_status(Status("running"))
        assert ask(tmp_path, evaluation) == (study, False)
    study.write_status(Status("queued"))
    work_on(study)
    assert ask(tmp_path, evaluation) == (study, False)
    (study.path / "answer.json").write_text("{}")
    with pytest.raises(StudyError, match=r"answer\.json of the study .* is damaged"):
        _ = study.answer
    assert ask(tmp_path, evaluation) == (study, True)


def test_a_study_whose_worker_is_gone_was_interrupted_and_is_due(tmp_path, evaluation):
    study = begun(tmp_path, evaluation)
    study.write_status(Status("running", done=64, all=130, seconds_left=1.0))
    status = study.status
    assert (status.state, status.done, status.seconds_left) == ("interrupted", 64, None)
    assert "start it again" in status.message
    with study.hold():
        assert study.status.state == "running"
    assert ask(tmp_path, evaluation) == (study, True)


@pytest.mark.parametrize("state", ["running", "finished", "cancelled", "failed", "interrupted"])
def test_only_what_is_queued_is_worked_on(tmp_path, evaluation, state):
    study = begun(tmp_path, evaluation)
    study.write_status(Status(state))
    before = (study.path / "status.json").read_bytes()
    work_on(study)
    assert (study.path / "status.json").read_bytes() == before


def test_who_works_on_it_already_is_not_disturbed(tmp_path, evaluation, monkeypatch):
    monkeypatch.setattr(work, "_PATIENCE_SECONDS", 0.01)
    study = begun(tmp_path, evaluation)
    with study.hold():
        work_on(study)
    assert study.status == Status("queued")


@pytest.mark.parametrize("asked", ["evaluation", "ranking", "trusting"])
def test_it_ends_before_the_first_pass_where_somebody_asks_while_the_network_is_opened(
    tmp_path, few, monkeypatch, request, asked
):
    study = begun(tmp_path, request.getfixturevalue(asked))
    opened = Network.load

    def open_and_cancel(network):
        study.ask_to_cancel()
        return opened(network)

    monkeypatch.setattr(Network, "load", open_and_cancel)
    monkeypatch.setitem(work._WAYS, study.question.kind, lambda *_given: pytest.fail("It goes on."))
    work_on(study)
    assert study.status == Status("cancelled", message="Cancelled.")


def test_it_ends_before_the_next_pass_when_somebody_asks(tmp_path, evaluation, few, monkeypatch):
    study = begun(tmp_path, evaluation)
    told = []

    def cancel(progress, done, count):
        told.append((done, count))
        if done == 64:
            study.ask_to_cancel()

    monkeypatch.setattr(work._Progress, "tell", cancel)
    work_on(study)
    assert study.status == Status("cancelled", message="Cancelled.")
    assert told[-1] == (64, 130)
    assert not (study.path / "answer.json").exists()
    assert ask(tmp_path, evaluation) == (study, True)
    assert not study.is_cancelled


def test_a_diagnosis_is_kept_as_it_was_found(tmp_path, bundled, few, classifier):
    study = begun(tmp_path, Question.diagnosis(bundled, {}, "digits", "test"))
    work_on(study)
    assert study.status == Status("finished", done=130, all=130)
    assert study.answer == cnn.diagnose(classifier, few)
    changed = begun(tmp_path, Question.diagnosis(bundled, CHANGES, "digits", "test"))
    work_on(changed)
    assert changed.answer == cnn.diagnose(cnn.ablate(classifier, CHANGES), few)
    assert changed.answer != study.answer


def test_a_diagnosis_is_cancelled_between_two_passes(tmp_path, bundled, few, monkeypatch):
    study = begun(tmp_path, Question.diagnosis(bundled, {}, "digits", "test"))
    told = []

    def cancel(progress, done, count):
        told.append((done, count))
        study.ask_to_cancel()

    monkeypatch.setattr(work._Progress, "tell", cancel)
    work_on(study)
    assert study.status == Status("cancelled", message="Cancelled.")
    assert told == [(63, 130)]


def test_pictures_are_found_in_the_changed_network_and_kept(tmp_path, bundled, few, classifier):
    question = Question.tops(bundled, CHANGES, "dense", "digits", "test")
    assert question.id != Question.tops(bundled, {}, "dense", "digits", "test").id
    assert question.id != Question.tops(bundled, CHANGES, "conv2d", "digits", "test").id
    at_cell = Question.tops(bundled, CHANGES, "conv2d", "digits", "test", (3, 4))
    assert at_cell.id != Question.tops(bundled, CHANGES, "conv2d", "digits", "test").id
    study = begun(tmp_path, question)
    work_on(study)
    assert study.status == Status("finished", done=130, all=130)
    assert study.answer == cnn.top_pictures(cnn.ablate(classifier, CHANGES), few, layer="dense")


def test_the_finding_of_pictures_is_cancelled_between_two_passes(
    tmp_path, bundled, few, monkeypatch
):
    study = begun(tmp_path, Question.tops(bundled, {}, "dense", "digits", "test"))
    told = []

    def cancel(progress, done, count):
        told.append((done, count))
        study.ask_to_cancel()

    monkeypatch.setattr(work._Progress, "tell", cancel)
    work_on(study)
    assert study.status == Status("cancelled", message="Cancelled.")
    assert told == [(64, 130)]


@pytest.fixture(scope="module")
def trusting(bundled, seven) -> Question:
    asked = Asked.of(seven, [Wanted("saliency", {}, cnn.Target(7))])
    return Question.trust(bundled, {}, asked, "digits", "test")


def test_a_question_of_trust_has_the_picture_and_another_id_for_each_map(
    tmp_path, trusting, ranking, seven
):
    study = begun(tmp_path, trusting)
    assert study.question == trusting
    np.testing.assert_array_equal(study.question.asked.pixels, seven)
    others = [
        Asked.of(255 - seven, [Wanted("saliency", {}, cnn.Target(7))]),
        Asked.of(seven, [Wanted("input_x_gradient", {}, cnn.Target(7))]),
        Asked.of(seven, [Wanted("saliency", {"samples": 3}, cnn.Target(7))]),
        Asked.of(seven, [Wanted("saliency", {}, cnn.Target(7, against=1))]),
    ]
    asked = [trusting, ranking, *(replace(trusting, asked=other) for other in others)]
    assert len({question.id for question in asked}) == len(asked)


def test_the_trust_in_a_map_is_that_of_the_library(tmp_path, trusting, few, classifier, seven):
    study = begun(tmp_path, trusting)
    work_on(study)
    assert study.status.state == "finished"
    batch = cnn.prepare(seven, classifier)
    objective = objective_of(classifier, batch, 7)
    plane = cnn.attribute(classifier, seven, target=7).plane
    some = prepared(classifier, few.images[np.arange(64) * 130 // 64])
    assert study.answer == Trust(
        curves(objective, batch, plane, data=some),
        cascade(objective, batch, "saliency"),
        stability(objective, batch, "saliency"),
    )


def test_a_method_that_compares_with_pictures_gets_those_of_the_data(tmp_path, bundled, few, seven):
    asked = Asked.of(seven, [Wanted("expected_gradients", {"samples": 8}, cnn.Target(7))])
    study = begun(tmp_path, Question.trust(bundled, {}, asked, "digits", "test"))
    work_on(study)
    assert study.status.state == "finished"
    assert study.answer.law.name == "completeness on average"


def test_a_map_that_breaks_its_own_law_is_not_tried(tmp_path, bundled, few, seven, monkeypatch):
    monkeypatch.setattr("cnn.attribution.integrated_gradients._TOLERANCE", 0.0)
    asked = Asked.of(seven, [Wanted("integrated_gradients", {"steps": 8}, cnn.Target(7))])
    study = begun(tmp_path, Question.trust(bundled, {}, asked, "digits", "test"))
    work_on(study)
    assert study.status.state == "failed"
    assert "Integrated gradients breaks its own law here" in study.status.message


def test_the_measuring_of_trust_is_cancelled_between_two_passes(
    tmp_path, trusting, few, monkeypatch
):
    study, told = begun(tmp_path, trusting), []
    tried = [3 + PASSES // BATCHES * done for done in range(1, BATCHES + 1)]
    maps = [3 + PASSES + 3 * done for done in range(1, 40 + 2 + 1)]

    def cancel(progress, done, count):
        told.append((done, count))
        if done == maps[-1]:
            study.ask_to_cancel()

    monkeypatch.setattr(work._Progress, "tell", cancel)
    work_on(study)
    assert study.status == Status("cancelled", message="Cancelled.")
    assert told == [(done, PASSES + 3 * (1 + 40 + TIMES)) for done in tried + maps]


def test_a_slow_map_whose_trust_is_measured_is_cancelled_while_it_is_made(
    tmp_path, bundled, few, seven, monkeypatch
):
    asked = Asked.of(seven, [Wanted("occlusion", {}, cnn.Target(7))])
    study, told = begun(tmp_path, Question.trust(bundled, {}, asked, "digits", "test")), []

    def cancel(progress, done, count):
        told.append((done, count))
        study.ask_to_cancel()

    monkeypatch.setattr(work._Progress, "tell", cancel)
    monkeypatch.setattr(objective, "most_at_once", lambda _infos: 100)
    work_on(study)
    assert study.status == Status("cancelled", message="Cancelled.")
    ((done, count),) = told
    assert 0 < done < 625
    assert count == PASSES + 625 * (1 + 40 + TIMES + 3)


@pytest.fixture(scope="module")
def mapping(bundled, seven) -> Question:
    """Maps of three methods, the last of which there cannot be: pixels would never be covered."""
    options = {
        "smoothgrad": {"samples": 3, "seed": 5},
        "integrated_gradients": {"steps": 8},
        "occlusion": {"patch": 4, "stride": 5},
    }
    maps = [Wanted(name, some, cnn.Target(7, against=1)) for name, some in options.items()]
    return Question.mapping(bundled, {}, Asked.of(seven, maps), "digits", "test")


def test_maps_are_those_of_the_library_and_one_that_cannot_be_says_why(
    tmp_path, mapping, few, classifier, seven
):
    study = begun(tmp_path, mapping)
    work_on(study)
    *made, refused = [one.attribution for one in study.answer.maps]
    for one, wanted in zip(made, mapping.asked.maps, strict=False):
        again = cnn.attribute(
            classifier, seven, method=wanted.method, target=wanted.target, **wanted.options
        )
        np.testing.assert_allclose(one.map, again.map, rtol=1e-5, atol=1e-7)
        assert (one.target, one.settings, one.note) == (again.target, again.settings, again.note)
        assert one.value == pytest.approx(again.value)
    assert made[0].law is None
    assert made[1].law.holds
    assert isinstance(refused, cnn.AttributionError)
    assert str(refused).startswith("A stride of 5 pixels was given for a patch of 4")


def test_pictures_that_a_map_was_compared_with_are_those_of_the_data_and_are_not_kept(
    tmp_path, bundled, few, seven, classifier
):
    wanted = Wanted("expected_gradients", {"samples": 8}, cnn.Target(7))
    study = begun(
        tmp_path, Question.mapping(bundled, {}, Asked.of(seven, [wanted]), "digits", "test")
    )
    work_on(study)
    (one,) = study.answer.maps
    some = few.images[np.arange(64) * 130 // 64]
    again = cnn.attribute(
        classifier, seven, method="expected_gradients", target=7, baselines=some, samples=8
    )
    np.testing.assert_allclose(one.attribution.map, again.map, rtol=1e-5, atol=1e-7)
    assert one.attribution.settings == {"baselines": (), "samples": 8, "seed": 0}


def test_maps_are_cancelled_between_two_passes(tmp_path, mapping, few, monkeypatch):
    """Of them 3 and 8 take a gradient, each as long as three passes, and the last has 36 patches."""
    study = begun(tmp_path, mapping)
    told = []

    def cancel(progress, done, count):
        told.append((done, count))
        if done == 9:
            study.ask_to_cancel()

    monkeypatch.setattr(work._Progress, "tell", cancel)
    work_on(study)
    assert study.status == Status("cancelled", message="Cancelled.")
    assert told == [(0, 69), (9, 69)]


def test_one_that_waits_is_cancelled_at_once(tmp_path, evaluation):
    study = begun(tmp_path, evaluation)
    study.ask_to_cancel()
    assert study.status.state == "cancelled"
    work_on(study)
    assert study.status.state == "cancelled"


def test_progress_tells_how_far_it_is_and_how_long_it_takes(tmp_path, evaluation, monkeypatch):
    study = begun(tmp_path, evaluation)
    times = iter([10.0, 10.1, 12.0])
    monkeypatch.setattr(work.time, "monotonic", lambda: next(times))
    progress = work._Progress(study)
    with study.hold():
        progress.tell(100, 1000)
        assert study.status == Status("running", done=100, all=1000)
        progress.tell(150, 1000)
        assert study.status.done == 100
        progress.tell(300, 1000)
        assert study.status == Status("running", done=300, all=1000, seconds_left=7.0)


def test_how_long_it_takes_is_not_told_by_what_is_compiled_first(tmp_path, evaluation, monkeypatch):
    study = begun(tmp_path, evaluation)
    times = iter([10.0, 30.0, 31.0])
    monkeypatch.setattr(work.time, "monotonic", lambda: next(times))
    progress = work._Progress(study)
    with study.hold():
        for done, left in ((0, None), (100, None), (200, 8.0)):
            progress.tell(done, 1000)
            assert study.status == Status("running", done=done, all=1000, seconds_left=left)


def test_it_beats_while_it_is_worked_on(tmp_path, evaluation, few):
    study = begun(tmp_path, evaluation)
    work_on(study)
    assert json.loads(study.heartbeat_path.read_text())["machine"] == heartbeat.this_machine()
    assert not study.is_worked_on()


def test_a_study_that_is_removed_meanwhile_is_not_brought_back(
    tmp_path, evaluation, few, monkeypatch
):
    study = begun(tmp_path, evaluation)
    monkeypatch.setattr(work._Progress, "tell", lambda *_: shutil.rmtree(study.path))
    work_on(study)
    assert not study.path.exists()
    work_on(study)
    assert not study.path.exists()


def test_of_many_the_oldest_go_and_none_that_is_active(tmp_path, bundled, monkeypatch):
    monkeypatch.setattr("cnn.studies.study._MOST_KEPT", 3)
    layers = ["waits", "first", "second", "third", "fourth"]
    made = []
    for age, layer in enumerate(layers):
        study = begun(tmp_path, Question.ranking(bundled, layer, "digits", "test"))
        if layer != "waits":
            study.write_status(Status("failed"))
        os.utime(study.path / "status.json", (age, age))
        made.append(study)
    last = begun(tmp_path, Question.ranking(bundled, "last", "digits", "test"))
    left = {study.id for study in find(tmp_path)}
    assert left == {study.id for study in [made[0], made[3], made[4], last]}
    assert not list(tmp_path.glob(".removed*"))


def test_what_is_no_study_says_so(tmp_path):
    study = Study(tmp_path / "0123456789abcdef")
    assert not study.exists
    with pytest.raises(StudyError, match="There is no study 0123456789abcdef"):
        _ = study.status
    study.path.mkdir()
    (study.path / "status.json").write_text('{"state": "queued", "done": -1}')
    with pytest.raises(StudyError, match=r"status\.json of the study .* is damaged"):
        _ = study.status


@pytest.fixture
def raising(bundled) -> Question:
    options = {"steps": 6, "seeds": 2, "seed": 3}
    return Question.synthesis(bundled, {}, Sought(CHANNEL, options), "digits", "test")


def test_pictures_that_raise_a_unit_are_those_of_the_library(tmp_path, raising, few, classifier):
    study = begun(tmp_path, raising)
    assert study.question == raising
    work_on(study)
    assert study.status == Status("finished", done=14, all=14)
    answer = study.answer
    assert isinstance(answer, Raised)
    assert (answer.unit.target, answer.unit.is_mean) == (CHANNEL, True)
    made = cnn.synthesise(classifier, layer="conv2d_1", channel=5, steps=6, seeds=2, seed=3)
    np.testing.assert_array_equal(answer.found, made.pictures)
    np.testing.assert_allclose(answer.paths, made.paths, rtol=1e-6)
    assert answer.settings == made.settings


def test_the_best_real_picture_is_found_by_looking_at_each(tmp_path, raising, few, classifier):
    study = begun(tmp_path, raising)
    work_on(study)
    means = [cnn.activations(classifier, one)["conv2d_1"][..., 5].mean() for one in few.images]
    best = study.answer.best
    assert (best.data, best.split, best.looked_at, best.of) == ("digits", "test", 130, 130)
    assert best.place == int(np.argmax(means))
    assert best.value == pytest.approx(max(means), rel=1e-5)


def test_a_class_is_raised_by_its_logit_in_the_changed_network(tmp_path, bundled, few, classifier):
    sought = Sought(cnn.Target(4), {"steps": 3, "seeds": 1})
    study = begun(tmp_path, Question.synthesis(bundled, CHANGES, sought, "digits", "test"))
    work_on(study)
    answer = study.answer
    assert (answer.unit.class_name, answer.unit.is_mean) == ("4", False)
    changed = cnn.ablate(classifier, CHANGES)
    logit = cnn.predict(changed, answer.found[0]).logits[4]
    assert max(answer.paths[0]) == pytest.approx(logit, rel=1e-5)


def test_pictures_are_shown_while_they_are_found_until_it_is_cancelled(
    tmp_path, raising, few, monkeypatch
):
    monkeypatch.setattr(work, "_SECONDS", 0)
    study = begun(tmp_path, raising)
    assert study.so_far is None
    seen = []

    def watch(progress, done, count):
        seen.append(study.so_far)
        if done == 10:
            study.ask_to_cancel()

    monkeypatch.setattr(work._Progress, "tell", watch)
    work_on(study)
    assert study.status == Status("cancelled", message="Cancelled.")
    assert [len(one.paths) for one in seen if one] == [1] * 7 + [2] * 2
    assert seen[-1].pictures == 9
    assert len(seen[-1].found) == 2
    ask(tmp_path, raising)
    assert study.so_far is None


def test_of_a_unit_that_there_is_not_nothing_is_found(tmp_path, bundled, few):
    sought = Sought(cnn.Target(99, layer="conv2d"), {})
    study = begun(tmp_path, Question.synthesis(bundled, {}, sought, "digits", "test"))
    work_on(study)
    assert study.status.state == "failed"
    assert "has 32 units: choose 0 to 31, not 99" in study.status.message


def test_a_change_into_another_class_is_that_of_the_library_told_by_steps_and_cancelled(
    tmp_path, bundled, few, seven, classifier, monkeypatch
):
    question = Question.turning(bundled, {}, seven, Turn(3, "l1"), "digits", "test")
    study, told, say = begun(tmp_path / "one", question), [], work._Progress.say
    work_on(study)
    assert study.status == Status("finished", done=48, all=48)
    expected = cnn.counterfactual(classifier, seven, target=3, norm="l1")
    found = study.answer.found
    for name in ("before", "after", "way", "probabilities", "controls", "labels"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert (found.target, found.norm, found.size) == (3, "l1", expected.size)

    other = begun(tmp_path / "other", question)

    def say_and_cancel(progress, message):
        say(progress, message)
        told.append(message)
        if len(told) == 3:
            other.ask_to_cancel()

    monkeypatch.setattr(work._Progress, "say", say_and_cancel)
    work_on(other)
    assert other.status == Status("cancelled", message="Cancelled.")
    assert told[:2] == ["The first pass, which takes longest.", "The first step towards the class."]
    assert told[2].startswith("Step 2: before the last its score was ") and len(told) == 3
    assert question.id != replace(question, turn=Turn(3, "l2")).id
