"""Which range of pixels suits the network, said over pictures of the data set shown.

GET /ranges?<view>    JSON: a sentence
"""

from __future__ import annotations

import numpy as np
from flask import Flask, Response, jsonify, request

import cnn
from cnn.inspection.pixel_ranges import range_of_pictures
from cnn.models.rows import rows_beside
from dashboard.runtime.picking import outputs_of
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
        model, data = runtime.model_of_many(view), runtime.data_of_many(view)
        places = np.unique(np.linspace(0, len(data) - 1, _MOST_PICTURES).astype(int))
        pictures, kept = data.readable(places)
        if not pictures:
            raise cnn.DatasetError(f"No picture of {data.name} that was looked at can be read.")
        outputs = outputs_of(model, data)
        labels = data.labels[kept] if data.is_labelled else None
        targets = None if outputs is None else outputs[labels]
        measured = range_of_pictures(model, pictures)
        also = [name for name in (measured, view.range) if name]
        given = rows_beside(model, data.beside, kept.tolist())
        found = cnn.compare_ranges(model, pictures, targets, labels=labels, also=also, given=given)
        return jsonify(hint=cnn.captions.range_hint(found, measured))
    except cnn.CnnError as error:
        return Response(str(error), 400, mimetype="text/plain")
