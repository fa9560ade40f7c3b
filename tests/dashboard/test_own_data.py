"""Data sets of other makers and one's own pictures, from the form to the network that a worker trains."""

import gzip
import os
import pickle
import subprocess

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import cnn
from cnn.data import cifar
from cnn.data.idx import FASHION
from dashboard import serving
from dashboard.app import create_app, runtime_of
from dashboard.cli import app as command_line
from dashboard.runs import start
from dashboard.runs.form import FIELDS, OWN
from dashboard.settings import Settings
from pages import training
from tests.forked import Fork

LABELS = [n % 10 for n in range(40)]
PETS, SHAPES = ("cat", "dog"), ("circle", "square", "star")


def pixels(*shape):
    return np.random.default_rng(0).integers(0, 256, (40, *shape), np.uint8)


def write_fashion(folder):
    """The four files of Fashion-MNIST in its format, IDX."""
    folder.mkdir()
    for prefix in ("train", "t10k"):
        labels = np.array(LABELS, np.uint8)
        for kind, array in (("images-idx3", pixels(28, 28)), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            content = gzip.compress(head + array.tobytes())
            (folder / f"{prefix}-{kind}-ubyte.gz").write_bytes(content)


def write_cifar10(folder):
    """A batch and the test batch of CIFAR-10 in its format, pickles of rows."""
    folder.mkdir()
    for name in ("data_batch_1", "test_batch"):
        batch = {b"data": pixels(3072), b"labels": LABELS}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))


def write_torchvision(folder):
    """Fashion-MNIST where torchvision unpacks it, in a folder of any name."""
    folder.mkdir()
    write_fashion(folder / "raw")
    for path in (folder / "raw").glob("*labels*"):
        first = (
            (9, 0, 0, 3, 0, 2, 7, 2, 5, 5)
            if "train" in path.name
            else (9, 2, 1, 1, 6, 1, 4, 6, 5, 7)
        )
        content = gzip.decompress(path.read_bytes())
        path.write_bytes(gzip.compress(content[:8] + bytes(first) + content[18:]))


def write_cifar10_binary(folder):
    folder.mkdir()
    rows = np.hstack([np.array(LABELS, np.uint8)[:, None], pixels(3072)]).tobytes()
    for name in ("data_batch_1.bin", "test_batch.bin"):
        (folder / name).write_bytes(rows)


def write_cifar100(folder):
    folder.mkdir()
    labels = {b"fine_labels": [99 - n for n in LABELS], b"coarse_labels": LABELS}
    for name in ("train", "test"):
        content = {b"data": pixels(3072), **labels}
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))


def write_pets(folder):
    for name in PETS:
        (folder / name).mkdir(parents=True)
        for number, picture in enumerate(pixels(20, 24, 3)[:20]):
            Image.fromarray(picture).save(folder / name / f"{number}.png")


def write_shapes(path):
    np.savez(path, x=pixels(16, 16), y=np.arange(40) % 3, class_names=np.array(SHAPES))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_fashion(folder / "fashion_mnist")
    write_cifar10(folder / "cifar10")
    write_pets(folder / "pets")
    write_shapes(folder / "shapes.npz")
    return folder


@pytest.fixture
def queued(data, tmp_path, request_of):
    """Queue a training of an epoch on all data that the forms of servers offer.

    Each server has other pictures of its own, and all share a home. What they offer is returned by run.
    """

    def on(*own):
        home = tmp_path / "home"
        every = [
            Settings(home=home, data_dir=data, data=str(data / one), download=False) for one in own
        ]
        apps = [create_app(settings) for settings in every]
        return every[0], [offered(app) for app in apps]

    def offered(app):
        request_of(app)
        choices, chosen = training.datasets("ready")
        assert chosen == choices[0]["value"]
        runs = {}
        for choice in choices:
            given = {"dataset": choice["value"], "epochs": 1, "batch_size": 16, "augment": False}
            usual = cnn.TrainingConfig().flat()
            values = [given.get(f.name, f.in_control(usual[f.name])) for f in FIELDS]
            told, kind, *_, run = start.start(
                1, OWN, runtime_of(app).default_view().to_query(), *values
            )
            assert kind == "accepted", told
            runs[run] = choice["label"]
        return runs

    return on


