"""What surgery needs of the server: the mean of a channel, and the network as a file.

GET /mean/<layer>?<view>    the mean of the view's channel over a sample, and over how many pictures
GET /operated?<view>        the view's network with changed channels, a .keras file with its card
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask, Response, jsonify, request, send_file
from werkzeug.utils import secure_filename

import cnn
from cnn.models.card import card_of
from cnn.models.enclosed import enclose_card
from cnn.models.rows import rows_beside
from dashboard.access.roles import spend
from dashboard.runtime.runtime import Runtime, current
from dashboard.state.view import View, parse

_DIGITS = 6
_MOST_PICTURES = 500
_FEWEST_PICTURES = 16
_MOST_PIXELS = 400_000


def serve_operating(server: Flask) -> None:
    """Serve the two routes of surgery."""
    server.add_url_rule("/mean/<path:layer>", "mean", _mean)
    server.add_url_rule("/operated", "operated", _operated)


def _mean(layer: str) -> Response:
    return _answered(lambda runtime, view: _mean_of(runtime, view, layer))


def _operated() -> Response:
    spend("models")
    return _answered(_file)


def _answered(answer: Callable[[Runtime, View], Response]) -> Response:
    """Return the answer for the view of the query; why there is none in a sentence."""
    runtime, (view, _) = current(), parse(request.args.to_dict())
    if runtime.ready != "ready":
        return Response(runtime.not_ready, 503, mimetype="text/plain")
    try:
        return answer(runtime, view)
    except cnn.CnnError as error:
        return Response(str(error), 400, mimetype="text/plain")


def _mean_of(runtime: Runtime, view: View, layer: str) -> Response:
    model, dataset = runtime.trained(view.of_no_sample), runtime.data_of_many(view)
    channel = view.channel or 0
    height, width = cnn.models.input_shape(model)[:2]
    most = _MOST_PIXELS // ((height or 1) * (width or 1))
    count = min(len(dataset), _MOST_PICTURES, max(most, _FEWEST_PICTURES))
    pictures, places = dataset.readable(range(count))
    given = rows_beside(model, dataset.beside, places.tolist())
    held = cnn.mean_replacement(model, pictures, layer=layer, channels=[channel], given=given)
    offset = float(f"{held[channel].offset:.{_DIGITS}g}")
    return jsonify({"offset": offset, "pictures": len(pictures)})


def _file(runtime: Runtime, view: View) -> Response:
    trained = runtime.trained(view)
    model = cnn.ablate(trained, view.operations)
    name = secure_filename(runtime.entry(view).name.removesuffix(".keras")) or "network"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "operated.keras"
        cnn.save_model(model, path)
        enclose_card(card_of(trained), path)
        content = io.BytesIO(path.read_bytes())
    return send_file(content, as_attachment=True, download_name=f"{name}-operated.keras")
