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
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask, Response, request

import cnn
from cnn.data.names import part_name
from cnn.runs.moments import Moment
from dashboard.runtime.pictures import sample_in_words
from dashboard.runtime.runtime import Runtime, current
from dashboard.state.data import OWN
from dashboard.state.view import ALL_PARTS, LOOKS, OF_MODEL, View, read

_COLOURS = 3
_PLACE = ("data", "split", "index")
_MOMENT_INSTEAD = {"epoch": "its finished state is shown", "other": "the start is compared"}
_CLASS_INSTEAD = {
    "target": "the step leads away from the prediction",
    "teach": "the class that suggests itself is taught",
    "of": "the output of the class predicted is taken apart",
    "against": "it is compared with none",
}


@dataclass(frozen=True)
class Link:
    """The view that a link shows on this server, and a sentence for everything changed for that."""

    view: View
    messages: tuple[str, ...]


def serve_links(server: Flask) -> None:
    """Serve the route that the browser asks about an address that it did not write itself."""
    server.add_url_rule("/link", "link", _link)


def _link() -> Response:
    given = request.args.to_dict(flat=False)
    query = {name: values[0] if len(values) == 1 else values for name, values in given.items()}
    link = follow(current(), query)
    content = json.dumps({"view": link.view.to_query(), "messages": link.messages})
    return Response(content, mimetype="application/json", headers={"Cache-Control": "no-store"})


def follow(runtime: Runtime, query: Mapping[str, Any]) -> Link:
    """Return what a link with that query shows on this server; following it again changes nothing."""
    repair = _Repair(runtime, query)
    repair.complete_place()
    repair.complete_model()
    repair.require_moments()
    repair.require_output()
    repair.require_sums()
    repair.require_range()
    repair.require_colours()
    repair.require_inputs()
    repair.require_channels()
    repair.require_classes()
    repair.refuse_others()
    repair.require_steps()
    return Link(View(**repair.values), tuple(repair.messages))


