import base64
import json
import re
import zlib
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cnn
from cnn.gradients.adversarial import EPSILON
from cnn.models.losses import AIMS
from dashboard.state import pixels, rates
from dashboard.state.view import GOES, View, parse

whole = st.integers(0, 99_999)
sliders = {
    name: st.integers(0, round((r.high - r.low) / r.step)).map(
        lambda n, r=r: float(r.low + n * r.step)
    )
    for name, r in {**cnn.perturbations.RANGES, "epsilon": EPSILON}.items()
}
views = st.builds(
    View,
    model=st.text("0123456789abcdef", min_size=12, max_size=12),
    data=st.sampled_from(["mnist", "digits", "fashion_mnist"]),
    split=st.sampled_from(["train", "test", "all"]),
    index=whole,
    pixels=st.just("")
    | st.binary(min_size=784, max_size=784).map(
        lambda data: pixels.encode(np.frombuffer(data, np.uint8).reshape(28, 28, 1))
    ),
    upload=st.just("") | st.text("0123456789abcdef", min_size=32, max_size=32),
    erased=st.just("") | st.binary(min_size=98, max_size=98).map(pixels.encode_mask),
    seed=whole,
    invert=st.booleans(),
    target=st.none() | whole,
    output=st.integers(0, 9),
    sums=st.sampled_from(["", *AIMS]),
    surgery=st.sampled_from(["", "conv2d:3*0,7*0.5"]),
    scale=st.sampled_from(["channel", "layer", "network"]),
    lines=st.sampled_from(["contribution", "weight"]),
    channel=st.none() | whole,
    source=st.none() | whole,
    teach=st.none() | whole,
    of=st.none() | whole,
    against=st.none() | whole,
    by=st.sampled_from(["inputs", "channels"]),
    guess=st.booleans(),
    pick=st.sampled_from(["", "3,,wrong,2", ",9,stored,0"]),
    picking=st.booleans(),
    weights=whole,
    depth=st.none() | whole,
    broken=st.booleans(),
    blocks=st.sampled_from(["", "0", "3,17"]),
    rates=st.just("") | st.lists(st.floats(1e-99, 10), min_size=1, max_size=50).map(rates.encode),
    **sliders,
)


@given(views)
def test_a_view_survives_the_query(view):
    found, problems = parse(view.to_query())
    assert problems == ()
    for name, value in vars(view).items():
        assert getattr(found, name) == pytest.approx(value), name


def test_what_is_at_its_default_is_left_out():
    assert set(View(model="0" * 12).to_query()) == {"model", "data", "split", "index"}


def test_a_drawing_survives_the_query_to_the_last_pixel():
    drawn = np.random.default_rng(0).integers(0, 256, (28, 28, 1), dtype=np.uint8)
    view, _ = parse(View(pixels=pixels.encode(drawn)).to_query())
    np.testing.assert_array_equal(pixels.decode(view.pixels), drawn)


def test_the_perturbation_of_a_view_has_its_values():
    mask = bytes([255]) + bytes(97)
    view = View(rotate=35, noise=20, seed=3, invert=True, erased=pixels.encode_mask(mask))
    expected = cnn.Perturbation(rotate=35, noise=20, seed=3, invert=True, erased=mask)
    assert view.perturbation == expected


def packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(data)).decode().rstrip("=")


