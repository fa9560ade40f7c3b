"""The log: a line for whatever happens, as text or as JSON, with the id of its request or job."""

from __future__ import annotations

import json
import logging
import logging.config
import re
import time
from collections.abc import Callable
from typing import Any, Literal

from flask import Flask, Response, g, request

from cnn.jobs import job_id
from dashboard.watching.identity import request_id

Form = Literal["text", "json"]
_TEXT = "%(asctime)s [%(process)d] [%(levelname)s] [%(about)s] %(message)s"
_FIELDS = "%(asctime)s %(levelname)s %(name)s %(process)d %(about)s %(message)s"
_BEFORE_MESSAGE = re.compile(r"\[[^]]+\] \[\d+\] \[[A-Z]+\] \[[^]]+\] ")
_NAMES = {"asctime": "time", "levelname": "level", "name": "logger"}
_MOST_LETTERS = 500
_access = logging.getLogger("dashboard.access")


class About(logging.Filter):
    """Writes into each record what it is about."""

    def __init__(self, name: str, known: Callable[[], str]) -> None:
        super().__init__()
        self._name, self._known = name, known

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id under its name, "-" where there is none; all records go on."""
        vars(record)[self._name] = self._known() or "-"
        return True


class Meant(logging.Filter):
    """Leaves out what is meant for nobody.

    What is compiled once of each network is one function to TensorFlow, of which it warns that it is made
    again and again.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record goes on."""
        return "triggered tf.function retracing" not in record.getMessage()


def configuration(form: Form) -> dict[str, Any]:
    """Return the configuration of a server's log, for `logging.config`."""
    # gunicorn's own would write beside these, in another form.
    return _configuration(form, "request_id", request_id, ("gunicorn.error", "dashboard"))


def write_of_worker(form: Form) -> None:
    """Write the log of this process, a worker, in this form."""
    logging.config.dictConfig(_configuration(form, "job_id", job_id, ("cnn", "dashboard")))


def message(line: str) -> str:
    """Return what happened, of a line of the log in either form; any other line is returned whole."""
    try:
        told = json.loads(line)
    except ValueError:
        return _BEFORE_MESSAGE.sub("", line, count=1)
    return str(told.get("message", line)) if isinstance(told, dict) else line


def _configuration(
    form: Form, about: str, known: Callable[[], str], names: tuple[str, ...]
) -> dict[str, Any]:
    """Return a log in which these loggers tell all; everything goes to standard error."""
    formatters = {
        "text": {"format": _TEXT.replace("about", about), "datefmt": "[%Y-%m-%d %H:%M:%S %z]"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": _FIELDS.replace("about", about),
            "rename_fields": _NAMES,
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        },
    }
    handler = {
        "class": "logging.StreamHandler",
        "formatter": form,
        "filters": ["about", "meant"],
        "stream": "ext://sys.stderr",
    }
    own = {"level": "INFO", "handlers": ["log"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"about": {"()": About, "name": about, "known": known}, "meant": {"()": Meant}},
        "formatters": {form: formatters[form]},
        "handlers": {"log": handler},
        "root": {"level": "WARNING", "handlers": ["log"]},
        "loggers": dict.fromkeys(names, own),
    }


def write_accesses(server: Flask) -> None:
    """Write a line for each answer."""

    def begin() -> None:
        g.began = time.perf_counter()

    def tell(response: Response) -> Response:
        took = 1000 * (time.perf_counter() - g.began) if "began" in g else 0.0
        path = request.path[:_MOST_LETTERS]
        facts = {
            "address": request.remote_addr,
            "method": request.method,
            "path": path,
            "status": response.status_code,
            "bytes": response.content_length,
            "milliseconds": round(took, 1),
        }
        _access.info("%s %r %d", request.method, path, response.status_code, extra=facts)
        return response

    server.before_request(begin)
    server.after_request(tell)
