import json

from tests.audit import judged

SKIPPED = {"name": "a", "skip_reason": "not found on PyPI"}
SOUND = {"name": "b", "version": "1", "vulns": []}
FAULTY = {"name": "c", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}


def told(*packages):
    return judged(json.dumps({"dependencies": packages}), "")


def test_a_database_that_answers_for_no_package_is_no_clean_answer():
    sentence, has_fault = told(SKIPPED, SKIPPED)
    assert "nothing was looked for: not found on PyPI" in sentence
    assert not has_fault


def test_errors_instead_of_an_answer_are_the_reason():
    assert judged("", "WARNING\nERROR: no route to host\n") == (
        "pip-audit: nothing was looked for: ERROR: no route to host", False,
    )  # fmt: skip


def test_faults_are_named_and_counted():
    sentence, has_fault = told(SKIPPED, SOUND, FAULTY)
    assert has_fault
    assert "2 packages looked at, 1 unknown to its database, 1 faults" in sentence
    assert "c 2: CVE-1, mended in 3" in sentence


def test_sound_packages_are_no_fault():
    assert told(SOUND)[1] is False
