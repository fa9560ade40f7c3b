"""TensorFlow starts once, and not beside what can be answered without it."""

import threading
import time

import pytest

from dashboard.runtime.starting import Start

_LONG = 30.0


class Counted:
    """Counts how often it is done, and when."""

    def __init__(self):
        self.times = []
        self.done = threading.Event()

    def __call__(self):
        self.times.append(time.monotonic())
        self.done.set()


@pytest.fixture
def counted():
    return Counted()


def test_it_is_done_once_however_many_ask(counted):
    start = Start(counted)
    start.within(0.0)
    assert counted.done.wait(_LONG)
    start.now()
    start.within(0.0)
    assert len(counted.times) == 1


def test_who_asks_for_it_sooner_has_it_sooner(counted):
    start = Start(counted)
    start.within(3600)
    start.within(0.0)
    assert counted.done.wait(_LONG)


def test_who_asks_for_it_now_has_it_whatever_puts_it_off(counted):
    start = Start(counted)
    start.within(3600)
    start.not_within(3600)
    start.now()
    assert counted.done.wait(_LONG)


def test_what_puts_it_off_does_so_until_its_time_is_over(counted):
    start = Start(counted)
    began = time.monotonic()
    start.not_within(0.3)
    start.within(0.0)
    assert counted.done.wait(_LONG)
    assert counted.times[0] - began >= 0.3
