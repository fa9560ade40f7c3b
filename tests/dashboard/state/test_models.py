"""Models of readers on the disk."""

import os
from itertools import count

import pytest

import cnn
from dashboard.state.models import UploadedModels

_TIMES = count(1e9)


@pytest.fixture
def models(tmp_path) -> UploadedModels:
    return UploadedModels(tmp_path / "models", most_bytes=100, most=3)


def put(models, key, size=10, name="net.keras"):
    with models.receiving(name) as path:
        path.write_bytes(bytes(size))
        models.keep(path, key)
    os.utime(models.folder / key, (0, next(_TIMES)))


def keys(models):
    return [key for key, _ in models.all()]


def test_a_file_keeps_its_name_under_its_hash(models):
    put(models, "a", name="my net.keras")
    assert models.find("a").name == "my net.keras"
    assert models.find("a").read_bytes() == bytes(10)
    assert models.find("b") is None


def test_what_was_not_kept_is_gone_however_it_ended(models):
    with models.receiving("net.keras") as path:
        path.write_bytes(b"half")
    with pytest.raises(KeyboardInterrupt), models.receiving("net.keras") as path:
        path.write_bytes(b"half")
        raise KeyboardInterrupt
    assert list(models.folder.iterdir()) == []


def test_of_a_model_that_comes_again_the_first_file_stays(models):
    put(models, "a", name="first.keras")
    put(models, "a", name="second.keras")
    assert [path.name for _, path in models.all()] == ["first.keras"]
    assert len(list(models.folder.iterdir())) == 1


def test_those_unused_for_the_longest_go_where_there_are_too_many(models):
    for key in "abc":
        put(models, key)
    os.utime(models.folder / "a", (0, next(_TIMES)))
    put(models, "d")
    assert keys(models) == ["d", "a", "c"]


def test_they_go_where_there_is_too_much_of_them(models):
    for key in "abc":
        put(models, key, 30)
    put(models, "d", 40)
    assert keys(models) == ["d", "c", "b"]
    with pytest.raises(cnn.ModelError, match=r"net.keras has 0.0 MB: this server keeps 0.0001 MB"):
        put(models, "e", 101)
    assert keys(models) == ["d", "c", "b"]


def test_what_a_dead_server_left_is_removed_when_it_is_old(models):
    for name, time in (("old", 1), ("new", None)):
        (models.folder / f".{name}").mkdir(parents=True)
        os.utime(models.folder / f".{name}", time and (time, time))
    put(models, "a")
    assert sorted(path.name for path in models.folder.iterdir()) == [".new", "a"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/cron.h5", "cron.h5"),
        ("C:\\nets\\Große Netze.KERAS", "Große Netze.keras"),
        ("NET.HDF5", "NET.h5"),
        (".\x00\u202e .keras", "network.keras"),
        ("n" * 300 + ".h5", "n" * 60 + ".h5"),
    ],
)
def test_a_name_is_no_path_and_says_nothing_unseen(models, given, kept):
    with models.receiving(given) as path:
        assert path.name == kept
        assert path.parent.parent == models.folder


@pytest.mark.parametrize("name", ["", "net", "net.pkl", "net.keras/", ".keras", "net.keras.zip"])
def test_what_is_no_model_by_its_name_is_refused(models, name):
    with pytest.raises(cnn.ModelError, match=r"expected a .keras or .h5 file"):
        put(models, "a", name=name)
    assert not models.folder.exists() or list(models.folder.iterdir()) == []
