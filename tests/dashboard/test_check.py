"""`cnn-dashboard check`, as a process."""

import io
import os
import re
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image
from rich.console import Console

import cnn
from cnn.models import as_functional
from dashboard.report import print_report
from tests import nets
from tests.forked import Fork


def _lines(text):
    """The lines of a terminal, whatever its width: a title stands in the middle."""
    return [line.strip() for line in text.strip().splitlines()]


@pytest.fixture
def check(tmp_path):
    def check(*given):
        command = ("-m", "dashboard", "check", *map(str, given))
        environment = {**os.environ, "CNN_DATA_DIR": str(tmp_path), "COLUMNS": "120"}
        said = [tmp_path / name for name in ("output", "errors")]
        for one in said:
            one.write_text("")
        status = Fork(command, environment, *said).wait(300)
        stdout, stderr = (one.read_text() for one in said)
        return SimpleNamespace(returncode=status, stdout=stdout, stderr=stderr)

    return check


def test_without_a_file_the_bundled_classifier_is_checked_as_the_readme_shows_it(check, classifier):
    done = check()
    assert done.returncode == 0, done.stderr
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = readme.split("$ cnn-dashboard check\n")[1]
    assert _lines(shown.split("```")[0]) == _lines(done.stdout)
    for info in cnn.layer_infos(classifier):
        assert info.name in done.stdout
    assert "output dense_1: 10 class probabilities" in done.stdout
    assert "input: pictures of 28×28×1, divided by 255, as the model's card says" in done.stdout
    assert "classes: 0, 1, 2, 3, 4, 5, 6, 7, 8 and 9\n" in done.stdout
    assert "1,000 of the 1,797 pictures of embedded digits," in done.stdout
    assert "Softmax: nothing found" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_model_is_checked_with_a_folder_of_pictures(check, tmp_path):
    model = nets.ending(
        layers.Dense(8, activation="relu", name="[bold]units"),
        layers.Dense(2, activation="softmax", name="classes"),
        layers.Softmax(name="again"),
    )
    kernel, bias = model.get_layer("[bold]units").get_weights()
    kernel = np.abs(kernel)
    kernel[:, 3], bias[3] = 0, -1
    model.get_layer("[bold]units").set_weights([kernel, bias])
    wrong = cnn.models.Card(class_names=("ape", "bee", "cat"))
    cnn.save_model(model, tmp_path / "planted.keras")
    cnn.save_model(model, tmp_path / "named.keras", card=wrong)
    for name in ("ape", "bee"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for grey in range(0, 250, 10):
            Image.new("L", (6, 6), grey).save(tmp_path / "pictures" / name / f"{grey}.png")
    (tmp_path / "pictures" / "bee" / "0.tif").write_bytes(b"II*")
    done = check(tmp_path / "planted.keras", "--data", tmp_path / "pictures")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "Left out: 1 file of other kinds (1 .tif); pictures are read from"
    )
    assert "classes: 0 and 1 (no card beside the file names them)\n" in done.stdout
    assert "warning [bold]units: 1 of 8 units (3) is dead over the sample" in done.stdout
    assert "fault again: A softmax of what classes already made" in done.stdout
    assert "all 50 pictures of pictures.\n" in done.stdout
    done = check(tmp_path / "named.keras", "--data", tmp_path / "pictures")
    assert (
        "classes: 0 and 1\nThe card gives 3 class names, and the output has 2: none" in done.stdout
    )


def test_what_cannot_be_opened_ends_with_one_sentence_and_status_1(check, tmp_path):
    done = check(tmp_path / "missing.keras")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no file missing.keras")
    picture = keras.Input((28, 28, 1))
    x = layers.Flatten()(layers.Lambda(lambda t: t * 2)(picture))
    keras.Model(picture, layers.Dense(2, activation="softmax")(x)).save(tmp_path / "lambda.keras")
    done = check(tmp_path / "lambda.keras")
    assert (done.returncode, done.stdout) == (1, "")
    assert "needs arbitrary Python code to run" in done.stderr
    assert "Traceback" not in done.stderr
    words = keras.Input((12,), dtype="int32")
    text = keras.Model(words, layers.Dense(2)(layers.Flatten()(layers.Embedding(50, 4)(words))))
    cnn.save_model(text, tmp_path / "text.keras")
    done = check(tmp_path / "text.keras")
    assert (done.returncode, done.stdout) == (1, "")
    assert "expected one picture" in done.stderr
    assert "Traceback" not in done.stderr
    done = check("--data", "nonsense")
    assert done.returncode == 1
    assert "There is no data set 'nonsense'" in done.stderr


