"""The file of those who may sign in."""

import os

import pytest
from typer.testing import CliRunner

from dashboard.access.people import People, PeopleError, Role, line
from dashboard.cli import app

PASSWORD = "correct horse"


@pytest.fixture
def written(tmp_path):
    def written(*lines):
        path = tmp_path / "people"
        path.write_text("\n".join(lines))
        return path

    return written


def test_who_has_a_line_signs_in_by_their_password_alone(written):
    people = People(written("# our class", "", line("ann@school", Role.OPERATOR, PASSWORD)))
    assert people.role("ann@school") is Role.OPERATOR
    assert not people.is_known("ann@school", PASSWORD)
    assert not people.signs_in("ann@school", f"{PASSWORD} ")
    assert people.signs_in("ann@school", PASSWORD)
    assert people.is_known("ann@school", PASSWORD)
    assert not people.is_known("ann@school", "another")
    assert (people.role("bob"), people.signs_in("bob", PASSWORD)) == (None, False)


def test_a_line_without_a_hash_lets_nobody_sign_in(written):
    people = People(written("ann:trainer", "bob:reader:"))
    assert people.role("ann") is Role.TRAINER
    assert not any(people.signs_in(name, given) for name in ("ann", "bob") for given in ("", "x"))


def test_another_password_holds_at_once(written):
    path = written(line("ann", Role.READER, PASSWORD))
    people = People(path)
    assert people.signs_in("ann", PASSWORD)
    path.write_text(line("ann", Role.READER, "a new password"))
    os.utime(path, (1, 1))
    assert not people.is_known("ann", PASSWORD)
    assert not people.signs_in("ann", PASSWORD)
    assert people.signs_in("ann", "a new password")
    path.write_text("")
    os.utime(path, (2, 2))
    assert not people.is_known("ann", "a new password")


@pytest.mark.parametrize(
    "wrong",
    [
        "ann",
        "ann:king:",
        "ann:reader:plain password",
        "a nn:reader:",
        ":reader:",
        "ann:reader:scrypt:x",
    ],
)
def test_a_line_that_is_none_is_named(written, wrong):
    with pytest.raises(
        PeopleError, match=r"Line 2 of people is no line of people: write name:role"
    ):
        People(written("# people", wrong))


def test_nobody_stands_twice_and_a_file_is_there(written, tmp_path):
    with pytest.raises(PeopleError, match="ann stands twice in people"):
        People(written("ann:reader:", "ann:operator:"))
    with pytest.raises(PeopleError, match="cannot be read"):
        People(tmp_path / "nothing")


def test_the_command_prints_a_line_and_no_password(written):
    given = f"{PASSWORD}\n{PASSWORD}\n"
    done = CliRunner().invoke(app, ["password", "ann", "--role", "operator"], input=given)
    assert done.exit_code == 0
    assert PASSWORD not in done.output
    printed = done.stdout.splitlines()[-1]
    people = People(written(printed))
    assert people.role("ann") is Role.OPERATOR
    assert people.signs_in("ann", PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["password", "ann"], "short\nshort\n", "at least 8"),
        (["password", "a:b"], f"{PASSWORD}\n{PASSWORD}\n", "no name here"),
    ],
)
def test_the_command_refuses_what_is_no_name_or_password(arguments, given, said):
    done = CliRunner().invoke(app, arguments, input=given)
    assert isinstance(done.exception, PeopleError)
    assert said in str(done.exception)
