import gc
import json
import re
import shutil
import weakref
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import pytest

import cnn
from cnn.errors import reason
from cnn.models.card import Card, card_path, write_card
from cnn.runs.moments import Moment
from cnn.runs.run import Status, TrainingConfig
from dashboard import doctor
from dashboard.app import create_app, runtime_of
from dashboard.runtime.catalogue import Catalogue, key_of
from dashboard.runtime.runtime import Runtime
from dashboard.settings import Settings
from dashboard.shell import panel
from tests import nets


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", data_dir=tmp_path / "data", download=False)


def with_model(settings, path):
    return Settings(**{**settings.model_dump(), "model": path})


def test_the_bundled_model_is_the_default(settings):
    catalogue = Catalogue(settings)
    assert catalogue.default().path == cnn.pretrained_run() / "model.keras"
    assert catalogue.default().run.config.dataset == "mnist"


def test_the_operators_model_is_the_default_when_it_is_usable(settings, second_path):
    catalogue = Catalogue(with_model(settings, second_path))
    catalogue.check_own()
    assert catalogue.problem_of_own() == ""
    assert catalogue.default().path == second_path


def test_a_copy_of_the_bundled_model_is_shown_under_its_own_name_with_its_run(settings, tmp_path):
    path = tmp_path / "copy.keras"
    shutil.copyfile(cnn.pretrained_run() / "model.keras", path)
    catalogue = Catalogue(with_model(settings, path))
    shown = catalogue.default()
    assert (shown.name, shown.path, shown.run.path) == ("copy.keras", path, cnn.pretrained_run())
    assert catalogue.get(shown.key) == shown
    assert catalogue.menu()[0] == [shown]


def bundled_with(path, members):
    """Write the bundled classifier with more members, or others, in its archive."""
    with zipfile.ZipFile(cnn.pretrained_run() / "model.keras") as archive:
        own = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**own, **members(own)}.items():
            archive.writestr(name, content)
    return path


def with_filters(own):
    configuration = json.loads(own["config.json"])
    layer = next(one for one in configuration["config"]["layers"] if one["class_name"] == "Conv2D")
    layer["config"]["filters"] = 10**9
    return {"config.json": json.dumps(configuration)}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (lambda _: {"x": bytes(30_000_000)}, "unpacks to 30.5 MB: at most 20.0 MB are opened"),
        (with_filters, "declares 1,000,000,000 weights or more for the layer 'conv2d'"),
        (lambda _: {"card.json": b" " * 17_000_000}, "has a configuration of 17.0 MB"),
    ],
)
def test_a_file_that_the_operator_names_is_measured_before_anything_is_made_of_it(
    settings, tmp_path, monkeypatch, members, words
):
    path = bundled_with(tmp_path / "named.keras", members)
    assert path.stat().st_size < 1_000_000
    named = Settings(**{**settings.model_dump(), "model": path, "model_megabytes": 20})
    monkeypatch.setattr(keras.saving, "deserialize_keras_object", None)
    catalogue = Catalogue(named)
    catalogue.check_own()
    assert words in catalogue.problem_of_own()
    with pytest.raises(cnn.ModelError, match=re.escape(words)):
        cnn.load_model(path, limits=named.model_limits)
    with pytest.raises(cnn.ModelError, match=re.escape(words)):
        list(doctor._model(named))


@pytest.mark.parametrize("content", [b"", b"no model at all", b"PK\x05\x06" + b"\x00" * 18])
def test_an_unusable_model_is_explained_and_the_bundled_one_stays(settings, tmp_path, content):
    path = tmp_path / "broken.keras"
    path.write_bytes(content)
    catalogue = Catalogue(with_model(settings, path))
    catalogue.check_own()
    problem = catalogue.problem_of_own()
    assert "broken.keras" in problem
    assert str(tmp_path) not in problem
    assert problem.endswith("The bundled classifier is shown instead.")
    assert catalogue.default().path.parent == cnn.pretrained_run()
    assert path.read_bytes() == content


