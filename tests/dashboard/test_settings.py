import os
import re
from pathlib import Path

import pytest
from gunicorn.util import parse_address
from pydantic import ValidationError
from typer.testing import CliRunner

from cnn import HomeError
from cnn.runs.configuration import SETTINGS
from dashboard import serving
from dashboard.cli import app
from dashboard.settings import Settings, env_name, environment

README = Path(__file__).parent.parent.parent / "README.md"


def rows(*cells):
    """The rows of the README's tables whose cells match these patterns, in their order."""
    row = r"^\| " + r" \| ".join(cells) + r" \|$"
    return re.findall(row, README.read_text(encoding="utf-8"), re.M)


def test_every_setting_of_the_server_has_its_row_in_the_readme():
    assert rows("`--([a-z-]+)`", "`([A-Z_]+)`", "(.+?)") == [
        (name.replace("_", "-"), env_name(name), field.description)
        for name, field in Settings.model_fields.items()
    ]


def test_every_setting_of_a_training_has_its_row_in_the_readme():
    assert rows("`(--[a-z-]+)`", "([A-Z][^`|]+)", "(.+?)") == [
        (known.flag, known.title, known.described) for known in SETTINGS.values()
    ]


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CNN_HOME", str(tmp_path))
    monkeypatch.setenv("PORT", "9999")
    settings = Settings()
    assert (settings.home, settings.port) == (tmp_path, 9999)


def test_settings_survive_the_way_to_another_process(monkeypatch, tmp_path):
    settings = Settings(home=tmp_path, port=81, download=False, model=tmp_path / "m.keras")
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_the_users_own_home_is_not_the_dashboards(monkeypatch):
    monkeypatch.delenv("CNN_HOME")
    monkeypatch.setenv("HOME", "/somewhere")
    assert Settings().home != Path("/somewhere")


def test_a_port_that_is_no_number_is_refused():
    with pytest.raises(ValidationError):
        Settings(port="many")


@pytest.mark.parametrize("command", ["serve", "train", "worker", "data"])
def test_every_command_has_help(command):
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_the_version_is_said():
    done = CliRunner().invoke(app, ["--version"])
    assert re.fullmatch(r"cnn-dashboard \d+\.\d+\.\d+\n", done.output)


def test_data_says_where_it_looked(tmp_path):
    done = CliRunner().invoke(
        app, ["data", "--data-dir", str(tmp_path)], env={"KERAS_HOME": str(tmp_path)}
    )
    assert "mnist: not found" in done.output
    assert str(tmp_path / "mnist.npz") in done.output
    assert "always there" in done.output


def test_train_prints_its_table_and_its_command(tmp_path):
    done = CliRunner().invoke(
        app, ["train", "--data", "digits", "--epochs", "1", "--into", str(tmp_path / "run")]
    )
    assert done.exit_code == 0, done.output
    assert "accuracy on digits test" in done.output
    assert "again: cnn-dashboard train --data digits --epochs 1" in done.output
    assert (tmp_path / "run" / "model.keras").exists()


def test_a_home_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, ["serve", "--home", str(tmp_path / "file" / "home")])
    assert isinstance(done.exception, HomeError)
    assert "cannot be made or written (Not a directory)" in str(done.exception)


@pytest.mark.parametrize(
    ("flag", "given", "words"),
    [
        ("--port", "99999", "port is 99999: Input should be less than or equal to 65535."),
        ("--hosts", "https://cnn.example", "expected names such as cnn.example, with commas"),
        ("--redis-url", "localhost", "expected an address such as redis://127.0.0.1:6379/0."),
        ("--prefix", "https://x", "prefix is 'https://x': expected a path of letters"),
        ("--limit-uploads", "often", "expected a rate such as 5 per minute; 100 per day in all."),
    ],
)
def test_a_value_that_cannot_be_is_explained(flag, given, words):
    done = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["serve", flag, given])
    assert done.exit_code == 2
    assert words in done.output


@pytest.fixture
def served(monkeypatch):
    """The environment in which `serve`, given these arguments, would serve; and what it said."""

    def serve(*given, **variables):
        monkeypatch.setattr(serving, "run", lambda: None)
        monkeypatch.setattr("os.environ", {**os.environ, **variables})
        done = CliRunner().invoke(app, ["serve", *map(str, given)])
        return os.environ, done

    return serve


def test_serve_takes_the_model_as_its_argument_or_as_a_flag(served, tmp_path):
    mine, other = tmp_path / "mine.keras", tmp_path / "other.keras"
    for given in ([mine], ["--model", mine], [mine, "--model", mine]):
        environment, done = served(*given)
        assert (done.exit_code, environment["CNN_MODEL"]) == (0, str(mine)), done.output
    assert served(mine, CNN_MODEL=str(other))[0]["CNN_MODEL"] == str(mine)


def test_two_models_are_one_too_many(served, tmp_path):
    _, done = served(tmp_path / "mine.keras", "--model", tmp_path / "other.keras", COLUMNS="400")
    assert done.exit_code == 2
    assert "two models are given" in done.output


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1:80"),
        ("::1", "[::1]:80"),
        ("::", "[::]:80"),
        ("localhost", "localhost:80"),
    ],
)
def test_an_address_of_ipv6_stands_in_brackets(host, address):
    settings = Settings(host=host, port=80)
    assert settings.address == address
    assert parse_address(settings.address, default_port="1")[1] == 80
