"""What a file says stands in sentences shortened, and with what is unseen in it escaped."""

import pytest

from cnn.errors import quoted, reason, shown


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("conv", "'conv'"),
        ("a\nb\x1b[31m\u202e", r"'a\nb\x1b[31m\u202e'"),
        ("\ud800x", r"'\ud800x'"),
        ("n" * 81, f"'{'n' * 80}…'"),
        (10**400, f"1{'0' * 79}…"),
        ([1, "two"], "[1, 'two']"),
    ],
)
def test_what_is_quoted_is_short_and_seen(value, written):
    assert quoted(value) == written


def test_what_is_shown_has_no_quotes_and_keeps_letters_of_any_script():
    assert shown("layer/größe 数") == "layer/größe 数"
    assert shown("a\r\x07" + "b" * 100) == r"a\r\x07" + "b" * 77 + "…"


def test_the_reason_of_another_package_sends_nothing_to_a_terminal():
    assert (
        reason(ValueError("no layer \x1b[31m'a\x07b\x1b]0;title'"))
        == r"no layer 'a\x07b\x1b]0;title'"
    )
