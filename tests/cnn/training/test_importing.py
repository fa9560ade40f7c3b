"""Checkpoints that lie around become a run."""

import json
import pickle
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn import Moment
from cnn.errors import CnnError
from cnn.training import importing, numbering
from cnn.training.importing import import_checkpoints

# In the order of a directory, not in that of the training.
EPOCHS = (10, 2, 1)
KINDS = ("keras", "h5", "weights.h5")
CURVES = {"accuracy": [0.25, 0.5], "loss": [2.0, 1.0], "val_loss": [2.5, 1.5]}


def network(filters=2, *, extra=()):
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(filters, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, name="dropout"),
            layers.GlobalAveragePooling2D(name="means"),
            *extra,
            layers.Dense(3, activation="softmax", name="classes"),
        ]
    )


def filled(model, number):
    model.set_weights([np.full(w.shape, number, np.float32) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A network's file, and a folder of checkpoints per kind: all weights are the epoch's number."""
    place = tmp_path_factory.mktemp("made")
    model = network()
    keras.Model(model.inputs, model.outputs).save(place / "net.keras")
    model.compile("adam", "mse")
    for kind in KINDS:
        (place / kind).mkdir()
        for epoch in EPOCHS:
            filled(model, epoch)
            path = place / kind / f"epoch{epoch}-{7 * epoch % 5}.{kind}"
            model.save_weights(path) if kind == "weights.h5" else model.save(path)
    (place / "curves.csv").write_text(
        "epoch;acc;loss;lr;val_loss\n0;0.25;2.0;0.1;NA\n1;0.5;1.0;0.1;1.5\n"
    )
    (place / "curves.json").write_text(json.dumps(CURVES))
    return place


# Keras warns that `.h5` is its older format.
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_of_checkpoints_is_a_run_in_their_natural_order(made, kind, tmp_path):
    run = import_checkpoints(made / kind, made / "net.keras", tmp_path)
    assert run.moments == (Moment(1), Moment(2), Moment(10))
    for moment in run.moments:
        assert all((weights == moment.epoch).all() for weights in run.weights(moment))
    loaded = cnn.load_model(run.model_path)
    assert all((weights == 10).all() for weights in loaded.get_weights())
    assert (run.id, run.status.state, run.damaged, len(run.history)) == (kind, "finished", "", 0)
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == [kind]


def test_checkpoints_of_several_kinds_are_one_training(made, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for kind, epoch in zip(KINDS, EPOCHS, strict=True):
        (path,) = (made / kind).glob(f"epoch{epoch}-*")
        shutil.copy(path, folder / path.name)
    run = import_checkpoints(folder, made / "net.keras", tmp_path / "runs")
    assert run.moments == (Moment(1), Moment(2), Moment(10))
    for moment in run.moments:
        assert all((weights == moment.epoch).all() for weights in run.weights(moment))


@pytest.mark.parametrize("curves", ["curves.csv", "curves.json"])
def test_the_curves_are_those_of_the_file(made, curves, tmp_path):
    run = import_checkpoints(made / "keras", made / "net.keras", tmp_path, history=made / curves)
    table = run.history
    assert table["epoch"].tolist() == [1, 2]
    assert (table["loss"].tolist(), table["accuracy"].tolist()) == ([2.0, 1.0], [0.25, 0.5])
    assert table["val_loss"].iloc[-1] == 1.5
    assert (run.status.loss, run.status.accuracy) == (1.0, 0.5)
    assert run.moments == (Moment(1), Moment(2), Moment(10))


def test_the_epochs_of_a_log_are_those_of_its_column_and_the_last_row_of_each_counts(
    made, tmp_path
):
    log, told = tmp_path / "log.csv", []
    log.write_text("epoch,loss\n0,9\n9,3\n1,8\n9,2\n")
    run = import_checkpoints(
        made / "keras", made / "net.keras", tmp_path, history=log, tell=told.append
    )
    assert run.history[["epoch", "loss"]].values.tolist() == [[1, 9], [2, 8], [10, 2]]
    assert (run.moments, run.planned_epochs) == ((Moment(1), Moment(2), Moment(10)), 10)
    assert told == [
        "log.csv has 1 row of an epoch that comes again, as when a training is resumed: the last row of "
        "each epoch is taken."
    ]


def test_what_is_drawn_is_said_where_it_has_another_name(made, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("epoch,my_loss,a_accuracy,b_accuracy,top_k_accuracy\n0,2,0.25,0.5,1\n")
    run = import_checkpoints(made / "keras", made / "net.keras", tmp_path, history=log)
    assert run.history[["loss", "accuracy"]].values.tolist() == [[2, 0.25]]
    assert (run.recorded.settings["loss drawn"], run.recorded.settings["accuracy drawn"]) == (
        "my_loss", "a_accuracy, the first of a_accuracy and b_accuracy",
    )  # fmt: skip


ODD = "Left out, since the name tells no epoch as those of the others do: "
PLACES = "The names of the checkpoints count no epochs"


@pytest.mark.parametrize(
    ("names", "known", "epochs", "told"),
    [
        (["w.01-2.34.h5", "w.02-1.90.h5", "w.05-1.90.h5"], [], [1, 2, 5], []),
        (["ckpt-0.h5", "ckpt-5.h5"], [*range(1, 10)], [0, 5], []),
        (["ep6.h5", "ep7.h5"], [6, 7], [6, 7], []),
        (["m_1.weights.h5", "m_5.keras", "m_10.h5"], [], [1, 5, 10], []),
        (["a1-7.h5", "a1-8.h5"], [], [7, 8], []),
        (["epoch7.keras"], [], [7], []),
        (["best.h5", "e1.h5", "e2.h5"], [], [1, 2], [f"{ODD}best.h5."]),
        (["e1.h5", "e2.h5", "x9.h5"], [], [1, 2], [f"{ODD}x9.h5."]),
        (["epoch3.h5", "last.h5"], [], [3], [f"{ODD}last.h5."]),
        (
            ["e1.h5", "e2.h5", "e4.h5"], [1, 2], [1, 2, 4],
            ["The curves have 2 epochs (1 to 2), and nothing of the checkpoints after epoch 4."],
        ),
        (
            ["step1200.h5", "step99999.h5"], [], [1, 2],
            [f"{PLACES}: they are numbered in the order of their names, from 1 on."],
        ),
        (
            ["s100.h5", "s200.h5"], [6, 7], [6, 7],
            [f"{PLACES} of the curves: they are numbered in the order of their names, from 6 on."],
        ),
        (
            ["best.keras"], [], [1],
            [f"{PLACES}: they are numbered in the order of their names, from 1 on."],
        ),
        (
            ["a1.h5", "a2.h5", "b1.h5", "b2.h5"], [], [1, 2, 3, 4],
            [f"{PLACES}: they are numbered in the order of their names, from 1 on."],
        ),
    ],
)  # fmt: skip
def test_an_epoch_is_what_most_names_count_and_what_does_not_fit_is_told(
    names, known, epochs, told
):
    found = numbering.numbered(names, known)
    assert (list(found.epochs.values()), found.told) == (epochs, told)


def test_the_network_beside_its_checkpoints_is_none_of_them(tmp_path):
    for name in ("epoch10.h5", "epoch2.h5", "model.h5"):
        (tmp_path / name).touch()
    for model, found in (
        ("model.h5", ["epoch2.h5", "epoch10.h5"]),
        ("epoch2.h5", ["epoch2.h5", "epoch10.h5", "model.h5"]),
    ):
        paths = importing.checkpoints(tmp_path, tmp_path / model)
        assert [path.name for path in paths] == found


SHAPES = "layer conv.* have the shape \\(3, 3, 1, 4\\) in the checkpoint and \\(3, 3, 1, 2\\)"
OTHERS = {
    "more filters": (lambda: network(4), SHAPES, SHAPES),
    "a layer more": (
        lambda: network(extra=[layers.Reshape((1, 2)), layers.Conv1D(2, 1), layers.Flatten()]),
        "layer classes|10 arrays|shape", "10 arrays of weights, and the network 8",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", OTHERS)
def test_weights_of_another_network_are_refused_and_nothing_is_left(made, kind, other, tmp_path):
    folder, runs = tmp_path / "folder", tmp_path / "runs"
    folder.mkdir()
    make, *why = OTHERS[other]
    path = folder / f"epoch1.{kind}"
    model = make()
    model.save_weights(path) if kind == "weights.h5" else model.save(path)
    with pytest.raises(CnnError, match=why[kind == "weights.h5"]) as error:
        import_checkpoints(folder, made / "net.keras", runs)
    assert str(error.value).startswith(f"epoch1.{kind} does not fit net.keras: ")
    assert not [found for found in runs.iterdir() if found.is_dir()]


BAD_CURVES = {
    "curves.csv": [b"", b"a,b\n1,2\n", b"epoch,loss\n", b"epoch,loss\n0,low\n", b"epoch,loss\n-1,2\n",
                   b"\xff\xfe\x00"],
    "curves.json": [b"[]", b'{"loss": 3}', b'{"loss": [1], "acc": [1, 2]}', b'{"loss": ["x"]}', b"{",
                    b"[" * 5000],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"), [(name, content) for name, ways in BAD_CURVES.items() for content in ways]
)
def test_what_has_no_curves_is_refused_in_a_sentence(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CnnError, match=f"{name} has no curves"):
        importing._history(tmp_path / name, print)


@pytest.mark.parametrize("name", ["history.pkl", "history.json", "history"])
def test_a_pickle_of_the_curves_is_read_whatever_it_is_called(name, tmp_path):
    (tmp_path / name).write_bytes(pickle.dumps({"loss": [2.0, 1.0]}))
    rows, _ = importing._history(tmp_path / name, print)
    assert [(row["epoch"], row["loss"]) for row in rows] == [(1, 2.0), (2, 1.0)]


def test_a_folder_without_checkpoints_and_a_file_that_is_none_are_named(made, tmp_path):
    with pytest.raises(CnnError, match="no folder nowhere"):
        import_checkpoints(tmp_path / "nowhere", made / "net.keras", tmp_path)
    with pytest.raises(CnnError, match="has no checkpoints"):
        import_checkpoints(tmp_path, made / "net.keras", tmp_path)
    for name in ("a.weights.h5", "a.h5", "a.keras"):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        (folder / name).write_bytes(b"nothing")
        with pytest.raises(CnnError, match=name):
            import_checkpoints(folder, made / "net.keras", tmp_path / "runs")


@pytest.mark.parametrize("name", ["a.weights.h5", "a.h5"])
def test_weights_alone_that_break_the_library_are_refused(made, tmp_path, name):
    network().save_weights(tmp_path / "a.weights.h5")
    path = (tmp_path / "a.weights.h5").rename(tmp_path / name)
    with h5py.File(path, "a") as file:
        file["layers/conv2d/vars/0"].attrs["dtype"] = "bfloat16"
    of_text, of_nothing = (b"dtype" + bytes(3) + b"\x19" + kind for kind in (b"\x01", b"\xf9"))
    assert of_text in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(of_text, of_nothing))
    with pytest.raises(CnnError, match=f"{name} is damaged: the library that reads HDF5 files"):
        import_checkpoints(tmp_path, made / "net.keras", tmp_path / "runs")


def test_weights_alone_that_keras_wrote_with_theano_are_turned(tmp_path):
    file = Path(__file__).parents[2] / "keras2" / "files" / "convolved-2_0.h5"
    model, checkpoints = cnn.load_model(file), tmp_path / "checkpoints"
    model.save(tmp_path / "net.keras")
    checkpoints.mkdir()
    with h5py.File(file) as whole, h5py.File(checkpoints / "epoch1.h5", "w") as alone:
        alone.attrs.update(whole["model_weights"].attrs)
        for layer in whole["model_weights"]:
            whole.copy(f"model_weights/{layer}", alone)
    run = import_checkpoints(checkpoints, tmp_path / "net.keras", tmp_path / "runs")
    for kept, own in zip(run.weights(Moment(1)), model.get_weights(), strict=True):
        np.testing.assert_allclose(kept, own, rtol=1e-3, atol=1e-4)
