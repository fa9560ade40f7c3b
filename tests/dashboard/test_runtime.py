import shutil

import pytest

import cnn
from cnn.runs import Status, TrainingConfig
from dashboard.app import create_app, runtime_of
from dashboard.models import Catalogue, key_of
from dashboard.settings import Settings


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
    assert catalogue.check_own() == ""
    assert catalogue.default().path == second_path


def test_a_copy_of_the_bundled_model_is_shown_under_its_own_name_with_its_run(settings, tmp_path):
    path = tmp_path / "copy.keras"
    shutil.copyfile(cnn.pretrained_run() / "model.keras", path)
    catalogue = Catalogue(with_model(settings, path))
    shown = catalogue.default()
    assert (shown.name, shown.path, shown.run.path) == ("copy.keras", path, cnn.pretrained_run())
    assert catalogue.get(shown.key) == shown
    assert catalogue.entries() == [shown]


@pytest.mark.parametrize("content", [b"", b"no model at all", b"PK\x05\x06" + b"\x00" * 18])
def test_an_unusable_model_is_explained_and_the_bundled_one_stays(settings, tmp_path, content):
    path = tmp_path / "broken.keras"
    path.write_bytes(content)
    catalogue = Catalogue(with_model(settings, path))
    problem = catalogue.check_own()
    assert "broken.keras" in problem
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
    assert len(catalogue.entries()) == 1
    run = cnn.runs.create(settings.jobs.runs_dir, TrainingConfig("digits"))
    cnn.save_model(cnn.build_classifier(seed=9), run.model_path)
    run.write_status(Status("finished"))
    (entry,) = (entry for entry in catalogue.entries() if entry.run == run)
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
