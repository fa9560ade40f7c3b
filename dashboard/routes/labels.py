"""Which class each picture of a data set has: the browser picks pictures by itself.

Asking the server for a random picture of a class cost every new digit a round trip.
"""

from __future__ import annotations

from flask import Flask, Response, abort

import cnn
from dashboard.runtime.runtime import current


def serve_labels(server: Flask) -> None:
    """Serve `/labels/<data>/<split>`: two bytes per picture, its class, the lower byte first.

    Of pictures without labels all bytes are 255: they are of one class, as it were.
    """
    server.add_url_rule("/labels/<data>/<split>", "labels", _labels)


def _labels(data: str, split: str) -> Response:
    try:
        dataset = current().sets.load(data, split)
    except cnn.DatasetError as error:
        abort(404, description=str(error))
    return Response(dataset.labels.astype("<u2").tobytes(), mimetype="application/octet-stream")
