import json
from types import SimpleNamespace

import pytest

from tests import audit
from tests.audit import judged

SKIPPED = {"name": "a", "skip_reason": "not found on PyPI"}
SOUND = {"name": "b", "version": "1", "vulns": []}
FAULT = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["3"]}
FAULTY = {"name": "c", "version": "2", "vulns": [FAULT]}


def told(*packages, why=()):
    return judged(json.dumps({"dependencies": packages}), "", dict(why))


def test_a_database_that_answers_for_no_package_is_no_clean_answer():
    sentence, has_fault = told(SKIPPED, SKIPPED)
    assert "nothing was looked for: not found on PyPI" in sentence
    assert "\n" not in sentence
    assert not has_fault


def test_errors_instead_of_an_answer_are_the_reason():
    assert judged("", "WARNING\nERROR: no route to host\n", {}) == (
        "pip-audit: nothing was looked for: ERROR: no route to host", False,
    )  # fmt: skip


def test_faults_are_named_and_counted():
    sentence, has_fault = told(SKIPPED, SOUND, FAULTY)
    assert has_fault
    assert "2 packages looked at, 1 unknown to its database, 1 faults" in sentence
    assert sentence.endswith("c 2: PYSEC-1, mended in 3")


def test_a_fault_that_is_explained_by_one_of_its_names_is_told_and_is_none():
    why = {"CVE-1": "that part is not used."}
    sentence, has_fault = told(SOUND, FAULTY, why=why)
    assert sentence.endswith("c 2: PYSEC-1, mended in 3; no fault here: that part is not used.")
    assert not has_fault
    other = {"name": "d", "version": "4", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}
    assert told(FAULTY, other, why=why)[1]
    assert told(FAULTY, why={"CVE-1": ""})[1]


def test_sound_packages_are_no_fault():
    assert told(SOUND)[1] is False


@pytest.mark.parametrize(("packages", "status"), [([FAULTY], 1), ([SOUND], 0), ([SKIPPED], 0)])
def test_a_fault_that_nothing_explains_fails_the_check(packages, status, monkeypatch):
    done = SimpleNamespace(stdout=json.dumps({"dependencies": packages}), stderr="")
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    assert audit.main() == status
