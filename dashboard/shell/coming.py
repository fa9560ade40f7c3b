"""How many of the parts of a page are there, while those of a large network come one by one."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.shell.components import aria


def coming(identity: str, label: str) -> html.Span:
    """Return the place of a bar with words and a way to stop, unseen until a screen `tells` more.

    What is computed then is finished, and no more is asked for until the reader goes on.
    """
    bar = html.Progress(
        id=f"{identity}-bar", className="study-bar", max="1", value="0", **aria(label=label)
    )
    stop = html.Button(id=f"{identity}-stop", className="btn btn-outline-secondary btn-sm")
    said = html.Span(id=f"{identity}-said")
    return html.Span([bar, " ", said, " ", stop], id=identity, className="coming", hidden=True)


def tells(identity: str, done: int, count: int, said: str) -> dict[str, dict[str, Any]]:
    """Return the `texts`, `hidden` and `properties` of a screen of which so many parts are there."""
    return {
        "texts": {f"{identity}-said": said, f"{identity}-stop": "Cancel"},
        "hidden": {identity: done == count},
        "properties": {f"{identity}-bar": {"value": str(done), "max": str(count)}},
    }
