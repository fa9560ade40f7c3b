"""A training whose batches are shared among several devices, here two halves of one CPU."""

import json
from pathlib import Path

import numpy as np
import pytest

import cnn
from cnn import Run, TrainingConfig
from tests import forked

# Twelve batches of 64 pictures and one of 57, which is one too few for two devices.
SETTINGS = {
    "dataset": "digits", "epochs": 2, "batch_size": 64, "seed": 2, "learning_rate": 0.003,
    "augment": False,
}  # fmt: skip

ON_TWO_DEVICES = """
import json, sys
from pathlib import Path
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import cnn
from cnn import Run, TrainingConfig, training

home, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
training._strategy = lambda: strategy
assert strategy.num_replicas_in_sync == 2

cnn.train(TrainingConfig.from_flat(settings), into=home / "whole")

def cancel(event):
    if event.kind == "batch" and (event.status.epoch, event.status.batch) == (2, 3):
        Run(home / "resumed").ask_to_cancel()

cut = cnn.train(TrainingConfig.from_flat(settings), into=home / "resumed", on_event=cancel)
assert cut.history["epoch"].tolist() == [1]
cut.renew()
training.work_on(cut)
# Batches that do not divide by two, and a last one that has a picture for one device only.
cnn.train(
    TrainingConfig.from_flat({**settings, "batch_size": 103, "epochs": 1, "batch_norm": True}),
    into=home / "uneven",
)
"""


@pytest.fixture(scope="module")
def on_one(tmp_path_factory) -> Run:
    return cnn.train(
        TrainingConfig.from_flat(SETTINGS), into=tmp_path_factory.mktemp("one") / "run"
    )


@pytest.fixture(scope="module")
def on_two(tmp_path_factory) -> Path:
    """The folder of the runs of a process with two devices."""
    home = tmp_path_factory.mktemp("two")
    forked.run("-c", ON_TWO_DEVICES, str(home), json.dumps(SETTINGS), log=home / "log")
    return home


def weights(run: Run):
    return cnn.load_model(run.model_path).get_weights()


def test_two_devices_make_the_steps_that_one_makes(on_one, on_two):
    run = Run(on_two / "whole")
    assert run.status.state == "finished"
    steps = [run.batches[["epoch", "batch"]].to_numpy().tolist() for run in (on_one, run)]
    assert steps[0] == steps[1] == [[epoch, batch] for epoch in (1, 2) for batch in range(1, 14)]
    assert run.moments == on_one.moments
    assert list(run.batches.columns) == list(on_one.batches.columns)


def test_they_learn_what_one_learns(on_one, on_two):
    run = Run(on_two / "whole")
    first, second = run.history["loss"]
    assert second < 0.7 * first
    np.testing.assert_allclose(run.history["loss"], on_one.history["loss"], rtol=0.03)
    np.testing.assert_allclose(run.history["val_loss"], on_one.history["val_loss"], rtol=0.03)
    scores = [cnn.runs.facts(run)["scores"]["digits test"] for run in (on_one, run)]
    assert scores[0] == pytest.approx(scores[1], abs=0.03)


def test_losses_and_gradients_are_those_of_the_whole_batch(on_one, on_two):
    here, there = on_one.batches.iloc[0], Run(on_two / "whole").batches.iloc[0]
    assert there["loss"] == pytest.approx(here["loss"], rel=1e-4)
    assert there["learning_rate"] == here["learning_rate"]
    for column in (name for name in here.index if name.startswith("gradient ")):
        assert there[column] == pytest.approx(here[column], rel=1e-3), column


def test_they_resume_where_they_were(on_two):
    whole, resumed = Run(on_two / "whole"), Run(on_two / "resumed")
    assert resumed.status.state == "finished"
    assert resumed.history["epoch"].tolist() == [1, 2]
    np.testing.assert_allclose(resumed.history["loss"], whole.history["loss"], rtol=1e-3)
    for one, other in zip(weights(whole), weights(resumed), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_no_device_is_left_without_a_picture(on_two):
    run = Run(on_two / "uneven")
    assert run.status.state == "finished"
    assert len(run.batches) == 9
    assert np.isfinite(run.batches.to_numpy()).all()
