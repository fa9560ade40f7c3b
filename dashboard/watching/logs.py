"""The log: a line for whatever happens, as text or as JSON, with the id of its request."""

from __future__ import annotations

import logging
import logging.config
import time
from typing import Any, Literal

from flask import Flask, Response, g, request

from dashboard.watching.identity import request_id

Form = Literal["text", "json"]
_TEXT = "%(asctime)s [%(process)d] [%(levelname)s] [%(request_id)s] %(message)s"
_FIELDS = "%(asctime)s %(levelname)s %(name)s %(process)d %(request_id)s %(message)s"
_NAMES = {"asctime": "time", "levelname": "level", "name": "logger"}
_MOST_LETTERS = 500
_access = logging.getLogger("dashboard.access")


class OfRequest(logging.Filter):
    """Writes the id of the request into each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add `request_id`, "-" outside of requests; all records go on."""
        vars(record)["request_id"] = request_id() or "-"
        return True


def configuration(form: Form) -> dict[str, Any]:
    """Return the configuration of the log, for `logging.config`: everything goes to standard error."""
    formatters = {
        "text": {"format": _TEXT, "datefmt": "[%Y-%m-%d %H:%M:%S %z]"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": _FIELDS,
            "rename_fields": _NAMES,
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        },
    }
    handler = {
        "class": "logging.StreamHandler",
        "formatter": form,
        "filters": ["request"],
        "stream": "ext://sys.stderr",
    }
    own = {"level": "INFO", "handlers": ["log"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": OfRequest}},
        "formatters": {form: formatters[form]},
        "handlers": {"log": handler},
        "root": {"level": "WARNING", "handlers": ["log"]},
        # gunicorn's own would write beside these, in another form.
        "loggers": {"gunicorn.error": own, "dashboard": own},
    }


def write(form: Form) -> None:
    """Write the log of this process in this form."""
    logging.config.dictConfig(configuration(form))


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
