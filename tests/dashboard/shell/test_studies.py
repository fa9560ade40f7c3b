"""What a study came to, as the table that the browser shows."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from cnn.attribution.trust.cascade import Cascade, Stage
from cnn.attribution.trust.curves import Curves
from cnn.attribution.trust.linearity import Linearity
from cnn.attribution.trust.stability import Stability
from cnn.studies import EVALUATE, RANK, Trust
from dashboard.shell import studies
from dashboard.state.view import View
from tests.cnn.captions.test_studies import EVALUATION, RANKING
from tests.cnn.captions.test_synthesis import RAISED


def test_an_evaluation_is_a_row_for_all_and_one_for_each_class():
    told = studies.told(EVALUATION, View())
    assert told["head"] == ["class", "pictures", "accuracy before", "after", "points"]
    assert [(row["name"], *row["cells"]) for row in told["rows"]] == [
        ("all", "2,000", "98.00%", "90.00%", "−8.00"),
        ("cat", "1,000", "99.00%", "99.00%", "0"),
        ("dog", "1,000", "97.00%", "81.00%", "−16.00"),
        ("bird", "0", "–", "–", "–"),
    ]
    assert told["said"].startswith("Of 2,000 pictures")


def test_a_ranking_is_a_row_for_each_channel():
    told = studies.told(RANKING, View())
    assert [(row["channel"], *row["cells"]) for row in told["rows"]] == [
        (3, "0.5", "0.6", "80.00%", "−18.00"),
        (1, "0", "0.1", "98.00%", "0"),
        (0, "−0.01", "0.09", "98.00%", "0"),
    ]
    assert len(told["head"]) == 1 + len(told["rows"][0]["cells"])


def test_trust_is_a_row_for_each_measure_with_its_mark():
    stage = Stage("conv", (0.9,) * 10, (0.9,) * 10, (0.1,) * 10)
    told = studies.told(
        Trust(
            Curves((0.0, 1.0), (), is_constant=True, tied=1.0),
            Cascade((stage,), 10, (), is_signed=True),
            Stability(None, 0.95, 3.0, (2.9, 3.1)),
            Linearity(7, 2, 1e-7),
        ),
        View(),
    )
    assert [(row["name"], row["cells"][0]) for row in told["rows"]] == [
        ("deletion and insertion", "inconclusive"),
        ("weights drawn anew", "fails"),
        ("stability", "passes"),
        ("linearity", "passes"),
    ]
    assert "shows the picture, not the network" in told["rows"][1]["cells"][1]
    assert "none of them ranks" in told["said"]


@pytest.mark.parametrize("kind", [EVALUATE, RANK])
def test_a_place_says_what_it_is_for(kind):
    section = studies.study(kind, "Title", "Rank the channels of {layer}")
    assert section.id == f"study-{kind}"
    head, controls, *_ = section.children
    assert head.children == "Title"
    assert getattr(section, "aria-labelledby") == head.id
    start = controls.children[0]
    assert (start.children, start.disabled) == ("Rank the channels of the layer", True)


def test_raised_pictures_come_with_their_way_up_and_their_numbers():
    told = studies.told(RAISED, View())
    assert [one["words"] for one in told["made"]] == ["seed 4: 0.25 → 1", "seed 5: 0.5 → 3"]
    for one, pixels in zip(told["made"], RAISED.found, strict=True):
        shown = Image.open(io.BytesIO(base64.b64decode(one["src"].partition(",")[2])))
        np.testing.assert_array_equal(np.asarray(shown), pixels[..., 0])
    assert [(row["name"], *row["cells"]) for row in told["rows"]] == [
        ("4", "0.25", "1", "1"),
        ("5", "0.5", "3", "2"),
    ]
    lines = told["figures"][studies.CLIMBS]["figure"]["data"]
    assert [(line["name"], line["y"]) for line in lines] == [
        ("seed 4", [0.25, 1.0, 0.75]),
        ("seed 5", [0.5, 2.0, 3.0]),
        ("largest real", [1.5, 1.5]),
    ]
    assert told["said"].startswith("Channel 3 of conv2d")
