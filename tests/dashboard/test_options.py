"""The command line has an option for each field that describes a setting, in the field's words."""

import pytest
import typer

from cnn.runs.configuration import SETTINGS
from dashboard.cli import app
from dashboard.settings import Settings, env_name

COMMANDS = typer.main.get_command(app).commands


def options(command):
    return {option.name: option for option in COMMANDS[command].params}


def test_serve_has_the_settings_of_the_server_and_no_other_option():
    found = options("serve")
    assert list(found) == ["file", *Settings.model_fields]
    for name, field in Settings.model_fields.items():
        assert (found[name].help, found[name].envvar) == (field.description, env_name(name))
        assert found[name].opts[0] == f"--{name.replace('_', '-')}"


def test_train_has_the_settings_of_a_training_in_their_words():
    found = options("train")
    for name, known in SETTINGS.items():
        assert found[name].opts[0] == known.flag
        assert found[name].help == known.described
        assert known.help in known.described
        off = [known.flag.replace("--", "--no-")] if known.is_switch else []
        assert found[name].secondary_opts == off
    others = {"lesson", "save_to", "into", "resume", "data_dir", "home"}
    assert set(found) - set(SETTINGS) == others


@pytest.mark.parametrize(
    ("command", "own", "shared"),
    [
        (
            "worker",
            {"local", "lock"},
            {"data_dir", "home", "log_form", "redis_url", "worker_grace"},
        ),
        ("data", {"fetch"}, {"data_dir"}),
        (
            "check",
            {"model", "data"},
            {"data_dir", "model_gigabytes", "model_megabytes", "model_seconds"},
        ),
    ],
)
def test_other_commands_share_the_options_that_they_need(command, own, shared):
    found = options(command)
    assert set(found) == own | shared
    assert all(found[name].help == Settings.model_fields[name].description for name in shared)


def test_the_pictures_have_one_word_in_every_command_and_old_commands_still_work():
    assert {
        options(command)[name].opts[0]
        for command, name in (("serve", "data"), ("check", "data"), ("train", "dataset"))
    } == {"--data"}
    given = COMMANDS["train"].make_context("train", ["--dataset", "digits"]).params
    assert given["dataset"] == "digits"


def test_nothing_is_given_unless_somebody_says_so():
    given = COMMANDS["train"].make_context("train", ["--epochs", "3", "--no-augment"]).params
    chosen = {name: given[name] for name in SETTINGS if given[name] is not None}
    assert chosen == {"epochs": 3, "augment": False}
