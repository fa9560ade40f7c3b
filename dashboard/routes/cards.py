"""What somebody says of a model in the panel: kept on its card, for all readers.

GET  /names?<view>    what the classes of the view's model are called now, as JSON
POST /names?<view>    what they are to be called, as JSON: `names`, in the order of the outputs
POST /range?<view>    in which range its pixels are, as JSON: `range`, "" for what its file says
POST /sums?<view>     what the sums of the view's output are, as JSON: `sums`, "" for what is found
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, ValidationError

import cnn
from cnn.files import why_not_written
from cnn.models.choosing import with_output_first
from cnn.models.heads import head_of
from cnn.models.losses import Aim
from dashboard.access.people import Role
from dashboard.access.roles import require, spend, takes_models
from dashboard.runtime.catalogue import Entry
from dashboard.runtime.runtime import Runtime, current
from dashboard.state.view import parse

Answer = tuple[Response, int]
_Given = TypeVar("_Given", bound=BaseModel)
_NO_NAMES = 'no list of names: expected JSON such as {"names": ["cat", "dog"]}'
_NO_RANGE = 'no range: expected JSON such as {"range": "-1..1"}, or "" for what the file says'
_NO_SUMS = 'nothing about sums: expected JSON such as {"sums": "numbers"}, or "" for what is found'


class _Names(BaseModel):
    """What a browser sends as names."""

    model_config = ConfigDict(strict=True, extra="forbid")
    names: list[str]


class _Range(BaseModel):
    """What a browser sends as a range."""

    model_config = ConfigDict(strict=True, extra="forbid")
    range: str


class _Sums(BaseModel):
    """What a browser sends as what sums are."""

    model_config = ConfigDict(strict=True, extra="forbid")
    sums: Aim


def serve_cards(server: Flask) -> None:
    """Serve the routes."""
    server.add_url_rule("/names", "names", _names, methods=["GET", "POST"])
    server.add_url_rule("/range", "keep_range", _range, methods=["POST"])
    server.add_url_rule("/sums", "keep_sums", _sums, methods=["POST"])


def _names() -> Answer:
    def answer(runtime: Runtime, entry: Entry) -> dict[str, Any]:
        if request.method == "POST":
            _require_allowed(runtime, entry)
            spend("models")
            runtime.catalogue.name_classes(entry, _given(_Names, _NO_NAMES).names)
        return {"names": cnn.class_names(runtime.catalogue.load(entry.key))}

    return _answered(answer, "names")


def _range() -> Answer:
    def answer(runtime: Runtime, entry: Entry) -> dict[str, Any]:
        _require_allowed(runtime, entry)
        spend("models")
        runtime.catalogue.keep_range(entry, _given(_Range, _NO_RANGE).range)
        kept = cnn.models.card_of(runtime.catalogue.load(entry.key)).kept_range
        return {"range": kept}

    return _answered(answer, "range")


def _sums() -> Answer:
    def answer(runtime: Runtime, entry: Entry) -> dict[str, Any]:
        _require_allowed(runtime, entry)
        spend("models")
        output = parse(request.args.to_dict())[0].output
        runtime.catalogue.keep_sums(entry, output, _given(_Sums, _NO_SUMS).sums)
        model = with_output_first(runtime.catalogue.load(entry.key), output)
        return {"sums": cnn.models.card_of(model).kept_sums.get(head_of(model).last, "")}

    return _answered(answer, "choice")


def _answered(answer: Callable[[Runtime, Entry], dict[str, Any]], what: str) -> Answer:
    """Answer with what becomes of the card of the view's model, or say why it stays as it is."""
    runtime, (view, _) = current(), parse(request.args.to_dict())
    if runtime.ready != "ready":
        return _refusal(runtime.not_ready, 503)
    try:
        return jsonify(answer(runtime, runtime.entry(view))), 200
    except (cnn.ModelError, cnn.RunError) as error:
        return _refusal(str(error), 400)
    except OSError as error:
        return _refusal(f"The {what} cannot be kept: {why_not_written(error)}.", 500)


def _require_allowed(runtime: Runtime, entry: Entry) -> None:
    """Raise `NotAllowedError` where the sender may not change the card of a model.

    Whoever may upload models may change those of uploaded ones, an operator those of all.
    """
    settings = runtime.settings
    is_uploaded = settings.models.folder in entry.path.parents
    if not (is_uploaded and takes_models(settings)):
        require(Role.OPERATOR)


def _given(kind: type[_Given], expected: str) -> _Given:
    """Return what a browser sends; `ModelError`, with what was expected, for anything else."""
    try:
        return kind.model_validate_json(request.get_data())
    except ValidationError as error:
        raise cnn.ModelError(f"What came is {expected}.") from error


def _refusal(sentence: str, status: int) -> Answer:
    return jsonify(problem=sentence), status
