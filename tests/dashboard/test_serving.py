"""gunicorn, started as an operator may."""

import os
import subprocess
import sys

import pytest

from dashboard.serving import NO_PRELOAD
from tests.browser.server import free_port


@pytest.mark.parametrize("configured", [True, False])
def test_preload_ends_with_the_reason(tmp_path, configured):
    config = ["-c", "python:dashboard.serving"] if configured else []
    environment = {**os.environ, "CNN_HOME": str(tmp_path / "home"), "PORT": str(free_port())}
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", *config, "--preload", "dashboard.wsgi:server"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.strip() == NO_PRELOAD
    assert ended.stdout == ""
