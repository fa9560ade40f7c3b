"""What a study came to is said with its own numbers, and only where they bear it out."""

from dataclasses import replace

from cnn import captions
from cnn.captions import Caption
from cnn.studies import Channel, Evaluation, Ranking, Scores

BEFORE = Scores(0.98, 0.1, [0.99, 0.97, None])
EVALUATION = Evaluation(
    2000,
    2000,
    ["cat", "dog", "bird"],
    [1000, 1000, 0],
    BEFORE,
    Scores(0.9, 0.4, [0.99, 0.81, None]),
)
RANKING = Ranking(
    500, 2000, "conv", 0.98, 0.1,
    [Channel(3, 0.5, 0.8, 0.6), Channel(1, 0.0, 0.98, 0.1), Channel(0, -0.01, 0.98, 0.09)],
)  # fmt: skip


def test_an_evaluation_says_both_accuracies_and_the_class_that_loses_the_most():
    assert captions.evaluation(EVALUATION) == Caption(
        "Of 2,000 pictures the changed network tells 90.00% rightly; unchanged, it is 98.00%.",
        "The class dog loses the most: from 97.0% to 81.0%.",
    )


def test_where_no_class_loses_none_is_named():
    same = replace(EVALUATION, after=BEFORE)
    assert captions.evaluation(same).notice == "No class is told worse than before."
    gained = replace(EVALUATION, after=Scores(1.0, 0.1, [1.0, 1.0, None]))
    assert captions.evaluation(gained).notice == "No class is told worse than before."


def test_a_ranking_says_over_what_and_which_channel_is_missed_the_most():
    assert captions.ranking(RANKING) == Caption(
        "Each channel of conv alone was switched off, in the network without changes, over 500 of "
        "2,000 pictures, spread evenly. All channels on, the loss is 0.1 and the accuracy 98.00%.",
        "Channel 3 is missed the most: without it the loss is 0.6. 2 channels could go without the "
        "loss rising.",
    )
    whole = replace(RANKING, pictures=2000, channels=RANKING.channels[:1])
    caption = captions.ranking(whole)
    assert "over 2,000 pictures. All" in caption.seen
    assert caption.notice == "Channel 3 is missed the most: without it the loss is 0.6."


def test_where_no_channel_is_missed_it_says_so():
    caption = captions.ranking(replace(RANKING, channels=RANKING.channels[1:]))
    assert caption.notice == "No channel is missed: without any of them the loss is no larger."
