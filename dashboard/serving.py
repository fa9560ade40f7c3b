"""How gunicorn serves the dashboard: `gunicorn -c python:dashboard.serving dashboard.wsgi:server`.

Threads rather than processes: TensorFlow takes 0.7 GB per process, and the threads share one
compiled model. Nothing is preloaded, since TensorFlow must not be forked once it has started.
"""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock
from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from cnn.errors import CnnError, HomeError
from dashboard import arenas
from dashboard.access.warning import warning
from dashboard.settings import SettingError, settings_with
from dashboard.watching import logs, sharing

# What gunicorn takes for a program that cannot be loaded: it ends, and does not try again.
_CANNOT_BE_LOADED = 4


def end(error: CnnError) -> NoReturn:
    """End this process, and gunicorn with it, with what is wrong in a sentence."""
    print(error, file=sys.stderr, flush=True)
    sys.exit(_CANNOT_BE_LOADED)


try:
    _settings = settings_with()
except SettingError as wrong:
    end(wrong)

bind = _settings.address
worker_class = "gthread"
workers = _settings.processes
threads = _settings.threads
preload_app = False
# Each takes a file descriptor; a process that had none left for the next would end.
worker_connections = min(1000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
# Browsers ask for what is new every few seconds, readers for the next digit sooner.
keepalive = 5
# With the grace of the local worker all has ended ten seconds after SIGTERM.
graceful_timeout = 5
timeout = 120
control_socket_disable = True
# Which headers of a proxy are believed is a setting of the application, for each header alike.
forwarded_allow_ips = ""
logconfig_dict = logs.configuration(_settings.log_form)


class Log(Logger):
    """The log of gunicorn, without the lines of requests that the application may write."""

    access_log_enabled = False


logger_class = Log
# In memory, where gunicorn makes files of its own.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # nosec B108


NO_PRELOAD = (
    "gunicorn's --preload is refused: TensorFlow, once started, cannot be forked, and a process that is "
    "started anew would hang for ever. Start it without, as `cnn-dashboard serve` does."
)


def is_preloading() -> bool:
    """Whether gunicorn's first process imports the application, from which it forks the others."""
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
        if frame.f_code is Arbiter.setup.__code__:
            return True
    return False


def on_starting(server: Any) -> None:
    """Let workers know of the server for as long as it lives: its web processes come and go.

    Several count together. Whoever starts a server that anybody can use is warned.
    """
    if told := warning(_settings):
        server.log.warning(told)
    if server.cfg.workers > 1:
        sharing.share()
    # Each web process says it where nothing can be written.
    with suppress(HomeError):
        _settings.jobs.require_writable()
        _lock().acquire()


@cache
def _lock() -> FileLock:
    return _settings.jobs.server_lock()


def post_fork(_server: Any, _worker: Any) -> None:
    """Keep the memory of a new web process small."""
    arenas.use_few()


def child_exit(_server: Any, worker: Any) -> None:
    """Forget the memory of a web process that has ended."""
    sharing.leave_out(worker.pid)


def on_exit(_server: Any) -> None:
    """Clear away what was counted."""
    sharing.unshare()


def run() -> None:
    """Serve until the process is told to stop.

    Not by a new process: what the command line has imported is there for the web processes.
    """
    sys.argv = ["gunicorn", "--config", "python:dashboard.serving", "dashboard.wsgi:server"]
    WSGIApplication().run()
