"""What a link shows here: its view, completed and repaired by this server's defaults.

What is not known at all (a data set `foo`, a moment that the run has not kept) is repaired, and told.
Parts that belong together, the place of a sample or the model with all that depends on it, are then
replaced together. What is known but missing here (MNIST, another server's model) is no matter of the
link: it stays, and whoever shows the view says which it is.

    GET /link?<query>    the view as its query, and a sentence for each repair
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, request

import cnn
from cnn.datasets import splits
from cnn.moments import Moment
from dashboard.pictures import sample_in_words
from dashboard.runtime import Runtime, current
from dashboard.view import Refused, View, read

_PLACE = ("data", "split", "index")
_OF_MODEL = ("epoch", "other", "channel", "source", "target")
_FINISHED = "its finished state is shown"
_START = "the start is compared"


@dataclass(frozen=True)
class Link:
    """The view that a link shows on this server, and a sentence for everything changed for that."""

    view: View
    told: tuple[str, ...]


def serve_links(server: Flask) -> None:
    """Serve the route that the browser asks about an address that it did not write itself."""
    server.add_url_rule("/link", "link", _link)


def _link() -> Response:
    given = request.args.to_dict(flat=False)
    query = {name: values[0] if len(values) == 1 else values for name, values in given.items()}
    link = follow(current(), query)
    shown = json.dumps({"view": link.view.to_query(), "told": link.told})
    return Response(shown, mimetype="application/json", headers={"Cache-Control": "no-store"})


def follow(runtime: Runtime, query: Mapping[str, Any]) -> Link:
    """Return what a link with that query shows on this server; following it again changes nothing."""
    values, refused = read(query)
    told: list[str] = []
    _complete_place(runtime, values, refused, told)
    _complete_model(runtime, values, refused, told)
    told += [f"The link {one.why}; {one.instead}." for one in refused.values()]
    return Link(View(**values), tuple(told))


def _complete_place(
    runtime: Runtime, values: dict[str, Any], refused: dict[str, Refused], told: list[str]
) -> None:
    """Complete the place of the sample, or replace it by the server's default as a whole."""
    default = runtime.default_view()
    data = values.setdefault("data", default.data)
    known = splits(data)
    split = values.setdefault("split", default.split if data == default.data else known[0])
    values.setdefault("index", 0)
    wrong = [refused.pop(name).why for name in _PLACE if name in refused]
    if split not in known:
        wrong.append(f"says split is {split!r}: {data} has {' and '.join(known)}")
    if wrong:
        values.update({name: getattr(default, name) for name in _PLACE})
    elif (count := _count(runtime, View(**values))) is not None and values["index"] >= count:
        wrong = [f"says index is {values['index']}: {data} {split} has pictures 0 to {count - 1:,}"]
        values["index"] = 0
    if wrong:
        instead = sample_in_words(values["data"], values["split"], values["index"])
        has_own = values.get("pixels") or values.get("upload")
        stands = "stands there" if has_own else "is shown"
        told.append(f"The link {'; it '.join(wrong)}; {instead} {stands} instead.")


def _count(runtime: Runtime, view: View) -> int | None:
    """Return how many pictures the data set of the view has, None where it is not on this server."""
    try:
        return len(runtime.dataset(view))
    except cnn.DatasetError:
        return None


def _complete_model(
    runtime: Runtime, values: dict[str, Any], refused: dict[str, Refused], told: list[str]
) -> None:
    """Complete the model, or replace it by the server's default with all that depends on it."""
    default = runtime.catalogue.default()
    wrong = refused.pop("model", None)
    if wrong:
        gone = [name for name in _OF_MODEL if name in values]
        for name in gone:
            del values[name]
        without = f", without the link's {' and '.join(gone)}" if gone else ""
        told.append(f"The link {wrong.why}; the {default.name} is shown instead{without}.")
    values.setdefault("model", default.key)
    _require_moments(runtime, values, told)
    _require_target(runtime, values, told)


def _require_moments(runtime: Runtime, values: dict[str, Any], told: list[str]) -> None:
    """Take out moments that are not kept of the model, if this server has the model."""
    named = {name: values[name] for name in ("epoch", "other") if values.get(name)}
    try:
        entry = runtime.catalogue.get(values["model"]) if named else None
    except cnn.ModelError:
        return
    if entry is None:
        return
    kept = {str(moment) for moment in entry.run.moments} if entry.run else set()
    for name, text in named.items():
        values[name] = str(Moment.parse(text))
        if values[name] not in kept:
            del values[name]
            why = f"no such moment of the {entry.name} is kept"
            instead = _FINISHED if name == "epoch" else _START
            told.append(f"The link says {name} is {text!r}: {why}; {instead} instead.")


def _require_target(runtime: Runtime, values: dict[str, Any], told: list[str]) -> None:
    """Take out a class that the model does not have, as soon as it can be asked."""
    target = values.get("target")
    if target is None or runtime.ready != "ready":
        return
    try:
        count = len(cnn.class_names(runtime.model(View(**values))))
    except cnn.CnnError:
        return
    if target >= count:
        del values["target"]
        told.append(
            f"The link says target is {target}: the model has classes 0 to {count - 1}; "
            "the step leads away from the prediction instead."
        )
