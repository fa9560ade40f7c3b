"""The names of a model's classes, as somebody types them: kept on its card, for all readers.

GET  /names?<view>    what the classes of the view's model are called now, as JSON
POST /names?<view>    what they are to be called, as JSON: `names`, in the order of the outputs
"""

from __future__ import annotations

from flask import Flask, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, ValidationError

import cnn
from cnn.files import why_not_written
from dashboard.access.people import Role
from dashboard.access.roles import require, spend, takes_models
from dashboard.runtime.catalogue import Entry
from dashboard.runtime.runtime import Runtime, current
from dashboard.state.view import parse


class _Given(BaseModel):
    """What a browser sends."""

    model_config = ConfigDict(strict=True, extra="forbid")
    names: list[str]


def serve_naming(server: Flask) -> None:
    """Serve the routes."""
    server.add_url_rule("/names", "names", _answer, methods=["GET", "POST"])


def _answer() -> tuple[Response, int]:
    runtime, (view, _) = current(), parse(request.args.to_dict())
    if runtime.ready != "ready":
        return _refusal(runtime.not_ready, 503)
    try:
        entry = runtime.entry(view)
        if request.method == "POST":
            _require_allowed(runtime, entry)
            spend("models")
            runtime.catalogue.name_classes(entry, _given())
        names = cnn.class_names(runtime.catalogue.load(entry.key))
    except (cnn.ModelError, cnn.RunError) as error:
        return _refusal(str(error), 400)
    except OSError as error:
        return _refusal(f"The names cannot be kept: {why_not_written(error)}.", 500)
    return jsonify(names=names), 200


def _require_allowed(runtime: Runtime, entry: Entry) -> None:
    """Raise `NotAllowedError` where the sender may not name the classes of a model.

    Whoever may upload models may name those of uploaded ones, an operator those of all.
    """
    settings = runtime.settings
    is_uploaded = settings.models.folder in entry.path.parents
    if not (is_uploaded and takes_models(settings)):
        require(Role.OPERATOR)


def _given() -> list[str]:
    try:
        return _Given.model_validate_json(request.get_data()).names
    except ValidationError as error:
        raise cnn.ModelError(
            'What came is no list of names: expected JSON such as {"names": ["cat", "dog"]}.'
        ) from error


def _refusal(sentence: str, status: int) -> tuple[Response, int]:
    return jsonify(problem=sentence), status
