"""What callbacks are given, checked for type, length and range before any of them sees it.

Dash hands on whatever a client sends. A dict with `type`, `namespace` and `props` that comes back as
`children` would be a component for every reader, and anything else that no control sends an error
in the middle of a callback. So a body is answered with 400 and a sentence unless it is one that the
pages send: a callback that there is, with its own inputs, and values of the types that are known
for their properties. What a store or a control holds more narrowly is told by `accept`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from dash import Dash
from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from cnn.inspection.trial import MOST_LETTERS as MOST_LETTERS_OF_NAME
from dashboard import bodies
from dashboard.prefix import base

_EXTENSION = "cnn_arguments"
# By this the page knows that it has to tell its reader: Dash would not.
_UNTOLD = "X-Refusal-Untold"
MOST_LETTERS = 20_000
_MOST_PARTS = 20_000
_MOST_DEPTH = 20
# Whatever a browser can make of what is typed.
_LARGEST = sys.float_info.max
_MOST_CLICKS = 1_000_000
_HELD = ("data", "value")
_STRICT = ConfigDict(strict=True, allow_inf_nan=False)

Name = Annotated[str, Field(max_length=MOST_LETTERS_OF_NAME)]
Text = Annotated[str, Field(max_length=MOST_LETTERS)]
Address = Annotated[str, Field(max_length=MOST_LETTERS)]
Count = Annotated[int, Field(ge=0, le=_MOST_CLICKS)]
Number = int | float | Literal[""]
Query = dict[Name, Text | list[Text]]

_OF_PROPERTY: dict[str, Any] = {
    "n_clicks": Count | None,
    "value": bool | int | float | Text | None,
    "is_open": bool | None,
    "className": Name | None,
    "pathname": Address | None,
    "search": Address | None,
    "id": Name | dict[Name, Name | int],
}


class Layers(BaseModel):
    """What the store of the layers must have, whatever else there is."""

    model_config = _STRICT
    model: Name
    surgery: str
    network: str
    names: list[Name]
    blocks: dict[Name, Name] = {}
    classes: list[Name]
    opening: Name
    weighted: list[Name]
    changeable: list[Name]


class Moments(BaseModel):
    """What the store of the moments must have, whatever else there is."""

    model_config = _STRICT
    model: Name
    values: list[Name]


class Wanted(BaseModel):
    """What is wanted whole: of which view, and how often something was by then."""

    model_config = _STRICT
    view: Query
    number: Count


class Repaired(BaseModel):
    """What became of a link that was followed: its view, and a sentence for each repair."""

    model_config = _STRICT
    view: Query
    messages: list[Text]


class _ForeignError(Exception):
    """A body that no page sends."""


def guard(app: Dash) -> None:
    """Let no callback of the application see arguments that no page sends."""
    app.server.extensions[_EXTENSION] = {}
    address = f"{app.config.routes_pathname_prefix}_dash-update-component"

    def check() -> Response | None:
        if request.path != address or request.method != "POST":
            return None
        try:
            _check(app, _body())
        except _ForeignError as error:
            message = f"No page of this server sends such a request ({error}): reload the page."
            return Response(message, 400, {_UNTOLD: "yes"}, mimetype="text/plain")
        return None

    app.server.before_request(check)


def accept(app: Dash, kinds: Mapping[str, Any]) -> None:
    """Say of what type the data of stores and the values of controls are, by their ids.

    A store that is not told of may hold any data, a control any text or number; no value is needed.
    """
    known: dict[str, TypeAdapter[Any]] = app.server.extensions[_EXTENSION]
    known.update({name: _adapter(kind) for name, kind in kinds.items()})


def _adapter(kind: Any) -> TypeAdapter[Any]:
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return TypeAdapter(kind | None, config=None if is_model else _STRICT)


_PROPERTIES = {name: _adapter(kind) for name, kind in _OF_PROPERTY.items()}


def _body() -> dict[str, Any]:
    bodies.whole()
    try:
        body = request.get_json()
    except (BadRequest, UnsupportedMediaType, RecursionError) as error:
        raise _ForeignError("its body is no JSON") from error
    if not isinstance(body, dict):
        raise _ForeignError("its body is no object")
    return body


def _check(app: Dash, body: dict[str, Any]) -> None:
    output = body.get("output")
    callback = app.callback_map.get(output) if isinstance(output, str) else None
    if callback is None or "callback" not in callback:
        raise _ForeignError("there is no callback with its output")
    known = app.server.extensions[_EXTENSION]
    given = []
    for part, least in (("inputs", callback["inputs"]), ("state", callback["state"])):
        given += _places(body.get(part, []), least, part)
    for place in given:
        _check_value(known, place)
    if not callback["no_output"]:
        output = callback["output"]
        told = body.get("outputs") if _is_several(output) else [body.get("outputs")]
        _places(told, _outputs(output), "outputs")
    _check_changed(body.get("changedPropIds"), given, callback["inputs"])


def _is_several(output: Any) -> bool:
    """Whether a callback has a row of outputs; one of a pattern is given as many places at once."""
    return isinstance(output, list | tuple)


def _outputs(output: Any) -> list[dict[str, str]]:
    outputs = output if _is_several(output) else [output]
    return [
        {"id": str(one.component_id_str()), "property": one.component_property} for one in outputs
    ]


def _places(given: Any, expected: Sequence[Mapping[str, str]], part: str) -> list[dict[str, Any]]:
    """Return the places (id, property, perhaps value) that are given, those of patterns in a row."""
    if not isinstance(given, list) or len(given) != len(expected):
        raise _ForeignError(f"its {part} are others")
    places = []
    for one, place in zip(given, expected, strict=True):
        row = one if _is_pattern(place["id"]) else [one]
        if not isinstance(row, list) or len(row) > _MOST_PARTS:
            raise _ForeignError(f"its {part} are others")
        for single in row:
            if not isinstance(single, dict) or not _is_place(single, place):
                raise _ForeignError(f"its {part} are others")
            places.append(single)
    return places


def _is_pattern(identity: str) -> bool:
    """Whether components of many ids are meant, in a row."""
    return identity.startswith("{") and any(
        isinstance(part, list) for part in json.loads(identity).values()
    )


def _is_place(given: Mapping[str, Any], expected: Mapping[str, str]) -> bool:
    name = given.get("property")
    if not isinstance(name, str) or name.split("@")[0] != expected["property"]:
        return False
    if not expected["id"].startswith("{"):
        return bool(given.get("id") == expected["id"])
    pattern, identity = json.loads(expected["id"]), given.get("id")
    return (
        isinstance(identity, dict)
        and identity.keys() == pattern.keys()
        and all(_fits(identity[key], wanted) for key, wanted in pattern.items())
    )


def _fits(part: Any, wanted: Any) -> bool:
    if not isinstance(wanted, list):
        return bool(part == wanted)
    return type(part) is int or (isinstance(part, str) and len(part) <= MOST_LETTERS)


def _check_value(known: Mapping[str, TypeAdapter[Any]], place: Mapping[str, Any]) -> None:
    identity, name, value = place["id"], place["property"], place.get("value")
    target = f"{identity if isinstance(identity, str) else identity.get('type')}.{name}"
    if not _is_plain(value, with_components=name == "children"):
        raise _ForeignError(f"{target} is nothing that a page holds")
    if name == "pathname" and isinstance(value, str) and not value.startswith(_below()):
        raise _ForeignError(f"{target} is the path of no page")
    holder = identity if isinstance(identity, str) else identity.get("type")
    kind = known.get(str(holder)) if name in _HELD else None
    kind = kind or _PROPERTIES.get(name)
    try:
        if kind is not None:
            kind.validate_python(value)
    except ValidationError as error:
        raise _ForeignError(f"{target} is of another type") from error


def _below() -> str:
    """Return what the paths of all pages begin with; Dash fails at others."""
    return base().removesuffix("/") or "/"


def _is_plain(value: Any, *, with_components: bool, depth: int = 0) -> bool:
    """Whether the value is JSON of bounded size in which, unless they are expected, no component is."""
    if isinstance(value, str):
        return len(value) <= MOST_LETTERS
    if isinstance(value, int | float):
        return abs(value) <= _LARGEST
    if not isinstance(value, dict | list):
        return True
    if depth >= _MOST_DEPTH or len(value) > _MOST_PARTS:
        return False
    if isinstance(value, dict):
        is_component = "namespace" in value and "type" in value
        if is_component and not with_components:
            return False
        value = [*value, *value.values()]
    return all(_is_plain(v, with_components=with_components, depth=depth + 1) for v in value)


def _check_changed(
    changed: Any, given: Sequence[Mapping[str, Any]], expected: Sequence[Mapping[str, str]]
) -> None:
    """Check what has changed: inputs, or components of a pattern that have left the page meanwhile."""
    names = {f"{_as_text(place['id'])}.{place['property']}" for place in given}
    if not isinstance(changed, list) or not all(isinstance(one, str) for one in changed):
        raise _ForeignError("what has changed is not told")
    patterns = [place for place in expected if _is_pattern(place["id"])]
    if not all(one in names or _is_of_pattern(one, patterns) for one in changed):
        raise _ForeignError("what has changed is none of its inputs")


def _is_of_pattern(name: str, patterns: Sequence[Mapping[str, str]]) -> bool:
    identity, _, part = name.rpartition(".")
    try:
        place = {"id": json.loads(identity), "property": part}
    except (ValueError, RecursionError):
        return False
    return any(_is_place(place, pattern) for pattern in patterns)


def _as_text(identity: Any) -> str:
    if isinstance(identity, str):
        return identity
    return json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
