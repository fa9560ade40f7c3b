"""Properties that are computed once: by each object for itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from cnn.properties import cached_property

_LONG_ENOUGH = 60


class Reader:
    def __init__(self, wait=None):
        self.wait, self.begun, self.calls = wait, threading.Event(), 0

    @cached_property
    def model(self):
        """What is looked at."""
        self.calls += 1
        self.begun.set()
        return self.wait is None or self.wait.wait(_LONG_ENOUGH)


def test_a_property_is_computed_once_and_keeps_its_words():
    reader = Reader()
    assert reader.model and reader.model and reader.calls == 1
    assert Reader.model.__doc__ == "What is looked at."


def test_nobody_waits_for_the_property_of_another():
    opens = threading.Event()
    slow, quick = Reader(opens), Reader()
    with ThreadPoolExecutor(2) as readers:
        waits = readers.submit(lambda: slow.model)
        assert slow.begun.wait(_LONG_ENOUGH)
        other = readers.submit(lambda: quick.model)
        try:
            assert other.result(_LONG_ENOUGH / 10)
            assert not waits.done()
        finally:
            opens.set()
        assert waits.result(_LONG_ENOUGH)
