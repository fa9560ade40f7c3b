"""How gunicorn serves the dashboard: `gunicorn -c python:dashboard.serving dashboard.wsgi:server`.

Threads rather than processes: TensorFlow takes 0.7 GB per process, and the threads share one
compiled model. Nothing is preloaded, since TensorFlow must not be forked once it has started.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gunicorn.app.wsgiapp import WSGIApplication

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
# Which headers of a proxy are believed is a setting of the application, for each header alike.
forwarded_allow_ips = ""
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None


def run() -> None:
    """Serve until the process is told to stop.

    Not by a new process: what the command line has imported is there for the web processes.
    """
    sys.argv = ["gunicorn", "--config", "python:dashboard.serving", "dashboard.wsgi:server"]
    WSGIApplication().run()
