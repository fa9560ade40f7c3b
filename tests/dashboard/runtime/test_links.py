"""What a link shows on a server, and what it says of what had to be changed."""

from dataclasses import replace

import numpy as np
import pytest

from cnn.data.datasets import splits
from dashboard.app import create_app, runtime_of
from dashboard.runtime import links
from dashboard.runtime.catalogue import key_of
from dashboard.settings import Settings
from dashboard.state import pixels
from dashboard.state.data import WORDS

DRAWN = pixels.encode(np.zeros((28, 28, 1), np.uint8))
FIRST = "embedded digit 0 is shown instead"
EXPECTED_DATA = f"The link says data is 'foo': expected {WORDS}"


@pytest.fixture(scope="module")
def runtime(app):
    return runtime_of(app)


CASES = [
    ({}, {}, []),
    ({"index": "5"}, {"index": 5}, []),
    ({"index": "007"}, {"index": 7}, []),
    ({"split": "test", "index": "5"}, {"split": "test", "index": 5}, []),
    ({"data": "digits"}, {}, []),
    ({"data": "foo"}, {}, [f"{EXPECTED_DATA}; {FIRST}."]),
    ({"data": "foo", "split": "test", "index": "9"}, {}, [f"{EXPECTED_DATA}; {FIRST}."]),
    ({"split": "bar", "index": "9"}, {}, [f"says split is 'bar': expected train, test or all; {FIRST}"]),
    ({"data": "foo", "split": "bar"}, {}, ["'foo'", "; it says split is 'bar': expected"]),
    ({"data": "mnist", "split": "all"}, {}, ["says split is 'all': mnist has test and train; " + FIRST]),
    ({"index": "1797"}, {}, [f"says index is 1797: digits has pictures 0 to 1,796; {FIRST}"]),
    ({"index": "-1"}, {}, [f"index is '-1': expected a whole number; {FIRST}"]),
    ({"index": "NaN"}, {}, [f"index is 'NaN': expected a whole number; {FIRST}"]),
    ({"index": ""}, {}, [f"index is '': expected a whole number; {FIRST}"]),
    ({"index": ["1", "2"]}, {}, [f"The link gives index 2 times; {FIRST}."]),
    ({"split": "bar", "pixels": DRAWN}, {"pixels": DRAWN}, ["embedded digit 0 stands there instead"]),
    ({"pixels": "x", "index": "3"}, {"index": 3}, ["it is damaged, and a sample is shown"]),
    ({"utm": "x", "index": "3"}, {"index": 3}, ["a part 'utm' that is not known; it is ignored"]),
    ({"scale": ""}, {}, ["scale is '': expected channel, layer or network; the default is used"]),
    ({"rotate": "nan"}, {}, ["rotate is 'nan'"]),
    ({"epoch": "3"}, {"epoch": "3"}, []),
    ({"epoch": "03"}, {"epoch": "3"}, []),
    ({"epoch": "99"}, {}, ["no such moment of the bundled digit classifier is kept; its finished"]),
    ({"other": "7-3"}, {}, ["other is '7-3': no such moment"]),
    ({"model": "banana"}, {}, ["the bundled digit classifier is shown instead."]),
    ({"model": "banana", "epoch": "3", "channel": "4"}, {}, ["without the link's epoch and channel."]),
    ({"epsilon": "0.1", "target": "12"}, {"epsilon": 0.1}, ["the model has classes 0 to 9"]),
    ({"channel": "900"}, {"channel": 900}, []),
    ({"teach": "3", "rates": "0.001*5,0.01"}, {"teach": 3, "rates": "0.001*5,0.01"}, []),
    ({"teach": "12"}, {}, ["the model has classes 0 to 9; the class that suggests itself is taught"]),
    ({"of": "12"}, {}, ["classes 0 to 9; the output of the class predicted is taken apart instead"]),
    ({"of": "3", "against": "12"}, {"of": 3}, ["classes 0 to 9; it is compared with none instead"]),
    ({"model": "banana", "of": "3", "against": "4"}, {}, ["without the link's of and against."]),
    ({"model": "banana", "teach": "3", "rates": "0.1"}, {}, ["without the link's teach and rates."]),
    ({"surgery": "conv2d:3*0"}, {"surgery": "conv2d:3*0"}, []),
    ({"surgery": "conv2d:99*0"}, {}, ["There is no channel 99 in 'conv2d'", "no channel is changed"]),
    ({"surgery": "none:3*0"}, {}, ["The model has no layer 'none'"]),
    ({"runs": "x y"}, {}, ["runs is 'x y'"]),
]  # fmt: skip


