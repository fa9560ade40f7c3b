import json
import math
import shlex
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn import Architecture, RunError, TrainingConfig, runs
from cnn.models.architecture import Activation, Initial, Padding, Pooling
from cnn.runs.configuration import SETTINGS, Optimizer, Order, Schedule, differences, optimizer
from cnn.training import lessons
from dashboard.cli import app

architectures = st.builds(
    Architecture,
    blocks=st.integers(1, 6),
    filters=st.integers(1, 256),
    kernel=st.integers(1, 11),
    stride=st.integers(1, 4),
    padding=st.sampled_from(get_args(Padding)),
    pooling=st.sampled_from(get_args(Pooling)),
    dense=st.integers(0, 2048),
    dropout=st.floats(0, 0.9),
    batch_norm=st.booleans(),
    activation=st.sampled_from(get_args(Activation)),
    initial=st.sampled_from(get_args(Initial)),
)
configs = st.builds(
    TrainingConfig,
    dataset=st.sampled_from(["mnist", "digits", "/data/my pictures", "it's"]),
    epochs=st.integers(1, 1000),
    batch_size=st.integers(1, 8192),
    learning_rate=st.floats(0, 100, exclude_min=True),
    augment=st.booleans(),
    seed=st.integers(0, 2**31 - 1),
    save_to=st.sampled_from(["", "/tmp/mine.keras"]),
    optimizer=st.sampled_from(get_args(Optimizer)),
    schedule=st.sampled_from(get_args(Schedule)),
    patience=st.integers(0, 1000),
    share=st.floats(0, 1, exclude_min=True),
    order=st.sampled_from(get_args(Order)),
    wrong_labels=st.floats(0, 1),
    deterministic=st.booleans(),
    architecture=architectures,
)


@settings(deadline=None)
@given(configs)
def test_a_config_comes_back_from_json(config):
    assert TrainingConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@settings(deadline=None)
@given(configs)
def test_a_config_comes_back_from_its_settings_by_name(config):
    assert TrainingConfig.from_flat(config.flat()) == config


@settings(deadline=None, max_examples=30)
@given(configs)
def test_the_command_trains_the_same_thing(config):
    program, name, *words = shlex.split(config.command())
    assert (program, name) == ("cnn-dashboard", "train")
    parser = typer.main.get_command(app).commands["train"]
    given = parser.make_context("train", words).params
    again = lessons.config(
        "", {name: value for name, value in given.items() if name in SETTINGS and value is not None}
    )
    assert differences([config, again]) == {}
    assert again.save_to == ""


def test_the_command_says_what_is_not_as_usual_and_little_more():
    usual = "cnn-dashboard train --data mnist --epochs 5 --batch-size 128 --learning-rate 0.001"
    assert TrainingConfig().command() == f"{usual} --seed 0"
    changed = TrainingConfig(augment=False, architecture=Architecture(batch_norm=True))
    assert set(shlex.split(changed.command())) - set(shlex.split(TrainingConfig().command())) == {
        "--no-augment",
        "--batch-norm",
    }


def test_a_run_from_before_there_were_so_many_settings_still_has_its_config(tmp_path):
    run = runs.create(tmp_path, TrainingConfig())
    old = {"dataset": "digits", "epochs": 24, "batch_size": 64, "learning_rate": 0.002, "seed": 7}
    (run.path / "config.json").write_text(json.dumps({**old, "augment": False, "save_to": ""}))
    assert run.config == TrainingConfig(**old, augment=False)
    (run.path / "config.json").write_text(json.dumps({"architecture": {"blocks": 3}}))
    assert run.config == TrainingConfig(architecture=Architecture(blocks=3))


@pytest.mark.parametrize(
    "text",
    ["", "[]", '"mnist"', '{"epochs": "5"}', '{"colour": "red"}', '{"architecture": {"depth": 1}}'],
)
def test_a_config_that_is_none_is_refused_by_the_name_of_its_run(tmp_path, text):
    run = runs.create(tmp_path, TrainingConfig())
    (run.path / "config.json").write_text(text)
    with pytest.raises(RunError):
        _ = run.config


