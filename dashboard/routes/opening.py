"""A reader's own model: received, opened by a process of its own, and kept for all web processes.

POST /models?name=<file name>[&card=<n>]&<view>    the model file as the body; its key, and the models
                                                   that can be chosen now. The first n bytes are its card
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

import cnn
from cnn.files import content_hash, why_not_written
from cnn.inspection.opening import open_apart
from cnn.models.card import Card, card_from, card_path, write_card
from cnn.models.enclosed import enclose_card
from cnn.models.loading import kept_card
from dashboard.access.roles import spend, takes_models, why_no_models
from dashboard.runtime.runtime import Runtime, current
from dashboard.shell.panel import model_options
from dashboard.state.models import limit_in_words
from dashboard.state.view import parse

_BUSY = "This server is opening another file: try again in some seconds."
_BUSY_SECONDS = 5

Answer = tuple[Response, int, dict[str, str]]


def serve_opening(server: Flask) -> None:
    """Serve the route of models."""
    server.add_url_rule("/models", "open_model", _open, methods=["POST"])


def _open() -> Answer:
    runtime = current()
    settings, query = runtime.settings, request.args.to_dict()
    name, card_size = query.pop("name", ""), query.pop("card", "")
    if not takes_models(settings):
        return _refusal(why_no_models(settings), 403)
    spend("models")
    request.max_content_length = settings.model_bytes
    try:
        key = _kept(runtime, name, card_size)
    except RequestEntityTooLarge:
        return _refusal(f"{name} is too large: {limit_in_words(settings.model_bytes)}", 413)
    except Timeout:
        return _refusal(_BUSY, 503, {"Retry-After": str(_BUSY_SECONDS)})
    except cnn.ModelError as error:
        return _refusal(str(error), 400)
    except OSError as error:
        return _refusal(f"{name} cannot be kept: {why_not_written(error)}.", 500)
    view, _ = parse({**query, "model": key})
    return jsonify({"model": key, "options": model_options(runtime, view)}), 200, {}


def _kept(runtime: Runtime, name: str, card_size: str) -> str:
    """Return the key of the file that is sent, which is kept by then.

    One file is opened at a time; `Timeout` while another is.
    """
    settings = runtime.settings
    with settings.models.receiving(name) as path:
        card = _card(name, card_size)
        with path.open("wb") as file:
            shutil.copyfileobj(request.stream, file)
        if card and path.suffix == ".keras":
            enclose_card(card, path)
        elif card:
            write_card(replace(card, facts=None), card_path(path))
        key = content_hash(path)
        if runtime.catalogue.has(key):
            _require_known_names(runtime, key, path)
        else:
            with FileLock(settings.jobs.path / "opening.lock", timeout=0):
                open_apart(path, limits=settings.opening)
            settings.models.keep(path, key)
        return key


def _card(name: str, size: str) -> Card | None:
    """Return the card that the body begins with, None where there is none."""
    if not size:
        return None
    if not re.fullmatch("[0-9]{1,7}", size):
        raise cnn.ModelError(f"The card of {name} is too large: expected class names and a scale.")
    called = f"The card of {name}"
    try:
        return card_from(json.loads(request.stream.read(int(size))), called)
    except ValueError as error:
        raise cnn.ModelError(f"{called} is no JSON: mend it, or open the network alone.") from error


def _require_known_names(runtime: Runtime, key: str, path: Path) -> None:
    """Raise `ModelError` where a card came beside a file that is here already, with another card.

    The card of a file of HDF5 is no part of its hash: nobody's card takes the place of another's.
    """
    beside = card_path(path)
    if beside.is_file() and kept_card(path) != kept_card(runtime.catalogue.get(key).path):
        raise cnn.ModelError(
            f"{path.name} is open here already, with another card: open it without one, and name its "
            "classes under Choices."
        )


def _refusal(sentence: str, status: int, headers: dict[str, str] | None = None) -> Answer:
    return jsonify({"problem": sentence}), status, headers or {}