class _Repair:
    """The usable parts of a link, completed step by step, and what is told of the others."""

    def __init__(self, runtime: Runtime, query: Mapping[str, Any]) -> None:
        self.values, self._refused = read(query)
        self.messages: list[str] = []
        self._runtime = runtime
        self._changed = {name for name in self._refused if name in ALL_PARTS}

    def complete_place(self) -> None:
        """Complete the place of the sample, or replace it by the server's default as a whole."""
        values, default = self.values, self._runtime.default_view()
        data = values.setdefault("data", default.data)
        known = self._runtime.sets.splits(data)
        split = values.setdefault("split", default.split if data == default.data else known[0])
        values.setdefault("index", self._first(data, split))
        wrong = [self._refused.pop(name).why for name in _PLACE if name in self._refused]
        if split not in known:
            wrong.append(f"says split is {split!r}: {self._called(data)} has {' and '.join(known)}")
        if wrong:
            values.update({name: getattr(default, name) for name in _PLACE})
        elif (count := self._count()) is not None and values["index"] >= count:
            place = f"{part_name(self._called(data), split)} has pictures 0 to {count - 1:,}"
            wrong = [f"says index is {values['index']}: {place}"]
            values["index"] = self._first(data, split)
        if wrong:
            name = self._runtime.sets.called(values["data"])
            instead = sample_in_words(name, values["data"], values["split"], values["index"])
            has_own = values.get("pixels") or values.get("upload")
            stands = "stands there" if has_own else "is shown"
            self._say(f"{'; it '.join(wrong)}; {instead} {stands} instead", "index")

    def complete_model(self) -> None:
        """Complete the model, or replace it by the server's default with all that depends on it."""
        default = self._runtime.catalogue.default()
        wrong = self._refused.pop("model", None)
        if wrong:
            gone = [name for name in OF_MODEL if self.values.pop(name, None) is not None]
            without = f", without the link's {' and '.join(gone)}" if gone else ""
            self._say(f"{wrong.why}; the {default.name} is shown instead{without}", "model")
        self.values.setdefault("model", default.key)

    def require_moments(self) -> None:
        """Take out moments that are not kept of the model, if this server has the model."""
        named = {name: self.values[name] for name in ("epoch", "other") if self.values.get(name)}
        if not named:
            return
        try:
            entry = self._runtime.catalogue.get(self.values["model"])
        except cnn.ModelError:
            return
        kept = {str(moment) for moment in entry.run.moments} if entry.run else set()
        for name, text in named.items():
            self.values[name] = str(Moment.parse(text))
            if self.values[name] not in kept:
                del self.values[name]
                why = f"says {name} is {text!r}: no such moment of the {entry.name} is kept"
                self._say(f"{why}; {_MOMENT_INSTEAD[name]} instead", name)

    def require_output(self) -> None:
        """Take out an output that the model does not have, as soon as it can be asked."""
        number = self.values.get("output", 0)
        if not number or self._runtime.ready != "ready":
            return
        try:
            count = len(self._runtime.outputs(View(**self.values)))
        except cnn.CnnError:
            return
        if number >= count:
            del self.values["output"]
            has = f"outputs 0 to {count - 1}" if count > 1 else "one output"
            self._say(f"says output is {number}: the model has {has}; the first is shown", "output")

    def require_sums(self) -> None:
        """Take out what the sums of the output cannot be taken for, as soon as the model can be asked."""
        aim = self.values.get("sums")
        if not aim or self._runtime.ready != "ready":
            return
        others = ("sums", "range", "colours", "given", "also")
        try:
            model = self._runtime.trained(View(**{**self.values, **dict.fromkeys(others, "")}))
        except cnn.CnnError:
            return
        try:
            cnn.models.require_sums_as(model, aim)
        except cnn.ModelError as error:
            del self.values["sums"]
            why = f"says sums are {aim!r} ({str(error).removesuffix('.')})"
            self._say(f"{why}; the output is shown as found", "sums")

    def require_channels(self) -> None:
        """Take out changes of channels that the model does not have, as soon as it can be asked."""
        if not self.values.get("surgery") or self._runtime.ready != "ready":
            return
        view = View(**self.values)
        try:
            trained = self._runtime.trained(view)
        except cnn.CnnError:
            return
        try:
            cnn.models.require_changeable(trained, view.operations)
        except cnn.LayerError as error:
            del self.values["surgery"]
            why = f"changes channels that the model does not have ({str(error).removesuffix('.')})"
            self._say(f"{why}; no channel is changed", "surgery")

    def require_range(self) -> None:
        """Take out a range that the model's pixels cannot be in, as soon as it can be asked."""
        name = self.values.get("range")
        if not name or self._runtime.ready != "ready":
            return
        try:
            others = dict.fromkeys(("range", "colours", "given", "also"), "")
            model = self._runtime.trained(View(**{**self.values, **others}))
        except cnn.CnnError:
            return
        channels = cnn.models.input_shape(model)[2]
        scale = cnn.models.read_scale(name)
        if not scale.suits(channels):
            del self.values["range"]
            takes = f"the model takes {channels}"
            why = f"says range is {name!r}, which is for {scale.channels} channels: {takes}"
            self._say(f"{why}; pixels are scaled as the model says", "range")

    def require_inputs(self) -> None:
        """Take out what further inputs cannot be given, as soon as the model can be asked."""
        for name in ("given", "also"):
            if not self.values.get(name) or self._runtime.ready != "ready":
                continue
            others = {one: "" for one in ("given", "also", "surgery") if one != name}
            try:
                self._runtime.trained(View(**{**self.values, **others}))
            except cnn.CnnError as error:
                del self.values[name]
                why = f"says what further inputs get ({str(error).removesuffix('.')})"
                self._say(
                    f"{why}; they get what the file of the picture or the model's card says", name
                )

    def require_colours(self) -> None:
        """Take out channels as colours that neither model nor picture has, as soon as it can be asked."""
        if not self.values.get("colours") or self._runtime.ready != "ready":
            return
        view = View(**self.values)
        try:
            model = self._runtime.trained(replace(view, colours="", given="", also=""))
            pictures = self._runtime.picture(view).pixels.shape[-1]
        except cnn.CnnError:
            return
        channels = max(cnn.models.input_shape(model)[2], pictures)
        if len({*view.red_green_blue}) < _COLOURS or max(view.red_green_blue) >= channels:
            del self.values["colours"]
            why = f"says colours are {view.colours!r}: expected three of {channels} channels from 0"
            self._say(f"{why}; the first three are red, green and blue", "colours")

    def require_classes(self) -> None:
        """Take out classes that the model does not have, as soon as it can be asked."""
        named = {n: self.values[n] for n in _CLASS_INSTEAD if self.values.get(n) is not None}
        if not named or self._runtime.ready != "ready":
            return
        try:
            count = len(cnn.class_names(self._runtime.model(View(**self.values))))
        except cnn.CnnError:
            return
        for name, number in named.items():
            if number >= count:
                del self.values[name]
                why = f"says {name} is {number}: the model has classes 0 to {count - 1}"
                self._say(f"{why}; {_CLASS_INSTEAD[name]} instead", name)

    def refuse_others(self) -> None:
        """Tell of all other parts that cannot be used."""
        for one in self._refused.values():
            self.messages.append(f"The link {one.why}; {one.instead}.")

    def require_steps(self) -> None:
        """Take out steps that another picture, model or class was taught with."""
        others = self._changed - (LOOKS - {"teach"})
        if others and self.values.pop("rates", ""):
            self.messages.append("The steps of the link are left out: they belong to what it says.")
        if others - {"teach"}:
            self.values.pop("teach", None)

    def _called(self, data: str) -> str:
        return self._runtime.sets.called(data) if data.startswith(OWN) else data

    def _say(self, sentence: str, part: str) -> None:
        self.messages.append(f"The link {sentence}.")
        self._changed.add(part)

    def _first(self, data: str, split: str) -> int:
        """Return the place of the first picture that can be read, 0 where none can."""
        try:
            return self._runtime.sets.first(data, split)
        except cnn.DatasetError:
            return 0

    def _count(self) -> int | None:
        """Return how many pictures the data set has, None where it is not on this server."""
        try:
            return len(self._runtime.dataset(View(**self.values)))
        except cnn.DatasetError:
            return None