def test_differences_are_the_settings_that_are_not_the_same_everywhere():
    one = TrainingConfig("digits", epochs=3, share=1.0, save_to="one.keras")
    two = TrainingConfig("digits", epochs=4, share=1, architecture=Architecture(dropout=0.5))
    assert differences([one, two, one]) == {"epochs": [3, 4, 3], "dropout": [0.0, 0.5, 0.0]}
    assert differences([one, one]) == differences([one]) == differences([]) == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 0}, "epochs is 0: give a whole number from 1 to 1000"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"batch_size": 10**9}, "from 1 to 8192"),
        ({"learning_rate": 0}, "learning_rate is 0: give a number above 0, up to 100"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"learning_rate": "0.1"}, "learning_rate is '0.1'"),
        ({"seed": -1}, "seed is -1"),
        ({"patience": -1}, "patience is -1"),
        ({"share": 0.0}, "share is 0.0: give a number above 0, up to 1"),
        ({"share": 1.5}, "share is 1.5"),
        ({"wrong_labels": 1.1}, "wrong_labels is 1.1: give a number from 0 to 1"),
        ({"optimizer": "lion"}, "optimizer is 'lion': give one of adam, adamw, rmsprop"),
        ({"schedule": ""}, "schedule is '': give one of cosine, constant, steps, warmup"),
        ({"order": "random"}, "order is 'random': give one of shuffled, stored, by_class"),
        ({"save_to": "model.txt"}, "must end in .keras or .h5"),
        (
            {"dataset": {"type": "Iframe", "namespace": "x", "props": {}}},
            "dataset is {.*: give a text",
        ),
        ({"dataset": "a" * 5000}, "dataset is '.*': give a text in one line, of at most 4,096"),
        ({"dataset": "digits\n"}, "give a text in one line"),
        ({"save_to": Path("model.keras")}, "save_to is .*: give a text"),
        ({"epochs": True}, "epochs is True: give a whole number"),
        ({"epochs": np.int64(5)}, "epochs is .*5.*: give a whole number"),
        ({"share": np.float32(0.5)}, "share is .*0.5.*: give a number"),
        ({"learning_rate": False}, "learning_rate is False"),
        ({"learning_rate": math.inf}, "learning_rate is inf"),
        ({"optimizer": ["adam"]}, "optimizer is .'adam'.: give one of"),
        ({"schedule": np.array(["cosine", "steps"])}, "schedule is .*: give one of"),
        ({"augment": 1}, "augment is 1: give True or False"),
        ({"deterministic": "yes"}, "deterministic is 'yes': give True or False"),
        ({"architecture": {"blocks": 2}}, "architecture is no Architecture"),
    ],
)
def test_impossible_settings_are_refused_with_what_is_accepted(changes, words):
    with pytest.raises(RunError, match=words) as refused:
        TrainingConfig(**changes)
    assert len(str(refused.value)) < 200


def test_a_switch_of_the_network_is_no_number():
    with pytest.raises(RunError, match="batch_norm is 1: give True or False"):
        Architecture(batch_norm=1)


def test_a_component_in_the_place_of_a_data_set_is_no_run(tmp_path):
    run = runs.create(tmp_path, TrainingConfig())
    raw = TrainingConfig().to_json() | {
        "dataset": {"type": "Iframe", "namespace": "x", "props": {}}
    }
    (run.path / "config.json").write_text(json.dumps(raw))
    with pytest.raises(RunError):
        _ = run.config


def rates(schedule, *, epochs=4, batches=25) -> np.ndarray:
    """The learning rate before each step of a training."""
    import keras

    made = optimizer(TrainingConfig(epochs=epochs, schedule=schedule, learning_rate=0.1), batches)
    made.build([keras.Variable([0.0])])
    given = []
    for step in range(epochs * batches):
        made.iterations.assign(step)
        given.append(float(made.learning_rate))
    return np.array(given)


def test_a_constant_rate_stays():
    assert set(rates("constant").round(6)) == {0.1}


def test_a_cosine_falls_to_zero_half_way_at_its_steepest():
    given = rates("cosine")
    steps = np.arange(100)
    np.testing.assert_allclose(given, 0.05 * (1 + np.cos(np.pi * steps / 100)), atol=1e-6)


def test_steps_divide_by_ten_after_half_and_after_three_quarters():
    given = rates("steps")
    np.testing.assert_allclose(given[:50], 0.1, rtol=1e-5)
    np.testing.assert_allclose(given[52:75], 0.01, rtol=1e-5)
    np.testing.assert_allclose(given[77:], 0.001, rtol=1e-5)


def test_a_warm_start_rises_over_a_tenth_and_falls_along_a_cosine():
    given = rates("warmup")
    assert given.argmax() == 10
    assert given[10] == pytest.approx(0.1)
    assert (np.diff(given[:11]) > 0).all()
    assert (np.diff(given[10:]) < 0).all()
    assert given[-1] < 0.001


@pytest.mark.parametrize("schedule", get_args(Schedule))
def test_a_training_of_one_step_makes_it_at_the_rate_that_was_asked_for(schedule):
    assert rates(schedule, epochs=1, batches=1) == pytest.approx([0.1])


@pytest.mark.parametrize(
    ("name", "kind", "momentum"),
    [
        ("adam", "Adam", None),
        ("adamw", "AdamW", None),
        ("rmsprop", "RMSprop", 0.0),
        ("momentum", "SGD", 0.9),
        ("sgd", "SGD", 0.0),
    ],
)
def test_the_optimiser_is_the_one_that_was_named(name, kind, momentum):
    made = optimizer(TrainingConfig(optimizer=name), 10)
    assert type(made).__name__ == kind
    assert getattr(made, "momentum", None) == momentum
