"""What pictures that raise a unit come to is said with its own numbers, beside the largest real one."""

from dataclasses import replace

import numpy as np

from cnn import Target
from cnn.captions import synthesis
from cnn.captions.synthesis import MISLEADING, unit
from cnn.studies import Best, Raised, Unit

CHANNEL = Unit(Target(3, layer="conv2d"), is_mean=True)
BEST = Best("mnist", "test", 500, 10_000, 1.5, 1234)
SETTINGS = {"steps": 2, "seeds": 2, "seed": 4}
RAISED = Raised.of(
    CHANNEL,
    [np.zeros((4, 5, 1), np.uint8), np.full((4, 5, 1), 9, np.uint8)],
    [[0.25, 1.0, 0.75], [0.5, 2.0, 3.0]],
    SETTINGS,
    BEST,
)


def test_a_unit_is_called_by_what_it_is():
    assert unit(CHANNEL) == "channel 3 of conv2d, the mean of its map,"
    cell = replace(CHANNEL, target=Target(3, layer="conv2d", cell=(4, 5)))
    assert unit(cell) == "channel 3 of conv2d at row 4, column 5"
    assert unit(Unit(Target(3, layer="dense"))) == "unit 3 of dense"
    assert unit(Unit(Target(3), "cat")) == "the logit of cat"
    assert unit(Unit(Target(3))) == "output 3"


def test_the_values_before_and_after_stand_beside_the_largest_real_one():
    said = synthesis.synthesis(RAISED)
    assert said.seen == (
        "Channel 3 of conv2d, the mean of its map, is 0.25 to 0.5 for noise, and 1 to 3 for what 2 "
        "searches up its gradient made of it. The largest value in 500 of 10,000 pictures, spread "
        "evenly, of MNIST test is 1.5, of picture 1,234."
    )
    assert said.notice == f"The highest made here is 2 times that. {MISLEADING}"


def test_what_is_no_more_than_the_real_picture_says_so():
    whole = replace(BEST, value=3.0, looked_at=10_000)
    said = synthesis.synthesis(replace(RAISED, best=whole))
    assert "The largest value in 10,000 pictures of MNIST test is 3, of picture 1,234." in said.seen
    assert said.notice.startswith("The search found nothing that beats the real picture.")
    negative = synthesis.synthesis(replace(RAISED, best=replace(BEST, value=-1.0)))
    assert negative.notice.startswith("No real picture comes near.")
    none = synthesis.synthesis(replace(RAISED, best=replace(BEST, value=None)))
    assert none.seen.endswith("made of it.")
    assert none.notice == MISLEADING


def test_a_unit_that_nothing_raises_says_so():
    still = replace(RAISED, paths=[[0.0, 0.0], [0.0, 0.0]])
    said = synthesis.synthesis(still)
    assert said.seen.startswith("Channel 3 of conv2d, the mean of its map, stays at 0: from noise")
    assert MISLEADING not in said.notice
