"""What the reader is asked, which answers are right, and the reasons, all from the numbers."""

import re

import numpy as np
import pytest

import cnn
from cnn.captions import class_question, number, unit_question
from cnn.models.arithmetic.forms import Choice, WeightedSum


@pytest.fixture(scope="module")
def unit_of(classifier, seven):
    """The units of a picture, with another form or sum if one is given."""
    activations = cnn.activations(classifier, seven)

    def of(layer, *place, form=None):
        unit = cnn.explain_unit(
            classifier, seven, layer=layer, place=place, activations=activations
        )
        return type(unit)(**{**vars(unit), "form": form}) if form else unit

    return of


def summed(subtotals, bias=0.0):
    values = np.array(subtotals, float)[None, None]
    return WeightedSum(
        values, np.ones_like(values), np.arange(len(subtotals)), np.ones((1, 1), bool), bias
    )


@pytest.mark.parametrize(("layer", "row", "column"), [("conv2d", 13, 13), ("conv2d_1", 4, 5)])
def test_the_sign_asked_for_is_that_of_the_sum(unit_of, layer, row, column):
    signs = {1.0: 0, -1.0: 1, 0.0: 2}
    seen = set()
    for channel in range(16):
        unit = unit_of(layer, row, column, channel)
        question = unit_question(unit)
        assert question.words == ("Is the sum, before the activation, positive, negative or zero?")
        assert question.right == {signs[np.sign(unit.sum)]}
        seen |= question.right
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("subtotals", "bias", "reason"),
    [
        ([0.5, -0.61], 0.0, "Negative: 0.5 is added and 0.61 taken away. "
         "The products of channel 1 alone take away 0.61."),
        ([0.5, 0.75], -1.0, "Positive: 1.25 is added and 1 taken away. "
         "The products of channel 1 alone add 0.75."),
        ([0.5, -0.25], -1.0, "Negative: 0.5 is added and 1.25 taken away. "
         "The bias alone takes away 1."),
        ([0.5, -0.5], 0.0, "Zero: 0.5 is added and 0.5 taken away."),
        ([0.0, 0.0], 0.0, "Zero: all that is added up is zero."),
        ([0.25], 0.125, "Positive: 0.375 is added and 0 taken away. One product alone adds 0.25."),
    ],
)  # fmt: skip
def test_the_reason_of_a_sign_is_what_is_added_and_taken_away(unit_of, subtotals, bias, reason):
    question = unit_question(unit_of("conv2d_1", 4, 5, 3, form=summed(subtotals, bias)))
    assert question.reason == reason


def test_the_inputs_of_a_unit_are_named_by_their_number(unit_of):
    unit = unit_of("dense", 3)
    question = unit_question(unit)
    named, amount = re.search(r"Input (\d+) alone \w+(?: away)? (.*)\.$", question.reason).groups()
    subtotal = unit.form.subtotals[list(unit.form.channels).index(int(named))]
    assert amount == number(abs(subtotal), 4)
    assert abs(subtotal) == (unit.form.subtotals * np.sign(unit.sum)).max()


def test_of_a_pool_the_cell_that_wins_is_asked_for(unit_of, classifier, seven):
    unit = unit_of("max_pooling2d", 9, 6, 3)
    question = unit_question(unit)
    before = cnn.activations(classifier, seven)["conv2d"][..., 3]
    assert question.options == (
        "row 0, column 0", "row 0, column 1", "row 1, column 0", "row 1, column 1"
    )  # fmt: skip
    assert question.cells == ((18, 12), (18, 13), (19, 12), (19, 13))
    values = [before[cell] for cell in question.cells]
    assert question.right == {i for i, value in enumerate(values) if value == max(values)}
    (winner,) = question.right
    assert question.reason == (
        f"{question.options[winner].capitalize()} has {number(max(values), 4)}, the largest; "
        f"the next is {number(sorted(values)[-2], 4)}."
    )