@pytest.mark.parametrize(
    ("write", "names", "first"),
    [
        (write_torchvision, FASHION, "Ankle boot"),
        (write_cifar10, cifar.CLASSES, "airplane"),
        (write_cifar10_binary, cifar.CLASSES, "airplane"),
        (write_cifar100, cifar.CLASSES_OF_100, "worm"),
    ],
)
def test_original_files_of_a_data_set_are_shown_with_its_class_names(
    tmp_path, request_of, write, names, first
):
    write(tmp_path / "mine")
    home = tmp_path / "home"
    given = Settings(home=home, data_dir=home, data=str(tmp_path / "mine"), download=False)
    app = create_app(given)
    request_of(app)
    runtime = runtime_of(app)
    view = runtime.default_view()
    assert runtime.sets.classes(view.data) == names
    assert runtime.picture(view).caption.startswith(f"Label {first}\nmine test, number 0 (0 to 39)")
    assert list(runtime.sets.choices())[:2] == [f"{view.data}/test", f"{view.data}/train"]
    choices, chosen = training.datasets("ready")
    assert (choices[0]["label"], chosen) == ("mine", choices[0]["value"])
    assert cnn.load_dataset(runtime.sets.path(view.data), "train").class_names == names


def work_until_done(settings, runs):
    """Let a real worker process do what is queued."""
    own = {"CNN_HOME": str(settings.home), "CNN_DATA_DIR": str(settings.data_dir)}
    environment = {**os.environ, **own}
    log = settings.home.with_name("worker.log")
    worker = Fork(("-m", "dashboard", "worker"), environment, log)
    try:
        while any(run.status.state in ("queued", "running") for run in runs):
            assert worker.poll() is None
            try:
                worker.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
    finally:
        worker.terminate()
        worker.wait(30)


@pytest.mark.slow
def test_a_worker_trains_on_all_that_the_form_offers(queued):
    settings, (of_pets, of_shapes) = queued("pets", "shapes.npz")
    named = ["Fashion-MNIST", "CIFAR-10", "embedded digits"]
    assert list(of_pets.values()) == ["pets", *named]
    assert list(of_shapes.values()) == ["shapes.npz", *named]
    jobs, [shapes, *again] = settings.jobs, of_shapes
    for run in again:
        jobs.run(run).delete()
    runs = [jobs.run(name) for name in (*of_pets, shapes)]
    work_until_done(settings, runs)
    assert [run.status.message for run in runs] == [""] * 5
    trained = [cnn.load_model(run.model_path) for run in runs]
    assert [cnn.class_names(model) for model in trained] == [
        PETS, FASHION, cifar.CLASSES, tuple("0123456789"), SHAPES,
    ]  # fmt: skip
    assert [model.input_shape[1:] for model in trained] == [
        (20, 24, 3), (28, 28, 1), (32, 32, 3), (28, 28, 1), (16, 16, 1),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("given", "names"), [("fashion_mnist", FASHION), ("shapes.npz", SHAPES)])
def test_the_command_line_trains_on_the_same_words(data, tmp_path, monkeypatch, given, names):
    monkeypatch.chdir(data)
    options = ["--data", given, "--epochs", "1", "--batch-size", "16", "--no-augment"]
    places = ["--data-dir", str(data), "--into", str(tmp_path / "run")]
    done = CliRunner().invoke(command_line, ["train", *options, *places])
    assert done.exit_code == 0, done.output
    run = cnn.Run(tmp_path / "run")
    assert cnn.class_names(cnn.load_model(run.model_path)) == names
    # From another folder the run still finds its pictures.
    assert run.config.dataset == (given if given == "fashion_mnist" else str(data / given))


def test_data_that_are_not_there_are_refused_by_name(tmp_path):
    done = CliRunner().invoke(
        command_line, ["train", "--data", "minst", "--into", str(tmp_path / "run")]
    )
    assert "There is no data set 'minst': choose one of mnist" in f"{done.output} {done.exception}"


def test_a_server_lists_a_folder_once_for_all_its_processes(tmp_path, monkeypatch):
    """What takes a second with 100,000 files is not done again by each process that is forked."""
    folder = tmp_path / "pictures"
    for name in PETS:
        (folder / name).mkdir(parents=True)
        Image.fromarray(pixels(9, 9)[0]).save(folder / name / "0.png")
    listed, scandir, served = [], os.scandir, []

    def scan(place):
        listed.append(str(place))
        return scandir(place)

    def serve():
        served.append(runtime_of(create_app()).sets.own)

    monkeypatch.setattr(os, "environ", {**os.environ, "CNN_HOME": str(tmp_path / "home")})
    monkeypatch.setattr(os, "scandir", scan)
    monkeypatch.setattr(serving, "run", serve)
    done = CliRunner().invoke(command_line, ["serve", "--data", str(folder)])
    assert done.exit_code == 0, done.output
    assert served[0].splits[0] == "all"
    for name in PETS:
        assert listed.count(str(folder / name)) == 1, listed