@pytest.mark.parametrize(("query", "differs", "sentences"), CASES)
def test_a_link_is_completed_and_repaired_as_a_whole(runtime, query, differs, sentences):
    link = links.follow(runtime, query)
    assert link.view == replace(runtime.default_view(), **differs)
    assert len(link.messages) == (1 if sentences else 0)
    for words in sentences:
        assert words in link.messages[0]


@pytest.mark.parametrize("query", [query for query, _, _ in CASES])
def test_a_repaired_link_is_followed_without_another_word(runtime, query):
    view = links.follow(runtime, query).view
    assert links.follow(runtime, view.to_query()) == links.Link(view, ())


@pytest.mark.parametrize(
    "missing",
    [
        {"data": "mnist", "split": "test", "index": "99999"},
        {"data": "fashion_mnist", "split": "train", "index": "3"},
        {"model": "0" * 12, "epoch": "99"},
        {"upload": "0" * 32},
        {"runs": "20010101-000000-000000"},
    ],
)
def test_what_is_missing_here_stays_in_the_view_and_is_not_replaced(runtime, missing):
    link = links.follow(runtime, missing)
    assert link.messages == ()
    assert missing.items() <= link.view.to_query().items()


def test_steps_on_a_picture_that_cannot_be_shown_are_left_out(runtime):
    for wrong in ({"index": "99999"}, {"rotate": "999"}, {"epoch": "99"}, {"teach": "12"}):
        link = links.follow(runtime, {"teach": "3", "rates": "0.1*2", **wrong})
        assert (link.view.teach, link.view.rates) == (None, "")
        assert link.messages[-1].startswith("The steps of the link are left out")
    link = links.follow(runtime, {"teach": "3", "rates": "0.1*2", "scale": "banana", "utm": "x"})
    assert (link.view.teach, link.view.rates) == (3, "0.1*2")


def test_every_name_without_its_split_means_the_part_to_look_at(runtime):
    assert links.follow(runtime, {"data": "mnist"}).view.split == "test"
    assert links.follow(runtime, {"data": "digits"}).view.split == "all"


def test_a_server_with_mnist_repairs_to_mnist(mnist_dir, tmp_path):
    app = create_app(Settings(home=tmp_path, data_dir=mnist_dir, download=False))
    link = links.follow(runtime_of(app), {"split": "bar"})
    assert (link.view.data, link.view.split, link.view.index) == ("mnist", "test", 0)
    assert link.messages[0].endswith("; MNIST test, picture 0 is shown instead.")
    assert links.follow(runtime_of(app), {"index": "7"}).view.data == "mnist"


def test_a_model_without_a_history_has_no_moments(second_app, second_path):
    link = links.follow(runtime_of(second_app), {"epoch": "3", "target": "5"})
    assert (link.view.model, link.view.epoch, link.view.target) == (key_of(second_path), "", None)
    assert "no such moment of the second.keras is kept" in link.messages[0]
    assert "classes 0 to 4" in link.messages[1]


def test_the_route_answers_with_the_view_and_what_was_changed(app):
    answer = app.server.test_client().get("/link?data=foo&index=1&index=2&channel=3")
    assert answer.status_code == 200
    assert answer.json["view"]["data"] == "digits"
    assert answer.json["view"]["channel"] == "3"
    assert "gives index 2 times" in answer.json["messages"][0]
    assert "no-store" in answer.headers["Cache-Control"]
    assert splits("digits")[0] == answer.json["view"]["split"]
