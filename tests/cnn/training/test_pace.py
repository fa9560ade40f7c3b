import pytest

from cnn.training import pace
from cnn.training.pace import Pace


@pytest.mark.parametrize(
    ("takes", "pause"),
    [(0.001, 0.25), (0.00125, 0.25), (0.005, 1.0), (0.5, 2.0)],
    ids=["quick", "a two-hundredth", "slow", "a hitch"],
)
def test_what_takes_longer_is_done_less_often_but_within_two_seconds(monkeypatch, takes, pause):
    now = 100.0
    monkeypatch.setattr(pace.time, "monotonic", lambda: now)
    beside = Pace()
    assert beside.is_due
    with beside.measured():
        now += takes
    now += 0.99 * pause
    assert not beside.is_due
    now += 0.02 * pause
    assert beside.is_due
