from dataclasses import dataclass

import pytest

from cnn import Architecture, RunError, TrainingConfig
from cnn.ranges import Limits
from cnn.runs.configuration import SETTINGS
from cnn.settings import require_accepted, setting, settings_of

SHARE = Limits(0, 0.5, is_whole=False, above=True)


@dataclass(frozen=True)
class Config:
    size: int = setting(3, "Room", "Size", "Its side", Limits(1, 6))
    part: float = setting(0.2, "Room", "Part", "How much of it", SHARE, is_share=True)
    way: str = setting(
        "up", "Room", "Way", "Where it goes", choices=("up", "down"), words={"down": "downwards"}
    )
    on: bool = setting(True, "Room", "On", "Whether it goes")
    place: str = setting("here", "Room", "Place", "Where it is")
    other: tuple = ()

    def __post_init__(self):
        require_accepted(self)


def test_a_config_has_the_defaults_that_its_settings_say():
    assert Config() == Config(3, 0.2, "up", True, "here", ())
    settings = settings_of(Config)
    assert list(settings) == ["size", "part", "way", "on", "place"]
    assert [known.default for known in settings.values()] == [3, 0.2, "up", True, "here"]
    assert [known.name for known in settings.values()] == list(settings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": 0}, "size is 0: give a whole number from 1 to 6."),
        ({"size": 2.0}, "size is 2.0: give a whole number from 1 to 6."),
        ({"part": 0}, "part is 0: give a number above 0, up to 0.5."),
        ({"way": "left"}, "way is 'left': give one of up, down."),
        ({"way": ["up"]}, "way is ['up']: give one of up, down."),
        ({"on": 1}, "on is 1: give True or False."),
        (
            {"place": "a\n"},
            "place is 'a\\n': give a text in one line, of at most 4,096 characters.",
        ),
    ],
)
def test_what_a_setting_may_not_be_is_refused_with_what_is_accepted(changes, words):
    with pytest.raises(RunError) as refused:
        Config(**changes)
    assert str(refused.value) == words


def test_a_setting_says_what_it_is_for_and_what_is_accepted():
    assert [known.described for known in settings_of(Config).values()] == [
        "Its side (a whole number from 1 to 6; usually 3)",
        "How much of it (a number above 0, up to 0.5; usually 0.2)",
        "Where it goes (one of up, down; usually up)",
        "Whether it goes (usually on)",
        "Where it is (usually here)",
    ]


def test_a_share_has_its_unit_in_its_title():
    settings = settings_of(Config)
    assert [settings["part"].title, settings["size"].title] == ["Part %", "Size"]


def test_values_are_told_in_words_and_shares_in_percent():
    settings = settings_of(Config)
    values = {"size": 4, "part": 0.255, "way": "down", "on": False, "place": "here"}
    told = {name: settings[name].in_words(value) for name, value in values.items()}
    assert told == {"size": "4", "part": "25.5", "way": "downwards", "on": "no", "place": "here"}
    part = settings["part"]
    assert part.control_limits.words == "a number above 0, up to 50"
    assert part.from_control(part.in_control(0.255)) == 0.255


def test_every_field_of_a_training_is_a_setting_with_its_default():
    described = {**settings_of(Architecture), **settings_of(TrainingConfig)}
    assert {name: known.default for name, known in described.items()} == TrainingConfig().flat()
    assert set(described) - set(SETTINGS) == {"save_to"}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_of_a_training_is_explained_in_one_line(name):
    known = SETTINGS[name]
    assert known.label[0].isupper()
    assert 10 < len(known.help) < 90
    assert not known.help.endswith(".")
    assert known.accept(known.default)
