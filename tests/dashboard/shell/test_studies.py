"""What a study came to, as the table that the browser shows."""

import pytest

from cnn.studies import EVALUATE, RANK
from dashboard.shell import studies
from tests.cnn.captions.test_studies import EVALUATION, RANKING


def test_an_evaluation_is_a_row_for_all_and_one_for_each_class():
    told = studies.told(EVALUATION)
    assert told["head"] == ["class", "pictures", "accuracy before", "after", "points"]
    assert [(row["name"], *row["cells"]) for row in told["rows"]] == [
        ("all", "2,000", "98.00%", "90.00%", "−8.00"),
        ("cat", "1,000", "99.00%", "99.00%", "0"),
        ("dog", "1,000", "97.00%", "81.00%", "−16.00"),
        ("bird", "0", "–", "–", "–"),
    ]
    assert told["said"].startswith("Of 2,000 pictures")


def test_a_ranking_is_a_row_for_each_channel():
    told = studies.told(RANKING)
    assert [(row["channel"], *row["cells"]) for row in told["rows"]] == [
        (3, "0.5", "0.6", "80.00%", "−18.00"),
        (1, "0", "0.1", "98.00%", "0"),
        (0, "−0.01", "0.09", "98.00%", "0"),
    ]
    assert len(told["head"]) == 1 + len(told["rows"][0]["cells"])


@pytest.mark.parametrize("kind", [EVALUATE, RANK])
def test_a_place_says_what_it_is_for(kind):
    section = studies.study(kind, "Title", "Rank the channels of {layer}")
    assert section.id == f"study-{kind}"
    head, controls, *_ = section.children
    assert head.children == "Title"
    assert getattr(section, "aria-labelledby") == head.id
    start = controls.children[0]
    assert (start.children, start.disabled) == ("Rank the channels of the layer", True)
