"""The ids of components that more than one module names, and patterns for the many."""

from __future__ import annotations

from typing import Any

from dash import ALL

LOCATION = "_pages_location"
VIEW = "view"
DEFAULTS = "defaults"
REPAIRED = "repaired"
WANTED = "wanted"
PANEL = "panel-data"
READY = "ready"
LAYERS = "layers"
MOMENTS = "moments"
NEWS = "news"
HEARD = "heard"
SILENCE = "silence"

CONTENT = "content"
NOTICE = "notice"
STATUS = "status"
THEME = "theme"
KEYS = "keys"
PRESENT = "present"

DATA = "data-set"
INDEX = "sample-index"
ANOTHER = "another"
DRAW = "draw"
UPLOAD = "upload"
PICTURE = "picture"
PICTURE_TEXT = "picture-text"
PERTURB = "perturb"
MODEL = "model"

ANY_DIGIT = {"type": "digit", "label": ALL}


def digit(label: int) -> dict[str, Any]:
    """Return the id of the button that picks a class."""
    return {"type": "digit", "label": label}
