"""Sentences on what adds up to an output, held against the numbers that they tell."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from keras import layers

import cnn
from cnn.captions import outputs as told
from cnn.words import number, percent
from tests import nets
from tests.kinds import picture_for

NAMES = [str(label) for label in range(10)]


@pytest.fixture(scope="module")
def passed(classifier, seven):
    return cnn.forward(classifier, seven)


@pytest.fixture(scope="module")
def made(classifier, seven, passed):
    return cnn.explain_output(classifier, seven, target=7, passed=passed)


@pytest.fixture(scope="module")
def difference(classifier, seven, passed):
    return cnn.explain_output(classifier, seven, target=7, against=9, passed=passed)


def score(units=1):
    model = nets.ending(layers.Dense(units, activation="sigmoid", name="score"))
    return cnn.explain_output(model, picture_for(model, Random(0)), target=0)


def test_an_output_is_named_by_its_class(made, difference):
    assert told.output(made, NAMES) == "the logit of 7"
    assert told.output(difference, NAMES) == "the logit of 7 minus that of 9"
    assert told.output(score(), ["0"]) == "the logit"
    assert told.output(score(3), ["a", "b", "c"]) == "the logit of a"


def test_a_number_that_is_no_class_has_a_sum():
    model = nets.ending(layers.Dense(2, activation="tanh"))
    made = cnn.explain_output(model, picture_for(model, Random(0)), target=1)
    assert told.output(made, ["0", "1"]) == "the sum of 1"
    assert told.logits(made, ["0", "1"]).seen.startswith("The sums of all outputs")


def test_the_formula_has_the_real_numbers(made, difference, passed):
    total, bias = made.recomputed, made.inputs.form.bias
    assert told.output_formula(made, made.inputs, NAMES) == (
        f"dense_1, the logit of 7: 64 products add up to {number(total - bias, 5)}; with the bias "
        f"{number(bias, 5)} that is {number(total, 5)}."
    )
    assert told.output_formula(difference, difference.inputs, NAMES).endswith(
        f"that is {number(difference.recomputed, 5)}. Each weight is that of the one minus that of the "
        "other, and so is the bias."
    )


def test_the_proof_compares_the_sum_with_that_of_keras(made, passed):
    computed = number(passed.prediction.logits[7], 5)
    assert f", the network says {computed}, " in told.output_proof(made, made.inputs)
    assert "more than float32 explains" not in told.output_proof(made, made.inputs)
    wrong = replace(made, computed=made.computed + 1)
    assert told.output_proof(wrong, wrong.inputs).endswith(
        "difference 1. That is more than float32 explains."
    )


def test_channels_that_do_not_give_the_sum_are_not_called_proved(second_model):
    made = cnn.explain_output(second_model, picture_for(second_model, Random(0)), target=3)
    form = replace(made.channels.form, values=made.channels.form.values + 1)
    wrong = replace(made.channels, form=form)
    assert "more than float32 explains" not in told.output_proof(made, made.channels)
    assert told.output_proof(made, wrong).endswith(" That is more than float32 explains.")


def test_where_the_sum_is_not_shown_the_result_is_compared():
    model = nets.ending(layers.Dense(4, activation="log_softmax"))
    made = cnn.explain_output(model, picture_for(model, Random(0)), target=2)
    assert told.output_proof(made, made.inputs).startswith(
        "The layer does not show its sums, only what becomes of them. Recomputed "
        f"{number(made.function.value, 5)}, the network says {number(made.result, 5)}"
    )


def test_the_strongest_for_and_against_are_named(made, difference):
    amounts = made.inputs.form.subtotals
    most, least = int(amounts.argmax()), int(amounts.argmin())
    caption = told.contributions(made, made.inputs, NAMES)
    assert caption.seen == (
        "What each of the 64 inputs from dense adds to the logit of 7, the strongest first, then the "
        f"bias: together {number(made.recomputed, 4)}."
    )
    assert caption.notice == (
        f"Input {most} speaks most for 7 (+{number(amounts[most])}), input {least} most against it "
        f"({number(amounts[least])})."
    )
    amounts = difference.inputs.form.subtotals
    most, least = int(amounts.argmax()), int(amounts.argmin())
    assert told.contributions(difference, difference.inputs, NAMES).notice == (
        f"Input {most} speaks most for 7 against 9 (+{number(amounts[most])}), input {least} most for "
        f"9 ({number(amounts[least])})."
    )


@pytest.mark.parametrize(
    ("weights", "notice"),
    [
        ([1.0, 2.0], "Input 1 speaks most for 7 (+6)."),
        ([-1.0, -2.0], "Input 1 most against 7 (−6)."),
        ([0.0, 0.0], "None of them adds anything: every input is zero, or its weight is."),
    ],
)
def test_what_does_not_hold_is_not_told(made, weights, notice):
    form = replace(
        made.inputs.form, values=np.array([2.0, 3.0]), weights=np.array(weights),
        channels=np.arange(2), bias=0.0,
    )  # fmt: skip
    caption = told.contributions(made, replace(made.inputs, form=form), NAMES)
    assert caption.notice == notice
    assert "bias" not in caption.seen


def test_channels_are_called_channels(second_model):
    image = picture_for(second_model, Random(0))
    made = cnn.explain_output(second_model, image, target=3)
    caption = told.contributions(made, made.channels, [*"abcde"])
    assert caption.seen.startswith(
        "What each of the 4 channels from tail/last adds to the logit of d,"
    )
    assert "hannel " in caption.notice
    cells = made.channels.form.values.size
    formula = told.output_formula(made, made.channels, [*"abcde"])
    assert f"the logit of d: {cells} products in 4 input channels add up to" in formula


def test_what_lies_between_maps_and_output_is_named(made, classifier):
    assert told.no_channels(cnn.layer_info(classifier, made.barrier)) == (
        "Channels of maps add to it through dense (Dense, relu), which does more than hand them on: what "
        "each of them adds cannot be told exactly."
    )


def test_each_step_of_softmax_has_its_numbers(made, passed):
    logits = passed.prediction.logits.astype(np.float64)
    order = np.argsort(-logits)
    assert told.logits(made, NAMES).notice == (
        f"The largest is {number(logits[order[0]], 4)} ({order[0]}), the next "
        f"{number(logits[order[1]], 4)} ({order[1]})."
    )
    lower = logits - logits[order[0]]
    others = np.exp(lower[order[1:]]).sum()
    first, second = (int(i) for i in order[:2])
    assert first == 7
    below, powers = told.below(made.softmax, NAMES), told.powers(made.softmax, NAMES)
    assert below.seen.startswith(f"Each minus the largest, {number(logits.max(), 4)}: ")
    assert below.notice == f"For 7 that is 0, for {second}, the next, {number(lower[second], 4)}."
    assert powers.seen.endswith(f"together 1 + {number(others, 4)}.")
    power = f"e^({number(lower[second], 4)}) = {number(np.exp(lower[second]), 4)}"
    assert powers.notice == f"For 7 that is e^0 = 1, for {second}, the next, {power}."
    runner_up = replace(made.softmax, form=replace(made.softmax.form, index=second))
    assert told.powers(runner_up, NAMES).notice == f"For {second} that is {power}."
    share = passed.prediction.probabilities[second]
    assert told.shares(runner_up, NAMES).notice == (
        f"For {second}, {number(np.exp(lower[second]), 4)} ÷ (1 + {number(others, 4)}) gives "
        f"{percent(np.exp(lower[second]) / (1 + others), 4)}; the network says {percent(share, 4)}. No "
        f"share differs by more than {number(made.softmax.difference, 1)}."
    )


def test_shares_that_are_the_same_are_not_said_to_differ(made):
    same = replace(made.softmax, computed=made.softmax.form.shares)
    assert told.shares(same, NAMES).notice.endswith("No share differs.")


def test_a_share_that_the_steps_do_not_give_is_told(made):
    wrong = made.softmax.computed * np.float32(0.9)
    caption = told.shares(replace(made.softmax, computed=wrong), NAMES)
    assert caption.notice.endswith(" That is more than float32 explains.")


def test_a_sigmoid_is_written_out():
    made = score()
    z = made.function.operand
    minus = f"({number(-z, 4)})" if -z < 0 else number(-z, 4)
    caption = told.function(made.function, made.result)
    assert caption.seen == (
        f"1 ÷ (1 + e^{minus}) = 1 ÷ (1 + {number(np.exp(-z), 4)}) = "
        f"{number(1 / (1 + np.exp(-z)), 5)}."
    )
    assert f"the network says {number(made.result, 5)}" in caption.notice


def test_another_function_is_named():
    model = nets.ending(layers.Dense(2, activation="tanh"))
    made = cnn.explain_output(model, picture_for(model, Random(0)), target=1)
    told_of = told.function(made.function, made.result)
    z = made.function.operand
    assert told_of.seen == f"tanh({number(z, 5)}) = {number(np.tanh(z), 5)}."
