import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn import Moment, RunError
from cnn.runs.moments import within_first_epoch

MOMENTS = st.builds(Moment, st.integers(0, 9999), st.integers(0, 9_999_999))


@given(MOMENTS)
def test_a_moment_is_read_back_from_its_text(moment):
    assert Moment.parse(str(moment)) == moment


@given(st.lists(MOMENTS))
def test_names_of_files_sort_as_the_moments_do(moments):
    stems = [moment.stem for moment in sorted(moments)]
    assert stems == sorted(stems)


@pytest.mark.parametrize("text", ["", "-1", "1-", "a", "1-2-3", "1.5", " 1", "12345", "1\n"])
def test_what_is_no_moment_is_refused_by_name(text):
    with pytest.raises(
        RunError, match=r"is no moment of a training: give one such as 3 \(after epoch 3\) or 0-16"
    ):
        Moment.parse(text)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (Moment(0), "before the first step"),
        (Moment(0, 1), "epoch 1, after 1 step"),
        (Moment(0, 16), "epoch 1, after 16 steps"),
        (Moment(3), "after epoch 3"),
    ],
)
def test_a_moment_is_told_in_words(moment, words):
    assert moment.description == words


@pytest.mark.parametrize(
    ("batches", "kept"),
    [(1, set()), (2, {1}), (3, {1, 2}), (8, {1, 2, 4}), (9, {1, 2, 4, 8}), (13, {1, 2, 4, 8})],
)
def test_the_first_epoch_is_kept_at_powers_of_two_but_not_at_its_end(batches, kept):
    assert within_first_epoch(batches) == kept
