"""What is said of changed channels holds for their numbers."""

from dataclasses import replace

import numpy as np

import cnn
from cnn.models.surgery import Affine


def test_changes_are_named_layer_by_layer_and_neighbours_together():
    off = dict.fromkeys(range(4), Affine(0.0))
    changes = {
        "conv2d": {**off, 7: Affine(0.5), 9: Affine(0.0, 0.25)},
        "dense": {1: Affine(-1.0, 0.5)},
    }
    assert cnn.captions.operations(changes) == (
        "conv2d: channels 0 to 3 off, channel 7 at 50%, channel 9 held at 0.25; "
        "dense: channel 1 at −100% plus 0.5"
    )


def test_many_changes_of_a_layer_are_counted():
    changes = {"conv2d": {channel: Affine(0.1 * channel) for channel in range(8)}}
    assert cnn.captions.operations(changes) == "conv2d: 8 channels changed"


def test_the_answer_before_and_after_and_what_moved_the_most(classifier):
    image = cnn.load_dataset("digits").sample(label=3, seed=0).pixels
    changes = {"dense": cnn.keep_only(classifier, "dense", channel=0)}
    effect = cnn.ablation_effect(classifier, changes, image)
    caption = cnn.captions.ablation(effect.before, effect.after)
    moved = effect.after.probabilities - effect.before.probabilities
    most = int(np.abs(moved).argmax())
    direction = "up" if moved[most] > 0 else "down"
    assert caption.seen.startswith(f"With the changes the network says {effect.after.winner} (")
    assert f"before, it says {effect.before.winner} (" in caption.seen
    assert caption.notice.startswith(f"The probability of {most} moves the most, {direction} from ")
    same = cnn.captions.ablation(effect.before, effect.before)
    assert same.notice == "No probability moves."


def test_what_moves_less_than_is_written_is_not_said_to_move(classifier):
    image = cnn.load_dataset("digits").sample(label=3, seed=0).pixels
    before = cnn.predict(classifier, image)
    hardly = before.probabilities.copy()
    hardly[hardly.argmin()] += np.float32(1e-7)
    after = replace(before, probabilities=hardly)
    assert cnn.captions.ablation(before, after).notice == (
        "No probability moves so far that it would be written otherwise."
    )


def test_the_layer_that_moved_the_most_and_those_that_did_not():
    names = ["conv2d", "pool", "dense"]
    caption = cnn.captions.reached(names, np.array([0, 0.25, 0.5], np.float32))
    assert caption.notice == "dense moved the most, by 50.0%. conv2d is as before."
    assert cnn.captions.reached(names, np.zeros(3, np.float32)).notice == "No layer moved."
