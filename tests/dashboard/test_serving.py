"""gunicorn, started as an operator may."""

import os
import subprocess
import sys

import pytest

from dashboard import serving
from dashboard.serving import NO_PRELOAD
from dashboard.settings import Settings
from tests.browser.server import free_port


def start(tmp_path, configured, *flags, **variables):
    """What became of gunicorn, which was to end by itself."""
    config = ["-c", "python:dashboard.serving"] if configured else []
    environment = {**os.environ, "CNN_HOME": str(tmp_path / "home"), "PORT": str(free_port())}
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", *config, *flags, "dashboard.wsgi:server"],
        env=environment | variables, cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_what_ends_a_server_and_its_worker_together_takes_less_than_the_ten_seconds_of_the_readme():
    assert serving.graceful_timeout + Settings().worker_grace < 10


@pytest.mark.parametrize("configured", [True, False])
def test_preload_ends_with_the_reason(tmp_path, configured):
    ended = start(tmp_path, configured, "--preload")
    assert ended.returncode == 1
    assert ended.stderr.strip() == NO_PRELOAD
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("configured", "variable", "given", "why"),
    [
        (True, "CNN_PROCESSES", "many", "Input should be a valid integer"),
        (True, "PORT", "99999", "Input should be less than or equal to 65535"),
        (False, "CNN_PREFIX", "https://x", "expected a path of letters"),
    ],
)
def test_a_variable_that_is_not_accepted_ends_with_one_sentence(
    tmp_path, configured, variable, given, why
):
    ended = start(tmp_path, configured, **{variable: given})
    said = [line for line in ended.stderr.splitlines() if not line.startswith("[")]
    assert ended.returncode == 4
    assert len(said) == 1, ended.stderr
    assert said[0].startswith(f"{variable} is '{given}': {why}")