@pytest.mark.parametrize(
    ("values", "right", "reason"),
    [
        ([[1, 3], [3, 0]], {1, 2}, "2 numbers are equal, 3, the largest of 4: each is right."),
        ([[0, 0], [0, 0]], {0, 1, 2, 3}, "4 numbers are equal, 0: each is right."),
    ],
)
def test_of_equal_numbers_each_is_right(unit_of, values, right, reason):
    form = Choice(np.array(values, float), np.ones((2, 2), bool))
    question = unit_question(unit_of("max_pooling2d", 9, 6, 3, form=form))
    assert (question.right, question.reason) == (right, reason)


def test_among_very_many_numbers_only_the_sign_is_asked_for(unit_of):
    form = Choice(np.arange(36.0).reshape(6, 6), np.ones((6, 6), bool))
    question = unit_question(unit_of("max_pooling2d", 9, 6, 3, form=form))
    assert question.about == "sign"
    assert question.reason == "Positive. The largest of 36 numbers is 35."


def test_where_there_is_nothing_to_guess_nothing_is_asked(unit_of):
    assert unit_question(unit_of("flatten", 100)) is None
    assert unit_question(unit_of("conv2d_1", 4, 5, 3, form=summed([np.inf, 1]))) is None


@pytest.fixture(scope="module")
def predicted(classifier, seven):
    """The prediction, with other logits if some are given."""
    prediction = cnn.predict(classifier, seven)

    def of(logits):
        values = np.array(logits, np.float32)
        shares = np.exp(values) / np.exp(values).sum()
        names = tuple(f"class {i}" for i in range(len(values)))
        return type(prediction)(
            **{**vars(prediction), "probabilities": shares, "logits": values, "class_names": names}
        )

    return of


def test_the_class_asked_for_is_the_one_that_wins_after_the_change(predicted):
    question = class_question(predicted([4, 1, 3]), predicted([2, 1, 5]), "conv2d: channel 3 off")
    assert question.words == (
        "As it was trained, the network says class 0. Which class wins with conv2d: channel 3 off?"
    )
    assert (question.options, question.right) == (("class 0", "class 1", "class 2"), {2})
    assert question.reason == (
        "class 2 wins: its logit goes from 3 to 5, that of class 0 from 4 to 2."
    )


def test_a_class_that_still_wins_is_held_against_the_next(predicted):
    question = class_question(predicted([4, 1, 3]), predicted([3, 2, 1]), "a change")
    assert question.reason == (
        "class 0 still wins: its logit goes from 4 to 3, that of class 1 from 1 to 2."
    )


def test_without_logits_the_probabilities_are_the_reason(predicted):
    before, after = predicted([np.log(3), 0]), predicted([0, np.log(4)])
    bare = [type(one)(**{**vars(one), "logits": None}) for one in (before, after)]
    assert class_question(*bare, "a change").reason == (
        "class 1 wins: its probability goes from 25.0% to 80.0%, that of class 0 from 75.0% to 20.0%."
    )


def test_where_classes_are_equal_each_of_them_is_right(predicted):
    question = class_question(predicted([4, 1, 3]), predicted([2, 1, 2]), "a change")
    assert question.right == {0, 2}
    assert question.reason.startswith("There is no winner: 2 classes share ")


def test_of_many_classes_the_likeliest_are_offered_and_another(predicted):
    before, now = np.arange(40.0), np.arange(40.0)
    now[3] = 60
    question = class_question(predicted(before), predicted(now), "a change")
    assert question.options == (*[f"class {i}" for i in range(39, 29, -1)], "another class")
    assert question.right == {10}
    now[35] = 80
    assert class_question(predicted(before), predicted(now), "a change").right == {4}


def test_a_network_without_classes_is_not_asked_for_one(predicted):
    nothing = predicted([np.nan, 1])
    assert class_question(nothing, nothing, "a change") is None
