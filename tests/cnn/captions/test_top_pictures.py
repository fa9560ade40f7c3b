"""What is said of pictures that excite a channel holds of their numbers."""

from dataclasses import replace

import pytest

from cnn.captions import top_pictures as captions
from cnn.inspection.diagnosis import Selection
from cnn.inspection.top_pictures import CLASSES, Extremes, Picked, TopPictures

TOP = (Picked(7, 3.5, (1, 2)), Picked(9, 3.0, (0, 2)), Picked(2, 2.0, (4, 4)))
MIDDLE, BOTTOM = (Picked(4, 1.25, (0, 0)),), (Picked(0, 0.0, (0, 0)), Picked(1, 0.0, (0, 0)))
CHANNEL = Extremes(TOP, MIDDLE, BOTTOM, at_lowest=40, not_finite=0, is_dead=False)


def answer(channel: Extremes, **more) -> TopPictures:
    return TopPictures("conv", None, Selection("mnist", "test", 100, 100), (channel,), **more)


def test_the_range_of_a_channel_and_the_pictures_are_told():
    assert captions.of_channel(answer(CHANNEL), 0, "Channel 0 of conv") == (
        "Channel 0 of conv goes from 0 to 3.5 at its strongest cell in each picture, and is 1.25 for the "
        "picture in the middle. Said over all 100 pictures of MNIST test."
    )
    at_one = replace(answer(CHANNEL), cell=(2, 5))
    assert "from 0 to 3.5 at row 2, column 5, and" in captions.of_channel(at_one, 0, "It")


def test_a_channel_that_nothing_excites_is_told():
    same = replace(CHANNEL, top=BOTTOM, middle=BOTTOM)
    dead = captions.of_channel(answer(replace(same, is_dead=True)), 0, "It")
    assert dead.startswith(
        "It is dead over these pictures: it is zero in every cell for each of them."
    )
    assert captions.of_channel(answer(same), 0, "It").startswith("It is 0 for every picture: none")
    none = Extremes((), (), (), at_lowest=0, not_finite=100, is_dead=False)
    assert captions.of_channel(answer(none), 0, "It").startswith(
        "It gives no finite number for any"
    )
    some = captions.of_channel(answer(replace(CHANNEL, not_finite=3)), 0, "It")
    assert " For 3 pictures it gives no finite number. Said over" in some


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["7"] * 9, "All nine are of the class 7."),
        (["cat"], "It is of the class cat."),
        (["7", "2", "7", "9", "7"], "By class: 7 (three), 2 (one) and 9 (one)."),
        ([None, None], ""),
    ],
)
def test_pictures_are_counted_by_class(names, said):
    assert captions.classes_of(names) == said


def test_how_many_share_the_lowest_value_is_told_where_not_all_of_them_are_shown():
    assert captions.lowest(CHANNEL) == (
        "40 pictures share the lowest value, 0: those stored first are shown."
    )
    assert captions.lowest(replace(CHANNEL, at_lowest=2)) == ""


def test_a_picture_and_a_channel_are_named():
    assert captions.picture(TOP[0], "7") == "Picture 7, 7: 3.5 at row 1, column 2"
    assert captions.picture(Picked(1234, -0.5, ()), None) == "Picture 1,234: −0.5"
    assert captions.channel_name("conv", 3, ()) == "Channel 3 of conv"
    assert captions.channel_name(CLASSES, 1, ("cat", "dog")) == "The logit of the class dog"
