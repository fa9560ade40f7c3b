"""What is wrong on a machine is found, and what to do is said."""

import socket

import pytest
from rich.console import Console
from typer.testing import CliRunner

from dashboard import doctor
from dashboard.cli import app
from dashboard.doctor import examine, print_findings
from dashboard.settings import Settings
from tests.browser.server import free_port


@pytest.fixture
def without_model(monkeypatch):
    """All looks but that at the model, which takes the time of TensorFlow."""
    monkeypatch.delitem(doctor._LOOKS, "model")


def found(what, **given):
    return [one for one in examine(Settings(**given)) if one.what == what]


def test_a_machine_with_all_that_is_needed_has_no_fault(tmp_path, capsys):
    settings = Settings(home=tmp_path, data_dir=tmp_path, port=free_port())
    findings = list(examine(settings))
    assert {one.what for one in findings} >= {
        "versions", "MNIST", "disk", "queue", "worker", "memory", "port", "model",
    }  # fmt: skip
    assert print_findings(Console(), findings)
    printed = capsys.readouterr().out
    assert "0 faults" in printed
    assert "bundled" in printed


@pytest.mark.usefixtures("without_model")
def test_each_fault_has_its_advice_and_the_status_says_that_there_is_one(tmp_path):
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(app, ["doctor", "--home", str(tmp_path / "file" / "home")])
    assert result.exit_code == 1
    assert "fault" in result.output
    for what in ("disk", "queue"):
        (one,) = found(what, home=tmp_path / "file" / "home")
        assert (one.state, bool(one.advice)) == ("fault", True)


@pytest.mark.usefixtures("without_model")
def test_a_port_that_is_taken_is_a_fault(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (one,) = found("port", home=tmp_path, port=taken.getsockname()[1])
        assert (one.state, "--port" in one.advice) == ("fault", True)
        (one,) = found("port", home=tmp_path, port=free_port())
        assert one.state == "fine"


@pytest.mark.usefixtures("without_model")
def test_redis_without_an_answer_is_a_fault(tmp_path):
    url = f"redis://127.0.0.1:{free_port()}/0"
    for what in ("queue", "worker"):
        (one,) = found(what, home=tmp_path, redis_url=url)
        assert (one.state, "cannot be reached" in one.found) == ("fault", True)


@pytest.mark.usefixtures("without_model")
def test_settings_that_contradict_and_variables_that_are_none_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_DATADIR", "x")
    told = found("settings", home=tmp_path, upload_megabytes=900, uploads_megabytes=10)
    assert any(one.state == "fault" and "CNN_UPLOADS_MEGABYTES" in one.found for one in told)
    assert any(one.advice == "Perhaps CNN_DATA_DIR is meant." for one in told)
    told = found("settings", home=tmp_path, host="0.0.0.0", upload_models=True, open_metrics=True)
    assert {word for one in told for word in ("models", "/metrics") if word in one.found} == {
        "models", "/metrics",
    }  # fmt: skip


@pytest.mark.usefixtures("without_model")
def test_who_may_use_the_server_is_looked_at(tmp_path):
    assert found("people", home=tmp_path) == []
    (one,) = found("people", home=tmp_path, host="0.0.0.0")
    assert (one.state, "can use this server" in one.found) == ("warning", True)
    people = tmp_path / "people"
    (one,) = found("people", home=tmp_path, host="0.0.0.0", auth=people)
    assert (one.state, "cannot be read" in one.found) == ("fault", True)
    people.write_text("ann:operator:\n")
    (one,) = found("people", home=tmp_path, host="0.0.0.0", auth=people)
    assert one.state == "fine"
    people.write_text("ann\n")
    (one,) = found("people", home=tmp_path, auth=people)
    assert (one.state, "Line 1 of people" in one.found) == ("fault", True)


def test_a_model_that_cannot_be_opened_is_a_fault(tmp_path, monkeypatch):
    path = tmp_path / "m.keras"
    path.write_bytes(b"no model")
    monkeypatch.setattr(doctor, "_LOOKS", {"model": doctor._LOOKS["model"]})
    (one,) = examine(Settings(home=tmp_path, model=path))
    assert one.state == "fault"
    (one,) = examine(Settings(home=tmp_path, model=tmp_path / "none" / "m.keras"))
    assert (one.state, "not there" in one.found) == ("fault", True)


@pytest.mark.usefixtures("without_model")
def test_a_package_that_does_not_fit_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(
        doctor, "requires", lambda _: ["dash<1", "no-such-thing>=2", "x; extra == 'y'"]
    )
    told = [one for one in found("versions", home=tmp_path) if one.state == "fault"]
    assert [one.found.split()[0] for one in told] == ["dash", "no-such-thing"]
    assert "is missing" in told[1].found
