"""Sentences on maps of attribution."""

import numpy as np
import pytest

import cnn
from cnn.attribution.attribution import Law
from cnn.attribution.trust.marks import INCONCLUSIVE
from cnn.captions import attribution as captions
from cnn.models.heads import Head

SOFTMAX = Head("softmax", (3,), 1, "last", "last", "softmax")
NAMES = ("cat", "dog", "cow")


def made(method, plane, **more):
    return cnn.Attribution(method, cnn.Target(1), 2.0, np.array(plane, np.float32), **more)


@pytest.mark.parametrize(
    ("target", "head", "names", "words"),
    [
        (cnn.Target(1), SOFTMAX, NAMES, "the logit of dog"),
        (cnn.Target(1, 2), SOFTMAX, NAMES, "the logit of dog minus that of cow"),
        (cnn.Target(0), Head("scores", (1,), 1, "a", "a", "scores"), ("dog",), "the logit"),
        (cnn.Target(2), Head("numbers", (3,), 1, "a", "a", "numbers"), NAMES, "the output of cow"),
        (cnn.Target(0), Head("maps", (4, 4, 3), 1, "a", "a", "softmax"), NAMES, "the mean logit of cat"),
    ],
)  # fmt: skip
def test_what_is_explained_is_named_by_its_head(target, head, names, words):
    assert captions.explained(target, head, names) == words


def test_a_map_is_read_by_its_signs():
    plane = np.ones((2, 2))
    assert captions.attribution(made("input_x_gradient", plane), "it").seen == (
        "Red raises it, blue lowers it."
    )
    assert captions.attribution(made("saliency", plane), "it").seen == (
        "Bright counts for it, whichever way."
    )
    assert captions.attribution(made("grad_cam", plane), "it").seen == (
        "Bright raises it; what lowers it is not shown."
    )


def test_what_stands_out_is_the_law_or_the_note_or_where_the_numbers_are():
    plane = np.zeros((10, 10))
    plane[:1] = 3
    plane[5] = -1
    assert captions.attribution(made("saliency", plane), "it").notice == (
        "A tenth of the places has 75% of it."
    )
    law = Law("completeness", "the numbers add up to it", 4.0, 3.9, 0.1)
    assert captions.attribution(made("saliency", plane, law=law), "it").notice == (
        "The numbers add up to it: 4, and it is 3.9 (off by 2.5%, 10.0% is allowed: passes, so its "
        "numbers can be added up)."
    )
    broken = Law("completeness", "the numbers add up to it", 4.0, 3.0, 0.1)
    assert captions.attribution(made("saliency", plane, law=broken), "it").notice == (
        "The numbers add up to it: 4, and it is 3 (off by 25.0%, 10.0% is allowed: fails, so it is "
        "not what its name says)."
    )
    noted = made("grad_cam", plane, note="no positive evidence")
    assert captions.attribution(noted, "it").notice == "No positive evidence."
    nothing = captions.attribution(made("saliency", np.zeros((2, 2))), "it")
    assert nothing.notice == "All of it is zero: no place counts."


def test_the_line_of_python_has_the_target_and_the_settings():
    assert captions.python_line("saliency", cnn.Target(7), {}) == (
        'cnn.attribute(model, image, method="saliency", target=7)'
    )
    line = captions.python_line("grad_cam", cnn.Target(7, 9), {"layer": "conv"})
    assert line.endswith(", layer='conv')")
    assert "target=cnn.Target(of=7, against=9), layer" in line


def test_a_law_that_allows_more_than_half_of_the_number_tells_nothing():
    law = Law(
        "completeness", "the map tends to it", 1.0, 0.518, 2.413, "More samples bring it closer."
    )
    assert law.mark == INCONCLUSIVE
    assert captions.attribution(made("saliency", np.eye(4), law=law), "it").notice == (
        "The map tends to it: 1, and it is 0.518 (off by 48.2%, 241.3% is allowed: "
        "inconclusive, since more than half of it may be off). More samples bring it closer."
    )
