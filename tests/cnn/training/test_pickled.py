"""Curves that somebody saved as a pickle, or with `np.save`; and what else such a file can hold."""

from __future__ import annotations

import builtins
import os
import pickle
import struct
import tracemalloc

import keras
import numpy as np
import pytest

from cnn.errors import RunError
from cnn.training import importing, pickled

LOSS = [2.0, 1.5, 0.25]
CURVES = {"loss": LOSS, "val_loss": [3.0, 2.0, 1.0]}
KINDS = {
    "lists": CURVES,
    "tuples": {name: tuple(values) for name, values in CURVES.items()},
    "scalars": {name: [np.float32(one) for one in values] for name, values in CURVES.items()},
    "arrays": {name: np.array(values) for name, values in CURVES.items()},
    "single": {name: np.array(values, ">f4") for name, values in CURVES.items()},
    "whole": {"loss": LOSS, "val_loss": np.array([3, 2, 1])},
    "object": np.array(CURVES, object),
}


def curves(path):
    rows, _ = importing._history(path, print)
    return {name: [row[name] for row in rows] for name in CURVES}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_pickle_of_the_curves_is_read(kind, protocol, tmp_path):
    path = tmp_path / "history.pkl"
    path.write_bytes(pickle.dumps(KINDS[kind], protocol))
    assert curves(path) == CURVES
    # As numpy before 2 wrote it.
    old = path.read_bytes().replace(b"numpy._core.", b"numpy.core.")
    if protocol == 2:
        path.write_bytes(old)
        assert curves(path) == CURVES


def test_a_history_is_read_and_nothing_of_the_model_in_it_is_made(tmp_path, monkeypatch):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse", run_eagerly=True)
    x, y = np.zeros((8, 4)), np.ones((8, 2))
    history = model.fit(x, y, epochs=3, verbose=0, validation_data=(x, y))
    path = tmp_path / "history.pickle"
    path.write_bytes(pickle.dumps(history))
    monkeypatch.setattr(keras.saving, "load_model", None)
    assert curves(path) == history.history


def test_a_file_of_numpy_is_read(tmp_path):
    for version in ((1, 0), (2, 0)):
        path = tmp_path / "history.npy"
        with path.open("wb") as file:
            np.lib.format.write_array(file, np.array(CURVES, object), version, allow_pickle=True)
        assert curves(path) == CURVES


class Planted:
    """What a pickle can hold: a call with arguments, made when it is read."""

    def __init__(self, call, *given):
        self.call, self.given = call, given

    def __reduce__(self):
        return self.call, self.given


def planted(call, *given):
    return pickle.dumps({"loss": [Planted(call, *given)]})


HOSTILE = {
    f"asks for {os.system.__module__}.system": planted(os.system, "touch made"),
    "asks for builtins.eval": planted(builtins.eval, "open('made', 'w')"),
    "asks for builtins.exec": planted(builtins.exec, "open('made', 'w')"),
    "asks for builtins.bytearray": planted(bytearray, 1 << 40),
    "asks for numpy.fromfile": pickle.dumps(Planted(np.fromfile, "/etc/passwd")),
    "asks for pathlib": b"\x80\x02cpathlib\nPath\n)R.",
    "has an object among its numbers": planted(getattr, "os", "system"),
    "no dictionary": pickle.dumps([1.0, 2.0]),
    "no list of numbers": pickle.dumps({"loss": 3}),
    "has a str among its numbers": pickle.dumps({"loss": ["low"]}),
    "has an array of": pickle.dumps({"loss": np.array(["low"])}),
    "is damaged": b"\x80\x04}" + b"r" + struct.pack("<I", 0xFFFFFFF0) + b".",
    "bytes in": b"\x80\x04\x96" + struct.pack("<Q", 1 << 45) + b"few.",
    "refers to something outside": b"\x80\x02Pelsewhere\n.",
    "ran out of data|exhausted": pickle.dumps(CURVES)[:20],
}


@pytest.mark.parametrize("why", HOSTILE)
def test_a_hostile_pickle_costs_a_sentence_no_code_and_no_memory(why, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    head = struct.pack("<6sBBH", pickled.NPY, 1, 0, 10) + b"{'descr':}"
    for name, content in (("a.pkl", HOSTILE[why]), ("a.npy", head + HOSTILE[why])):
        (tmp_path / name).write_bytes(content)
        tracemalloc.start()
        with pytest.raises(RunError, match=why) as error:
            importing._history(tmp_path / name, print)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        tracemalloc.stop()
        assert str(error.value).startswith(f"{name} has no curves (")
        assert "json.dump(history.history, file)" in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "a.pkl"]


def test_what_is_larger_than_any_curves_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "MOST_BYTES", 50)
    path = tmp_path / "history.pkl"
    path.write_bytes(pickle.dumps(CURVES))
    with pytest.raises(RunError, match="it has more than"):
        importing._history(path, print)


def test_what_has_more_parts_than_any_curves_is_not_read(tmp_path):
    path = tmp_path / "history.pkl"
    path.write_bytes(b"\x80\x04" + b"]0" * 600_000 + b"N.")
    with pytest.raises(RunError, match="it has more than 1,000,000 parts"):
        importing._history(path, print)


def test_a_plain_array_of_numbers_in_a_file_of_numpy_is_no_history(tmp_path):
    np.save(tmp_path / "history.npy", np.arange(3.0))
    with pytest.raises(RunError, match=r"history\.npy has no curves"):
        importing._history(tmp_path / "history.npy", print)


def test_every_way_to_cut_it_short_costs_the_same_sentence(tmp_path):
    path, whole = tmp_path / "history.pkl", pickle.dumps(KINDS["arrays"])
    for length in range(1, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(RunError, match=r"history\.pkl has no curves"):
            importing._history(path, print)