def test_a_key_follows_the_content_of_the_file(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(b"one")
    first = key_of(path)
    path.write_bytes(b"other")
    assert key_of(path) != first
    path.write_bytes(b"one")
    assert key_of(path) == first


def test_an_unknown_key_is_explained(settings):
    with pytest.raises(cnn.ModelError, match="which this server does not have"):
        Catalogue(settings).get("0" * 12)


def test_a_finished_run_becomes_a_model(settings):
    catalogue = Catalogue(settings)
    assert len(catalogue.menu()[0]) == 1
    run = cnn.runs.create(settings.jobs.runs_dir, TrainingConfig("digits"))
    cnn.save_model(cnn.build_classifier(seed=9), run.model_path)
    run.write_status(Status("finished"))
    (entry,) = (entry for entry in catalogue.menu()[0] if entry.run == run)
    assert catalogue.get(entry.key).path == run.model_path


def test_the_operators_model_keeps_its_name_and_gets_the_history_of_its_run(settings, tmp_path):
    run = cnn.runs.create(settings.jobs.runs_dir, TrainingConfig("digits"))
    cnn.save_model(cnn.build_classifier(seed=9), run.model_path)
    own = tmp_path / "mine.keras"
    own.write_bytes(run.model_path.read_bytes())
    entry = Catalogue(with_model(settings, own)).default()
    assert (entry.name, entry.path, entry.run) == ("mine.keras", own, run)


def test_one_pass_is_kept_for_all_who_ask(app, request_of):
    request_of(app)
    runtime = runtime_of(app)
    view = runtime.default_view()
    assert runtime.forward(view) is runtime.forward(view)


def test_a_missing_model_is_queued_for_training_once(settings, tmp_path):
    runtime = runtime_of(create_app(with_model(settings, tmp_path / "new.keras")))
    runtime.wait()
    runtime._submitted.wait(30)
    run = runtime.training_of(tmp_path / "new.keras")
    assert run.config.save_to == str(tmp_path / "new.keras")
    runtime._submit_missing()
    assert len(settings.jobs.runs()) == 1


def never(path: Path) -> None:
    """Save a model that loads and whose pass always fails: it halves more often than any size can."""
    x = picture = keras.Input((None, None, 1))
    for number in range(10):
        x = keras.layers.MaxPooling2D(name=f"half_{number}")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    cnn.save_model(keras.Model(picture, keras.layers.Dense(3, activation="softmax")(x)), path)


def test_a_model_whose_pass_fails_is_refused_with_its_layer_and_the_start_ends(settings, tmp_path):
    path = tmp_path / "never.keras"
    never(path)
    runtime = runtime_of(create_app(with_model(settings, path)))
    runtime.wait()
    assert runtime.ready == "ready"
    assert "The layer 'half_4' leaves nothing of the picture" in runtime.problem
    assert runtime.problem.endswith("The bundled classifier is shown instead.")
    assert runtime.default_view().model == runtime.catalogue.bundled().key
    with pytest.raises(cnn.ModelError, match="half_4"):
        runtime.catalogue.load(key_of(path))


def test_when_no_model_can_be_shown_the_start_ends_in_a_sentence(settings, request_of, monkeypatch):
    def fail(model):
        raise RuntimeError("no such instruction\nin /opt/secret/place.so")

    monkeypatch.setattr(cnn, "try_out", fail)
    app = create_app(settings)
    client = app.server.test_client()
    assert client.get("/health").status_code == 200
    runtime = runtime_of(app)
    runtime.wait()
    assert runtime.ready == "failed"
    assert "no such instruction" in runtime.problem
    assert "secret" not in runtime.problem
    assert client.get("/health").status_code == 200
    ready = client.get("/ready")
    assert (ready.status_code, ready.json["model"]["message"]) == (503, runtime.not_ready)
    assert client.get("/values/activations").status_code == 503
    request_of(app)
    *_, told, is_told, condition = panel.show(
        {"view": runtime.default_view().to_query(), "number": 1}, None, None, "waiting", False
    )
    assert (told, is_told, condition) == (runtime.not_ready, True, "unavailable")


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device", "/home/secret/queue.db"),
        cnn.RunError("The queue cannot be reached."),
    ],
)
def test_what_cannot_be_queued_at_the_start_is_told_and_queued_when_it_can_be(
    settings, monkeypatch, error
):
    runtime, told = runtime_of(create_app(settings)), []
    monkeypatch.setattr("dashboard.runtime.runtime._FIRST_PAUSE_SECONDS", 0.01)

    def fail():
        told.append(runtime.problem)
        if len(told) < 3:
            raise error

    monkeypatch.setattr(runtime, "_submit_missing", fail)
    runtime.wait()
    assert runtime._submitted.wait(30)
    assert (runtime.ready, runtime.problem) == ("ready", "")
    assert told[0] == ""
    assert all(reason(error).rstrip(".") in sentence for sentence in told[1:])
    assert "secret" not in told[1]


def test_what_can_never_be_queued_ends_the_start_with_a_sentence(settings, monkeypatch):
    runtime = runtime_of(create_app(settings))

    def fail():
        raise LookupError("no such codec")

    monkeypatch.setattr(runtime, "_submit_missing", fail)
    runtime.wait()
    assert runtime._submitted.wait(30)
    assert runtime.ready == "ready"
    assert runtime.problem == "Nothing can be queued (no such codec): restart the server."


