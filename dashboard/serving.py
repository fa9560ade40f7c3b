"""How gunicorn serves the dashboard: `gunicorn -c python:dashboard.serving dashboard.wsgi:server`.

Threads rather than processes: TensorFlow takes 0.7 GB per process, and the threads share one
compiled model. Nothing is preloaded, since TensorFlow must not be forked once it has started.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dashboard.settings import Settings

_settings = Settings()

bind = f"{_settings.host}:{_settings.port}"
worker_class = "gthread"
workers = _settings.processes
threads = _settings.threads
preload_app = False
graceful_timeout = 30
timeout = 120
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None


def replace_process() -> None:
    """Become gunicorn: this process ends here."""
    sys.stdout.flush()
    command = [
        sys.executable, "-m", "gunicorn", "--config", "python:dashboard.serving",
        "dashboard.wsgi:server",
    ]  # fmt: skip
    os.execv(sys.executable, command)
