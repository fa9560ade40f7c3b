"""Every finding is a sentence that has its own numbers in it."""

import pytest

from cnn.captions import diagnosis as words
from cnn.inspection.diagnosis import CHECKS
from cnn.inspection.diagnosis.findings import Checked, Diagnosis, Finding, Selection

OVER = {"pictures": 500}


def said(kind, channels=(), names=(), **numbers):
    given = {name.replace("_", " "): value for name, value in numbers.items()}
    return words.finding(Finding(kind, "warning", "conv", tuple(channels), given, names))


@pytest.mark.parametrize(
    ("channels", "of", "begins"),
    [
        ((4,), 32, "1 of 32 channels (4) is dead"),
        ((4, 7), 32, "2 of 32 channels (4 and 7) are dead"),
        (range(9), 32, "9 of 32 channels (0, 1, 2, 3, 4, 5 and 3 more) are dead"),
        (range(8), 8, "All 8 channels are dead"),
        ((0,), 1, "The 1 channel is dead"),
    ],
)
def test_channels_are_counted_and_named(channels, of, begins):
    numbers = {"channels": of, "pictures": 500}
    sentence = words.finding(Finding("dead", "warning", "conv", tuple(channels), numbers))
    assert sentence.startswith(begins)
    assert "zero in every cell for all 500 pictures" in sentence
    units = Finding("dead", "warning", "dense", (4,), {"units": 64, "pictures": 500})
    assert words.finding(units).startswith(
        "1 of 64 units (4) is dead over the sample: zero for all 500 pictures, so"
    )


def test_what_is_said_of_channels_has_its_numbers():
    numbers = {"channels": 8, "pictures": 1, "share": 0.973}
    of = lambda kind, *names: words.finding(Finding(kind, "warning", "a", (3,), numbers, names))  # noqa: E731
    assert "the same for all 1 picture, and not zero" in of("constant")
    assert "at least 97% of the numbers of each lie at an end of the range of tanh" in of(
        "saturated", "tanh"
    )
    assert "not finite for some of 1 picture" in of("not finite")
    assert "(3) is made with weights that are infinite or none (NaN)" in of("not finite", "weights")


@pytest.mark.parametrize(
    ("pairs", "more"),
    [(1, ""), (2, " 1 other pair does so too."), (4, " 3 other pairs do so too.")],
)
def test_filters_that_are_alike_are_told_with_their_cosine(pairs, more):
    sentence = said("duplicates", (7, 2, 11), filters=16, pairs=pairs, cosine=0.99871)
    assert sentence.startswith("Filters 7 and 2 point almost the same way (cosine 0.9987)")
    assert sentence.endswith(f"one could do for both.{more}")


def test_pictures_that_come_in_otherwise_are_told_with_both_accuracies():
    accuracies = {"accuracy": 0.124, "accuracy_as_negatives": 0.969}
    assert said("polarity", **accuracies, **OVER).startswith(
        "As they are, 12% of 500 pictures are recognised, as negatives 97%: the network learned"
    )
    other = {"accuracy": 0.1, "accuracy_in_the_other_range": 0.98}
    names = ("divided by 255", "multiplied by 1, as the model's card says")
    assert said("range", names=names, **other, **OVER).startswith(
        "With pixels divided by 255, 98% of 500 pictures are recognised, and as they come in "
        "(multiplied by 1, as the model's card says) 10%"
    )
    assert said("statistics", deviations_apart=2.34, spread=0.1).startswith(
        "The means of its input channels are 2.34 standard deviations (median) from those kept of the "
        "training, and their spread is 0.1 times the one kept"
    )