def test_a_network_beyond_the_limits_of_its_process_ends_with_one_sentence(check, tmp_path):
    picture = keras.Input((150, 146, 1))
    cells = layers.Reshape((21_900, 1))(picture)
    # The scores between all cells have 1.9 GB, and their softmax as many again.
    pooled = layers.GlobalAveragePooling1D()(layers.Attention()([cells, cells]))
    keras.Model(picture, layers.Dense(2)(pooled)).save(tmp_path / "attention.keras")
    done = check(tmp_path / "attention.keras", "--model-gigabytes", "2")
    assert (done.returncode, done.stdout) == (1, "")
    assert "attention.keras needed more than 2 GB of memory to be opened" in done.stderr
    done = check(tmp_path / "attention.keras", "--model-seconds", "0.01")
    assert (done.returncode, done.stdout) == (1, "")
    assert "attention.keras needed more than 0.01 s to be opened" in done.stderr


def _two_inputs():
    picture, number = keras.Input((6, 6, 1), name="picture"), keras.Input((2,), name="weather")
    both = layers.Concatenate()([layers.Flatten()(picture), number])
    return keras.Model([picture, number], layers.Dense(3, "softmax", name="last")(both))


def _units(count, activation=None):
    return lambda: nets.ending(layers.Dense(count, activation=activation, name="last"))


FIRST = "(to be chosen in the panel: the first is shown)"
HEADS = {
    "softmax": (_units(3, "softmax"), ["last: 3 class probabilities"]),
    "logits": (_units(3), ["last: 3 sums, one per class"]),
    "one sigmoid": (_units(1, "sigmoid"), ["last: one score between 0 and 1"]),
    "multi-label": (_units(5, "sigmoid"), ["last: 5 separate scores between 0 and 1"]),
    "one number": (_units(1), ["last: one number"]),
    "several numbers": (_units(4, "tanh"), ["last: 4 numbers that are no probabilities"]),
    "embedding": (_units(32), ["last: 32 numbers that are no probabilities"]),
    "segmentation": (
        nets.segmenting, ["classes: 12×12×3 numbers, at each cell 3 class probabilities"],
    ),
    "autoencoder": (nets.autoencoder, ["image: 12×12×1 numbers, and not one per class"]),
    "several outputs": (
        nets.several_outputs,
        [
            "even: one score between 0 and 1",
            f"digit: 10 class probabilities {FIRST}",
            f"box: 4 numbers that are no probabilities {FIRST}",
            f"maps: 10×10×3 numbers, and not one per class {FIRST}",
        ],
    ),
    "several inputs": (_two_inputs, ["last: 3 class probabilities"]),
}  # fmt: skip


def _told(model):
    """What is told of a model that is open, over the embedded digits."""
    terminal = Console(file=io.StringIO(), width=120)
    print_report(terminal, model, cnn.load_dataset("digits"))
    return terminal.file.getvalue()


@pytest.mark.parametrize("kind", HEADS)
def test_every_kind_of_output_is_told_by_what_it_is(kind):
    make, outputs = HEADS[kind]
    told = _told(as_functional(make()))
    lines = told.splitlines()
    assert [line for line in lines if line.startswith("output ")] == [
        f"output {o}" for o in outputs
    ]
    has_classes = kind in ("softmax", "logits", "several inputs")
    assert any(line.startswith("classes: 0, 1 and 2") for line in lines) == has_classes
    if kind in ("one number", "several numbers", "embedding", "segmentation", "autoencoder"):
        assert "the network tells" not in told
    if not has_classes and kind not in ("several outputs", "segmentation"):
        assert not re.search("%|probabilit|runner-up", told.replace("no probabilities", ""))


def test_a_model_with_a_further_input_ends_with_status_0(check, tmp_path):
    cnn.save_model(_two_inputs(), tmp_path / "own.keras")
    done = check(tmp_path / "own.keras")
    assert (done.returncode, done.stderr) == (0, "")
    assert "weather" in done.stdout.split("input: ")[1]


class Styled(layers.Layer):
    """A layer that only its author has."""


def test_what_a_file_says_is_no_markup_of_the_terminal(check, tmp_path):
    name = "[bold red]x[/]"
    with keras.saving.custom_object_scope({name: Styled}):
        Styled.__name__ = name
        keras.Sequential([keras.Input((4, 4, 1)), Styled()]).save(tmp_path / "m.keras")
    done = check(tmp_path / "m.keras")
    assert done.returncode == 1
    assert "needs the class '[bold red]x[/]'" in done.stderr
