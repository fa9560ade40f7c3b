"""The ids of components that more than one module names, and patterns for the many."""

from __future__ import annotations

from typing import Any

from dash import ALL

LOCATION = "_pages_location"
VIEW = "view"
DEFAULTS = "defaults"
READY = "ready"
LAYERS = "layers"
PULSE = "pulse"

CONTENT = "content"
NOTICE = "notice"
STATUS = "status"
THEME = "theme"

DATA = "data-set"
INDEX = "sample-index"
ANOTHER = "another"
PICTURE = "picture"
PICTURE_TEXT = "picture-text"
PREDICTION = "prediction"
BARS = "prediction-bars"
MODEL = "model"

ANY_DIGIT = {"type": "digit", "label": ALL}
ANY_LINK = {"type": "link", "path": ALL, "place": ALL}


def digit(label: int) -> dict[str, Any]:
    """Return the id of the button that picks a class."""
    return {"type": "digit", "label": label}


def link(path: str, place: str) -> dict[str, Any]:
    """Return the id of a link that carries the view in its query; `place` tells equal ones apart."""
    return {"type": "link", "path": path, "place": place}
