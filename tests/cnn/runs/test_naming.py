import pytest

from cnn import TrainingConfig, runs
from cnn.data.names import data_name
from cnn.runs.naming import MOST_NAME, automatic, in_words, unique
from cnn.runs.run import Note
from cnn.training import lessons


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (TrainingConfig(), "MNIST · Adam 0.001 · 5 epochs"),
        (TrainingConfig("digits", epochs=1, optimizer="sgd", learning_rate=0.1),
         "embedded digits · SGD 0.1 · 1 epoch"),
        (TrainingConfig("fashion_mnist", optimizer="momentum", learning_rate=1e-6),
         "Fashion-MNIST · SGD with momentum 1e-06 · 5 epochs"),
        (TrainingConfig("/data/my pictures"), "my pictures · Adam 0.001 · 5 epochs"),
    ],
)  # fmt: skip
def test_a_run_is_named_after_its_data_optimiser_rate_and_epochs(config, name):
    assert automatic(config) == name


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("dataset", "/data/my pictures", ("data", "my pictures")),
        ("dropout", 0.125, ("dropout %", "12.5")),
        ("learning_rate", 1e-6, ("learning rate", "1e-06")),
        ("optimizer", "momentum", ("optimiser", "SGD with momentum")),
        ("batch_norm", True, ("batch normalisation", "yes")),
    ],
)
def test_a_setting_is_told_in_words(name, value, told):
    assert in_words(name, value) == told


def test_a_long_folder_keeps_a_name_that_is_short_enough():
    config = TrainingConfig("/data/" + "x" * 3000, optimizer="momentum", learning_rate=0.123456)
    assert len(automatic(config)) <= MOST_NAME
    assert data_name("/") == "a folder"


def test_a_taken_name_gets_the_next_number():
    assert unique("One", ["Two"]) == "One"
    assert unique("One", ["One"]) == "One (2)"
    assert unique("One", ["One", "One (2)", "One (4)"]) == "One (3)"
    long = "x" * MOST_NAME
    assert len(unique(long, [long])) <= MOST_NAME


def test_runs_of_the_same_settings_and_lessons_are_told_apart_for_good(tmp_path):
    made = [runs.create(tmp_path, TrainingConfig()) for _ in range(3)]
    plain = "MNIST · Adam 0.001 · 5 epochs"
    assert [run.name for run in made] == [plain, f"{plain} (2)", f"{plain} (3)"]
    taught = [runs.create(tmp_path, TrainingConfig(), note=lessons.note("equal")) for _ in "ab"]
    assert taught[1].note == Note(f"{lessons.LESSONS['equal'].name} (2)", taught[0].note.text)
    made[0].delete()
    assert [run.name for run in made[1:]] == [f"{plain} (2)", f"{plain} (3)"]


def test_a_run_in_a_folder_of_ones_own_is_called_as_the_folder(tmp_path):
    assert runs.create(tmp_path, TrainingConfig(), "mine").name == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_run_from_before_runs_had_names_is_called_by_its_id(tmp_path):
    run = runs.create(tmp_path, TrainingConfig())
    (run.path / "note.json").unlink()
    assert run.name == run.id