@pytest.mark.parametrize(
    "damaged",
    ["x", "eNpj", "é" * 9, packed(b"too short"), packed(bytes(10_000_000)),
     pixels.encode(np.zeros((28, 28, 1), np.uint8))[:-4]],
)  # fmt: skip
def test_a_damaged_drawing_is_told_and_a_sample_is_shown(damaged):
    view, problems = parse({"pixels": damaged, "index": "7"})
    assert view == View(index=7)
    assert problems[0].endswith("it is damaged, and a sample is shown.")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"lines": "banana"}, "lines is 'banana': expected contribution or weight"),
        ({"scale": "banana"}, "scale is 'banana': expected channel, layer or network"),
        ({"index": "-1"}, "index is '-1': expected a whole number"),
        ({"index": "1e9999"}, "expected a whole number"),
        ({"model": "../../etc"}, "expected 12 hexadecimal digits"),
        ({"upload": "../../etc"}, "expected 32 hexadecimal digits"),
        (
            {"data": "imagenet"},
            "cifar10, digits, or own: and 12 hexadecimal digits",
        ),
        ({"rotate": "200"}, "rotate is '200': expected a number from -180 to 180"),
        ({"noise": "nan"}, "noise is 'nan': expected a number from 0 to 100"),
        ({"epsilon": "1"}, "epsilon is '1': expected a number from 0 to 0.3"),
        ({"seed": "1000000"}, "expected a whole number up to 999,999"),
        ({"invert": "yes"}, "invert is 'yes': expected 1"),
        ({"erased": "x"}, "it is damaged, and nothing is erased"),
        (
            {"rates": "0.1*51"},
            "expected up to 50 learning rates such as 0.001*5,0.01; no step is made",
        ),
        ({"rates": "0.1*49,0.2*2"}, "expected up to 50 learning rates"),
        ({"rates": "11"}, "expected up to 50 learning rates"),
        ({"rates": "0"}, "expected up to 50 learning rates"),
        ({"rates": "nan"}, "expected up to 50 learning rates"),
        ({"rates": "0.1*0"}, "expected up to 50 learning rates"),
        ({"of": "-1"}, "of is '-1': expected a whole number"),
        ({"against": "x"}, "against is 'x': expected a whole number"),
        ({"by": "rows"}, "by is 'rows': expected inputs or channels"),
        ({"teach": "-1"}, "teach is '-1': expected a whole number"),
        ({"utm": "x"}, "'utm' that is not known; it is ignored"),
        ({"index": ["1", "2"]}, "gives index 2 times"),
        ({"scale": "x" * 500}, "…"),
    ],
)
def test_an_unusable_part_keeps_its_default_and_is_explained(query, words):
    view, problems = parse(query)
    assert view == View()
    assert len(problems) == 1
    assert words in problems[0]
    assert len(problems[0]) < 200


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9) | st.lists(st.text(), max_size=3)))
def test_no_query_breaks_the_codec(query):
    view, _ = parse(query)
    assert parse(view.to_query())[0] == view


@given(st.lists(st.sampled_from([0.001, 0.01, 1e-30, 2.5e-7, 10.0, 0.1 + 0.2]), max_size=50))
def test_learning_rates_survive_the_query_in_their_order(given_rates):
    assert View(rates=rates.encode(given_rates)).learning_rates == tuple(given_rates)


def test_equal_learning_rates_are_counted():
    assert rates.encode([0.001] * 5 + [0.01]) == "0.001*5,0.01"


def test_the_same_picture_looked_at_otherwise_is_the_same_picture():
    view = View(index=3, rotate=10, epoch="2")
    other = replace(
        view,
        other="1",
        runs="a",
        scale="channel",
        channel=1,
        source=2,
        teach=3,
        rates="0.1",
        of=4,
        against=5,
        by="channels",
    )
    assert other.picture == view


def test_another_model_keeps_the_picture_and_drops_what_belonged_to_the_one_before():
    looked = View(model="a" * 12, index=3, rotate=10, scale="channel", runs="x", by="channels")
    view = replace(
        looked,
        epoch="2",
        other="1",
        channel=4,
        source=5,
        target=6,
        teach=7,
        rates="0.1",
        of=8,
        against=9,
    )
    assert view.of_model("b" * 12) == replace(looked, model="b" * 12)
    assert view.of_model("a" * 12) == view


def test_steps_belong_to_all_that_another_picture_is_another_by():
    (parts,) = (causes for causes, gone in GOES if "rates" in gone and causes != ("model",))
    taught = View(teach=3, rates="0.1")
    for part in fields(View):
        values = {"str": "7", "int": 7, "float": 7.0, "bool": True}
        other = replace(taught, **{part.name: values.get(part.type.split(" ")[0], 7)})
        is_other_picture = other.picture != taught.picture
        assert (part.name in parts) == is_other_picture, part.name


def test_the_page_brings_the_rules_to_the_browser(app):
    page = app.server.test_client().get("/").text
    (found,) = re.findall('<script type="application/json" id="view-rules">(.*?)</script>', page)
    told = json.loads(found)
    assert told["defaults"] == {
        "data": "digits", "split": "all", "zoom": "100", "contrast": "100", "scale": "layer",
        "lines": "contribution", "over": "rotate", "by": "inputs",
        "method": "all", "overlay": "apart", "norm": "l2",
        "focus": "map",
    }  # fmt: skip
    assert [["upload"], ["part"]] in told["goes"]
