"""Pictures to choose from, a page at a time.

GET /pictures?<view>[&marks=1]            what is on the page of the view's `pick`, as JSON; with `marks`
                                          also what the network says of them
GET /thumbnails/<data>/<split>?places=    these pictures small, side by side in one WebP file
GET /classes/<data>                       the names of the classes of a data set, as JSON
GET /readable/<data>/<split>?places=      the first of these pictures that is not damaged, as JSON
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from flask import Flask, Response, abort, jsonify, request
from PIL import Image, ImageDraw

import cnn
from cnn.models.card import names_classes
from dashboard.runtime import picking
from dashboard.runtime.picking import PAGE, Said
from dashboard.runtime.runtime import Runtime, current
from dashboard.state import picking as state
from dashboard.state.data import OWN
from dashboard.state.view import View, parse

SIDE = 96
_MOST_TRIED = 100
_KEPT_SECONDS = {True: 31_536_000, False: 3600}


def serve_picking(server: Flask) -> None:
    """Serve the routes."""
    server.add_url_rule("/pictures", "pictures", _pictures)
    server.add_url_rule("/thumbnails/<data>/<split>", "thumbnails", _thumbnails)
    server.add_url_rule("/classes/<data>", "classes", _classes)
    server.add_url_rule("/readable/<data>/<split>", "readable", _readable)


def _pictures() -> tuple[Response, int]:
    query = request.args.to_dict()
    wants_marks = query.pop("marks", "") == "1"
    view, _ = parse(query)
    try:
        return jsonify(_page(view, wants_marks=wants_marks)), 200
    except cnn.CnnError as error:
        return jsonify(problem=str(error)), 400


def _page(view: View, *, wants_marks: bool) -> dict[str, Any]:
    """Return a page; one behind the last is the last.

    What the network has to be asked about first waits until it can be.
    """
    runtime, place = current(), state.decode(view.pick) if view.pick else state.Place()
    data = runtime.dataset(view)
    if runtime.ready != "ready":
        of_network: dict[str, Any] = {"waits": True, "note": runtime.not_ready}
        return of_network if place.asks_network else of_network | _shown(data, place, None)
    model = runtime.model_of_many(view)
    said = runtime.said(view, place.label) if place.asks_network else None
    page = _shown(data, place, said)
    if said:
        page["note"] = cnn.captions.asked(
            len(said.places), said.of, said.right, len(said.damaged), is_labelled=data.is_labelled
        )
    elif wants_marks:
        places = np.array([item["index"] for item in page["items"]], np.int64)
        page["items"] = _items(data, places, _asked(runtime, view, model, places))
    names, judges = picking.classes_of(model), picking.outputs_of(model, data) is not None
    if names and not judges and not said:
        page["note"] = cnn.captions.unjudged(is_labelled=data.is_labelled)
    if judges and not names_classes(model):
        page["note"] = " ".join(
            [*filter(None, [page.get("note")]), cnn.captions.assumed(len(names))]
        )
    return page | {"names": names, "judges": judges}


def _asked(runtime: Runtime, view: View, model: Any, places: Any) -> Said:
    data = runtime.data_of_many(view)
    return picking.asked(model, data, places, len(data))


def _shown(data: cnn.Dataset, place: state.Place, said: Said | None) -> dict[str, Any]:
    """Return the pictures of a page, and how many pages there are."""
    places = said.places[said.ordered(place)] if said else picking.of_class(data, place.label)
    pages = max(1, -(-len(places) // PAGE))
    number = min(place.page, pages - 1)
    shown = places[number * PAGE : (number + 1) * PAGE]
    items = _items(data, shown, said)
    return {"items": items, "count": len(places), "page": number, "pages": pages}


def _items(data: cnn.Dataset, places: Any, said: Said | None) -> list[dict[str, Any]]:
    """Return what is known of each picture: `said` names the class that the network says."""
    rows = {int(place): row for row, place in enumerate(said.places)} if said else {}
    items = []
    for place in map(int, places):
        item: dict[str, Any] = {"index": place, "label": data.label(place)}
        if said and place in rows:
            row = rows[place]
            item["said"] = int(said.classes[row])
            item["sure"] = cnn.captions.percent(float(said.sure[row]), 0)
            item["right"] = None if said.right is None else bool(said.right[row])
        elif said and place in said.damaged:
            item["damaged"] = _why(data, place)
        items.append(item)
    return items


def _why(data: cnn.Dataset, place: int) -> str:
    try:
        data.small(place, SIDE)
    except cnn.DatasetError as error:
        return str(error)
    return ""


def _thumbnails(data: str, split: str) -> Response:
    try:
        found = current().sets.load(data, split)
        sprite = _sprite(found, _places(found, PAGE))
    except (cnn.DatasetError, ValueError) as error:
        abort(404, description=str(error))
    seconds = _KEPT_SECONDS[data.startswith(OWN)]
    return Response(
        sprite, mimetype="image/webp", headers={"Cache-Control": f"private, max-age={seconds}"}
    )


def _readable(data: str, split: str) -> Response:
    try:
        found = current().sets.load(data, split)
        places = _places(found, _MOST_TRIED)
    except (cnn.DatasetError, ValueError) as error:
        abort(404, description=str(error))
    return jsonify(index=next((place for place in places if not _why(found, place)), None))


def _places(data: cnn.Dataset, most: int) -> list[int]:
    """Return the places that are asked about, without those that there are not; `ValueError` for none."""
    places = [int(text) for text in request.args.get("places", "").split(",")][:most]
    return [place for place in places if 0 <= place < len(data)]


def _sprite(data: cnn.Dataset, places: list[int]) -> bytes:
    """Return pictures side by side, each in a square; a cross stands for one that is damaged."""
    sheet = Image.new("RGB", (SIDE * max(1, len(places)), SIDE), (128, 128, 128))
    for number, place in enumerate(places):
        left = number * SIDE
        try:
            picture = _fitted(data.small(place, SIDE))
            sheet.paste(picture, (left + (SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
        except cnn.DatasetError:
            corners = (left + 24, 24, left + SIDE - 24, SIDE - 24)
            ImageDraw.Draw(sheet).line(corners, (255, 255, 255), 6)
            ImageDraw.Draw(sheet).line((corners[2], 24, corners[0], SIDE - 24), (255, 255, 255), 6)
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=90)
    return buffer.getvalue()


def _fitted(pixels: Any) -> Image.Image:
    """Return a picture with its longer side as long as a square's: small ones in whole pixels."""
    shown = np.ascontiguousarray(cnn.images.in_colours(pixels))
    picture = Image.fromarray(np.squeeze(shown, 2) if shown.shape[2] == 1 else shown).convert("RGB")
    longest = max(picture.size)
    size = tuple(max(1, round(side * SIDE / longest)) for side in picture.size)
    how = Image.Resampling.NEAREST if longest < SIDE else Image.Resampling.LANCZOS
    return picture.resize((size[0], size[1]), how)


def _classes(data: str) -> Response:
    try:
        return jsonify(current().sets.classes(data))
    except cnn.DatasetError as error:
        abort(404, description=str(error))
