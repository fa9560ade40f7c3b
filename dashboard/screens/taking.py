"""A picture that a page has made, taken to every page: in the link, or kept as an upload is.

A page puts `take_button(page)` into its layout and calls `register_taking` once, with the function that
makes the picture; the browser does the rest (`assets/40-input/taking.js`, `dashboard.routes.taking`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from dash import html
from flask import Flask
from numpy.typing import NDArray

import cnn
from dashboard.screens.request import Request
from dashboard.shell.components import aria, data
from dashboard.state import pixels

Changes = dict[str, str | None]
_EXTENSION = "cnn_taking"
_IN_LINKS = (pixels.SIDE, pixels.SIDE, 1)
_KEPT_CHANNELS = (1, 3)
_DONE_TO_IT = (*(field.name for field in fields(cnn.Perturbation)), "epsilon", "target")


@dataclass(frozen=True)
class Taking:
    """What a page makes: `made` is its word in the view, and `picture` returns it, uint8 (h, w, c).

    `picture` raises `CnnError` where there is none.
    """

    made: str
    picture: Callable[[Request], NDArray[np.uint8]]


def take_button(page: str) -> html.Div:
    """Return the button, and the place for why it could not be done."""
    return html.Div(
        [
            html.Button(
                "Take this picture to every page",
                id=f"{page}-take",
                type="button",
                className="btn btn-sm btn-outline-primary take-picture",
                title="Make it the picture of all pages; the way back of the browser undoes it",
                **data(page=page),
            ),
            html.P(className="problem", **aria(live="polite")),
        ],
        className="controls",
    )


def register_taking(server: Flask, page: str, taking: Taking) -> None:
    """Let the button of the page take what `taking` makes."""
    server.extensions.setdefault(_EXTENSION, {})[page] = taking


def taking_of(server: Flask, page: str) -> Taking | None:
    """Return what the page makes; None for a page that makes no picture."""
    found: Taking | None = server.extensions.get(_EXTENSION, {}).get(page)
    return found


def is_in_links(picture: NDArray[np.uint8]) -> bool:
    """Whether a link has room for all of the picture."""
    return picture.shape == _IN_LINKS


def changes(request: Request, made: str, picture: NDArray[np.uint8]) -> Changes:
    """Return what of a view becomes another where the picture is taken.

    What is done to the picture before the network sees it was done before it was made. One that no link
    has room for is kept as an upload is. Raises `ImageError` where it cannot be kept.
    """
    if is_in_links(picture):
        own: Changes = {"pixels": pixels.encode(picture), "upload": None}
    elif picture.shape[-1] not in _KEPT_CHANNELS:
        raise cnn.ImageError(
            f"The picture has {picture.shape[-1]} channels: only one of 1 or 3 can be taken along."
        )
    else:
        own = {"pixels": None, "upload": request.runtime.settings.uploads.put(picture)}
    return {**dict.fromkeys((*_DONE_TO_IT, "part")), **own, "made": made}
