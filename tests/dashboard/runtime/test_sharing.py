"""Readers at one time: what several ask for is computed once, and nobody waits for another's."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import cnn
from cnn.models.compilation import Compiled
from cnn.runs.moments import Moment
from dashboard.runtime.catalogue import key_of
from dashboard.runtime.runtime import Runtime
from dashboard.settings import Settings

_LONG_ENOUGH = 60


@pytest.fixture
def runtime(tmp_path, second_path):
    return Runtime(Settings(home=tmp_path, data_dir=tmp_path, model=second_path, download=False))


@pytest.fixture
def readers():
    with ThreadPoolExecutor(8) as pool:
        yield pool


class Held:
    """A function that notes its calls, and waits in those that are held until it is let go."""

    def __init__(self, function, is_held=lambda *_: True):
        self.calls = []
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self._function, self._is_held = function, is_held

    def __call__(self, *arguments, **options):
        self.calls.append(arguments)
        if self._is_held(*arguments):
            self.begun.set()
            assert self.let_go.wait(_LONG_ENOUGH)
        return self._function(*arguments, **options)


def held(monkeypatch, name, is_held=lambda *_: True):
    function = Held(getattr(cnn, name), is_held)
    monkeypatch.setattr(cnn, name, function)
    return function


def bundled(runtime):
    return replace(runtime.default_view(), model=runtime.catalogue.bundled().key)


def test_a_picture_is_computed_once_however_many_ask(runtime, readers, monkeypatch):
    forward = held(monkeypatch, "forward")
    looks = [readers.submit(runtime.look, bundled(runtime)) for _ in range(4)]
    assert forward.begun.wait(_LONG_ENOUGH)
    looks += [readers.submit(runtime.look, bundled(runtime)) for _ in range(3)]
    forward.let_go.set()
    assert len({id(look.result(_LONG_ENOUGH)) for look in looks}) == 1
    assert len(forward.calls) == 1
    assert runtime.look(bundled(runtime)) is looks[0].result()


def test_what_failed_once_is_tried_again(runtime, monkeypatch):
    forward = cnn.forward

    def fail(*_):
        raise cnn.ModelError("no")

    monkeypatch.setattr(cnn, "forward", fail)
    with pytest.raises(cnn.ModelError):
        runtime.look(bundled(runtime))
    monkeypatch.setattr(cnn, "forward", forward)
    assert runtime.look(bundled(runtime)).passed.activations


def test_nobody_waits_for_the_network_of_another(runtime, readers, monkeypatch):
    slow = runtime.model(runtime.default_view())
    forward = held(monkeypatch, "forward", lambda model, *_: model is slow)
    waits = readers.submit(runtime.look, runtime.default_view())
    assert forward.begun.wait(_LONG_ENOUGH)
    look = readers.submit(runtime.look, bundled(runtime)).result(_LONG_ENOUGH)
    assert look.passed.activations["conv2d"].shape == (26, 26, 32)
    assert not waits.done()
    forward.let_go.set()
    assert waits.result(_LONG_ENOUGH).seen.shape == (20, 30, 3)


def test_nobody_waits_for_a_model_that_another_loads(runtime, readers, monkeypatch, second_path):
    load = held(monkeypatch, "load_model", lambda path: path == second_path)
    loading = [readers.submit(runtime.catalogue.load, key_of(second_path)) for _ in range(3)]
    assert load.begun.wait(_LONG_ENOUGH)
    key = runtime.catalogue.bundled().key
    model = readers.submit(runtime.catalogue.load, key).result(_LONG_ENOUGH)
    readers.submit(runtime.catalogue.load, key, str(Moment(3))).result(_LONG_ENOUGH)
    assert not any(one.done() for one in loading)
    load.let_go.set()
    assert len({id(one.result(_LONG_ENOUGH)) for one in loading}) == 1
    assert [path.name for (path,) in load.calls] == ["second.keras", "model.keras"]
    assert runtime.catalogue.load(key) is model


def test_a_function_that_computes_stops_no_other_one(classifier, second_model, readers):
    slow, quick = (Compiled(model, lambda batch: batch + 1) for model in (second_model, classifier))
    slow._ways[0] = compute = Held(slow._ways[0])
    waits = readers.submit(slow, second_model, np.float32(1))
    assert compute.begun.wait(_LONG_ENOUGH)
    assert readers.submit(quick, classifier, np.float32(6)).result(_LONG_ENOUGH).numpy() == 7
    compute.let_go.set()
    assert waits.result(_LONG_ENOUGH).numpy() == 2


def test_one_that_is_larger_than_all_room_is_kept_until_the_next(runtime, monkeypatch):
    view = bundled(runtime)
    monkeypatch.setattr("dashboard.runtime.runtime._MOST_LOOK_BYTES", 1)
    small = Runtime(runtime.settings)
    first = small.look(view)
    assert small.look(view) is first
    small.look(replace(view, index=1))
    assert small.look(view) is not first