def test_statistics_before_any_training_are_told_with_what_comes_in():
    numbers = {"largest_mean": 3.21, "largest_deviation": 0.5}
    one = said("never updated", names=("norm",), layers=1, of=1, **numbers)
    assert one.startswith("In 1 of 1 layer that keeps statistics (norm) the mean is 0 and")
    assert "means reach 3.21 in size and standard deviations 0.5" in one
    names = tuple(f"norm_{i}" for i in range(8))
    many = said("never updated", names=names, layers=8, of=9, **numbers)
    assert "In 8 of 9 layers that keep statistics (norm_0, norm_1, norm_2" in many
    assert "norm_5 and 2 more) the mean" in many


def test_what_is_said_of_the_outputs_has_their_numbers():
    doubled = said("softmax doubled", names=("dense",), classes=10, largest_possible=0.2320)
    assert "what dense already made shares" in doubled
    assert "of 10 classes none can get more than 23.2%" in doubled
    assert "always 1" in said("softmax of one")
    assert said("logits", classes=3).startswith(
        "It ends with 3 sums, one per class, and no softmax"
    )
    assert "4 outputs, one per class, with the activation relu in place of a softmax" in said(
        "softmax missing", names=("relu",), classes=4
    )


def test_labels_that_do_not_fit_are_told_with_both_counts():
    assert said("label unnamed", names=("own",), classes=10) == (
        "The data set own has 10 classes, and the network does not say what its own are, so that no "
        "accuracy can be told: name them on a card beside its file."
    )
    assert said("label count", names=("mnist",), classes=10, outputs=5).startswith(
        "The data set mnist has 10 classes, the network tells 5 apart"
    )
    assert "as many classes as the network, 10, but of other names" in said(
        "label names", names=("mnist",), classes=10, outputs=10
    )
    accuracies = {"accuracy": 0.02, "accuracy_in_the_other_order": 0.97, "label": 0, "output": 9}
    assert said("label order", **accuracies, **OVER).startswith(
        "For class 0 the network mostly gives output 9: in such another order its answers are right for "
        "97% of 500 pictures, in that of the labels for 2%"
    )


def test_numbers_stand_beside_what_they_are_of():
    found = Finding("x", "note", "a", (), {"accuracy": 0.5, "pictures": 1500, "cosine": 0.99871})
    assert words.numbers(found) == (
        ("accuracy", "50.0%"), ("pictures", "1,500"), ("cosine", "0.9987"),
    )  # fmt: skip


def test_every_check_has_a_name_and_says_what_came_of_it():
    names = [words.check_name(name) for name in CHECKS]
    assert len(set(names)) == len(CHECKS)
    found = Finding("logits", "note", "a")
    for name in CHECKS:
        assert words.looks_for(name)
        assert words.outcome(Checked(name, ())) == ("nothing found", "")
        assert words.outcome(Checked(name, (found, found))) == ("2 found", "")
    verdict, reason = words.outcome(Checked("labels", None))
    assert verdict == "nothing can be said"
    assert reason.startswith("the pictures have no labels, or")


SELECTION = Selection("mnist", "test", 1000, 10_000)


def test_the_sample_is_told():
    assert words.selection(SELECTION).startswith(
        "Said over 1,000 of the 10,000 pictures of MNIST test, evenly chosen. Of others"
    )
    short = Selection("mnist", "test", 8, 10_000, is_short=True)
    assert "evenly chosen; they are few, for the network computes much." in words.selection(short)
    assert (
        words.selection(Selection("", "", 1, 1)) == "Said over all 1 picture of the given pictures."
    )


def test_all_of_it_is_counted_by_how_grave_it_is():
    kinds = ("fault", "note", "note", "warning")
    found = tuple(Finding("logits", kind, f"layer {i}") for i, kind in enumerate(kinds))
    made = Diagnosis((Checked("softmax", found), Checked("labels", None)), SELECTION)
    assert [one.severity for one in made.findings] == ["fault", "warning", "note", "note"]
    assert words.diagnosis(made) == "1 fault, 1 warning and 2 notes."
    empty = Diagnosis((Checked("softmax", ()), Checked("labels", None)), SELECTION)
    assert words.diagnosis(empty) == "Nothing was found: 1 check of 2 could look."
