import numpy as np
import pytest

from cnn.attribution.attribution import Attribution
from cnn.attribution.quiz import MAPS, Case, Choice, Quiz
from cnn.attribution.target import Target
from cnn.captions import quiz

PLANE = np.arange(144, dtype=np.float32).reshape(12, 12) - 72
RIGHT = Choice((5, 6, 7, 8), 2, 4, 5)


def case(other: np.ndarray, method: str = "lrp") -> Case:
    picture = np.zeros((12, 12, 1), np.uint8)
    return Case(picture, Attribution(method, Target(0), 1.0, PLANE), other.astype(np.float32))


def question(other: np.ndarray, method: str = "lrp", kept: tuple[str, ...] = ()) -> Quiz:
    return Quiz(RIGHT, (case(other, method),) * MAPS, kept)


def test_the_question_names_the_method():
    assert quiz.asked("grad_cam").startswith(
        "Each map says by Grad-CAM which pixels counted. Three"
    )


@pytest.mark.parametrize(
    ("right", "looked_at", "words"),
    [
        (4, 6, "The network on the screen gets all four pictures right."),
        (None, 4, "Whether the network gets these pictures right is not known."),
        (3, 9, "Of 9 pictures of X that were tried the network gets 3 right: 1 of these four is wrong."),
        (0, 8, "Of 8 pictures of X that were tried the network gets 0 right: 4 of these four are wrong."),
    ],
)  # fmt: skip
def test_what_the_network_makes_of_the_pictures(right, looked_at, words):
    assert quiz.pictures(Choice((1, 2, 3, 4), 0, right, looked_at), "X") == words


def test_of_each_map_it_is_told_whose_it_is_with_its_number():
    assert quiz.told(case(-PLANE), is_untrained=False) == (
        "Of the network on the screen. Both networks' maps of this picture: rank correlation −1.00, of "
        "magnitudes 1.00."
    )
    assert quiz.told(case(abs(PLANE), "saliency"), is_untrained=True).startswith(
        "Of the untrained network. Both networks' maps of this picture: rank correlation "
    )
    assert quiz.told(case(0 * PLANE), is_untrained=True).endswith("is the same everywhere.")


def test_the_reason_names_the_letter_the_medians_and_what_follows():
    same = quiz.reason(question(PLANE))
    assert same.startswith("C is of the untrained network. Without training too the pixels")
    assert "(median rank correlation 1.00, of magnitudes 1.00)" in same
    assert "comes from the picture and the method" in same
    turned = quiz.reason(question(-PLANE))
    assert "though their signs differ (median rank correlation −1.00, of magnitudes 1.00)" in turned
    assert same.endswith("the trial on the page Explain makes 10.")


def test_maps_that_have_nothing_in_common_prove_nothing_yet():
    other = np.random.default_rng(0).normal(size=PLANE.shape)
    made = question(other)
    assert made.alike == "hardly"
    assert "that is necessary, and no proof that it is right." in quiz.reason(made)


def test_what_is_not_known_is_said():
    flat = quiz.reason(question(0 * PLANE))
    assert "Most of these maps are the same everywhere: nothing can be told by them." in flat
    kept = quiz.reason(question(PLANE, kept=("odd", "even")))
    assert "odd and even could not be drawn anew, and stayed as trained." in kept