def test_a_model_file_that_is_replaced_shows_the_new_network_under_the_new_hash(settings, tmp_path):
    path = tmp_path / "mine.keras"
    catalogue = Catalogue(with_model(settings, path))
    kernels = []
    for seed in (1, 2):
        cnn.save_model(cnn.build_classifier(seed=seed), path)
        kernels.append(catalogue.load(catalogue.default().key).get_weights()[0])
    expected = [cnn.build_classifier(seed=seed).get_weights()[0] for seed in (1, 2)]
    assert (kernels[0] == expected[0]).all()
    assert (kernels[1] == expected[1]).all()


def test_a_file_that_is_replaced_while_it_is_read_is_no_model_of_either(
    settings, tmp_path, monkeypatch
):
    path = tmp_path / "mine.keras"
    cnn.save_model(cnn.build_classifier(seed=1), path)
    catalogue, load = Catalogue(with_model(settings, path)), cnn.load_model
    first = key_of(path)

    def slowly(of, **given):
        model = load(of, **given)
        cnn.save_model(cnn.build_classifier(seed=2), path)
        return model

    monkeypatch.setattr(cnn, "load_model", slowly)
    with pytest.raises(cnn.ModelError, match="replaced while it was read"):
        catalogue.load(first)
    monkeypatch.setattr(cnn, "load_model", load)
    assert not catalogue.is_refused(first)
    with pytest.raises(cnn.ModelError, match="which this server does not have"):
        catalogue.load(first)
    assert catalogue.load(key_of(path)).get_weights()[0].shape == (3, 3, 1, 32)


def test_half_a_file_is_refused_only_until_it_is_whole(settings, second_path, tmp_path):
    path = tmp_path / "mine.keras"
    path.write_bytes(second_path.read_bytes()[:5000])
    catalogue = Catalogue(with_model(settings, path))
    catalogue.check_own()
    assert "cut short" in catalogue.problem_of_own()
    shutil.copyfile(second_path, path)
    assert catalogue.problem_of_own() == ""
    assert catalogue.load(catalogue.default().key).name == "second"


def test_new_names_of_the_classes_are_shown_without_another_model(settings, tmp_path):
    path = tmp_path / "mine.keras"
    model = cnn.build_classifier(seed=1)
    catalogue = Catalogue(with_model(settings, path))
    cnn.save_model(model, path)
    for names in ("abcdefghij", "klmnopqrst"):
        write_card(Card(tuple(names)), card_path(path))
        assert cnn.class_names(catalogue.load(key_of(path))) == tuple(names)


def test_a_moment_that_is_trained_again_is_shown_as_it_is_now(settings):
    run = cnn.runs.create(settings.jobs.runs_dir, TrainingConfig("digits"))
    model = cnn.build_classifier(seed=9)
    cnn.save_model(model, run.initial_path)
    catalogue, key = Catalogue(settings), f"run:{run.id}"
    for value in (0.0, 1.0):
        run.write_weights(Moment(1), [w * 0 + value for w in model.get_weights()])
        assert (catalogue.load(key, "1").get_weights()[0] == value).all()


def test_a_removed_model_is_told(settings, second_path, tmp_path):
    path = tmp_path / "mine.keras"
    shutil.copyfile(second_path, path)
    runtime = runtime_of(create_app(with_model(settings, path)))
    key = runtime.catalogue.default().key
    path.unlink()
    assert runtime.default_view().model == runtime.catalogue.bundled().key
    with pytest.raises(cnn.ModelError, match="which this server does not have"):
        runtime.catalogue.load(key)


def test_a_download_that_waits_for_a_worker_is_not_queued_again(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    runtime = Runtime(Settings(**{**settings.model_dump(), "download": True}))
    for _ in range(2):
        runtime._submit_missing()
    assert runtime.queue._huey.pending_count() == 1


def test_of_a_large_network_fewer_changed_ones_are_kept(settings, tmp_path):
    path = tmp_path / "costly.keras"
    cnn.save_model(nets.costly(), path)
    runtime = Runtime(with_model(settings, path))
    large = runtime.default_view()
    small = replace(large, model=runtime.catalogue.bundled().key)

    def kept(view, layer):
        made = [weakref.ref(_changed(runtime, view, layer, channel)) for channel in range(12)]
        gc.collect()
        return sum(one() is not None for one in made)

    assert kept(small, "conv2d") == 12
    assert kept(large, "stem") == 8


def _changed(runtime, view, layer, channel):
    return runtime.model(replace(view, surgery=f"{layer}:{channel}*0"))
