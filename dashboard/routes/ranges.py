"""Which range of pixels suits the network, said over pictures of the data set shown.

GET /ranges?<view>    JSON: a sentence
"""

from __future__ import annotations

import numpy as np
from flask import Flask, Response, jsonify, request
from numpy.typing import NDArray

import cnn
from dashboard.runtime.runtime import current
from dashboard.state.view import parse

_MOST_PICTURES = 64


def serve_ranges(server: Flask) -> None:
    """Serve the route."""
    server.add_url_rule("/ranges", "ranges", _ranges)


def _ranges() -> Response:
    runtime, (view, _) = current(), parse(request.args.to_dict())
    if runtime.ready != "ready":
        return Response(runtime.not_ready, 503, mimetype="text/plain")
    try:
        model, data = runtime.model(runtime.settled(view)), runtime.dataset(view)
        places = np.unique(np.linspace(0, len(data) - 1, _MOST_PICTURES).astype(int))
        samples = [data[int(place)] for place in places]
        targets = _targets(cnn.class_names(model), data.class_names, data.labels[places])
        found = cnn.compare_ranges(model, [sample.pixels for sample in samples], targets)
        return jsonify(hint=cnn.captions.range_hint(found))
    except cnn.CnnError as error:
        return Response(str(error), 400, mimetype="text/plain")


def _targets(
    names: tuple[str, ...], classes: tuple[str, ...], labels: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """Return the model's outputs that the labels stand for; None where its classes are others."""
    if set(names) != set(classes):
        return None
    return np.array([names.index(one) for one in classes], np.int64)[labels]
