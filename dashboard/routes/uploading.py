"""Pictures from the reader's own machine: received, kept, and prepared for the model step by step.

POST /upload                  a picture file as the body; its hash
GET  /upload/<hash>?<view>    the way from that picture to what the model takes
"""

from __future__ import annotations

from math import ceil
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

import cnn
from cnn.images.fitting import whole_steps
from cnn.images.photos import Step, digit_steps
from dashboard import bodies
from dashboard.access.people import Role
from dashboard.access.roles import require, spend
from dashboard.runtime.runtime import current
from dashboard.shell.panel import data_uri
from dashboard.state import pixels
from dashboard.state.uploads import limit_in_words
from dashboard.state.view import parse

DIGIT_SHAPE = (pixels.SIDE, pixels.SIDE, 1)


def serve_uploads(server: Flask) -> None:
    """Serve the two routes of uploads."""
    server.add_url_rule("/upload", "upload", _receive, methods=["POST"])
    server.add_url_rule("/upload/<key>", "prepare_upload", _prepare)


def _receive() -> tuple[Response, int]:
    require(Role.TRAINER)
    spend("uploads")
    settings = current().settings
    request.max_content_length = settings.limits.bytes
    try:
        decoded = cnn.decode(bodies.whole(), limits=settings.limits)
        key = settings.uploads.put(decoded.pixels)
    except RequestEntityTooLarge:
        size = (
            f"{ceil(request.content_length / 1e5) / 10:,.1f} MB"
            if request.content_length
            else "more"
        )
        return _refusal(
            f"A file of {size} was given: {limit_in_words(settings.limits)}",
            413,
        )
    except cnn.CnnError as error:
        return _refusal(str(error), 400)
    return jsonify({"upload": key, "notes": decoded.notes}), 200


def _prepare(key: str) -> tuple[Response, int]:
    runtime = current()
    query = request.args.to_dict()
    centred = query.pop("centre", "on") != "off"
    view, _ = parse(query)
    if runtime.ready != "ready":
        return _refusal(runtime.not_ready, 503)
    try:
        model = runtime.model(view)
        uploaded = runtime.settings.uploads.get(key)
        shape = cnn.models.input_shape(model)
        is_digit = shape == DIGIT_SHAPE
        shape = (*cnn.size_for(model, *uploaded.shape[:2]), shape[2])
        centred = centred and is_digit
        steps = digit_steps(uploaded, part=view.part) if centred else whole_steps(uploaded, shape)
    except cnn.CnnError as error:
        return _refusal(str(error), 400)
    prepared = pixels.encode(steps[-1].pixels) if is_digit else ""
    return jsonify({"pixels": prepared, "steps": [_as_json(step) for step in steps]}), 200


def _as_json(step: Step) -> dict[str, Any]:
    """Return a step as the browser shows it; boxes are shares of its picture from 0 to 1."""
    height, width = step.pixels.shape[:2]
    sides = (height, width, height, width)
    boxes = [[end / side for end, side in zip(box, sides, strict=True)] for box in step.boxes]
    return {
        "name": step.name,
        "sentence": step.sentence,
        "src": data_uri(step.pixels),
        "boxes": boxes,
        "taken": step.taken,
    }


def _refusal(sentence: str, status: int) -> tuple[Response, int]:
    return jsonify({"problem": sentence}), status
