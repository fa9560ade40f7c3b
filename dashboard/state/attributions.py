"""Options of attribution and of synthesis as text that fits into an address: "smoothgrad.samples:32"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from cnn.attribution.methods import METHODS
from cnn.attribution.options import Number, Option
from cnn.attribution.synthesis import OPTIONS, SYNTHESIS

Options = Mapping[str, Mapping[str, Any]]
_KNOWN: Mapping[str, Mapping[str, Option]] = {
    **{name: method.options for name, method in METHODS.items()},
    SYNTHESIS: OPTIONS,
}


def decode(text: str) -> dict[str, dict[str, Any]]:
    """Return the options in the text by method and name; `ValueError` for what is none.

    Entries have semicolons between them; what would be one in a value, a layer's name, is quoted as in an
    address.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in text.split(";"):
        key, _, quoted = entry.partition(":")
        method, _, name = key.partition(".")
        option = _KNOWN.get(method, {}).get(name)
        if option is None or name in found.get(method, {}):
            raise ValueError(f"{entry!r} is no option")
        found.setdefault(method, {})[name] = _read(option, unquote(quoted))
    return found


def _read(option: Option, text: str) -> Any:
    value: Any = text
    if isinstance(option, Number):
        value = int(text) if option.limits.is_whole else float(text)
    if not option.accepts(value):
        raise ValueError(f"{text!r} is not {option.words}")
    return value
