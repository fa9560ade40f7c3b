"""What the browser is told about every answer: what a page may load and do, and who may frame it.

Scripts are those of this server, and the few inline ones whose hashes are named; none is made of text
(`eval`), which plotly.js would need for WebGL alone. Styles may be inline: plotly.js, React and
Dash write them into elements. The worker that asks for values is made of a blob.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256

from dash import Dash
from flask import Response
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    XContentTypeOptions,
    XFrameOptions,
)

from dashboard.settings import Settings

_SELF, _NONE = "'self'", "'none'"
_INLINE = re.compile(r"<script(?: data-[^>]*)?>(.*?)</script>", re.DOTALL)


def send_headers(app: Dash, settings: Settings) -> None:
    """Send the headers with every answer of the application."""
    # Dash knows all its inline scripts from the first request on.
    known = cache(lambda: dict(_headers(app, settings.frames.split()).headers))

    def add(answer: Response) -> Response:
        answer.headers.update(known())
        return answer

    app.server.after_request(add)


def _headers(app: Dash, frames: list[str]) -> Secure:
    """Return the headers; `frames` are the sites whose pages may show one of these in a frame."""
    inline = [_hash(script) for script in _INLINE.findall(app.index_string)]
    policy = (
        ContentSecurityPolicy()
        .default_src(_NONE)
        .script_src(_SELF, *inline, *app.csp_hashes())
        .worker_src(_SELF, "blob:")
        .style_src(_SELF, "'unsafe-inline'")
        .img_src(_SELF, "data:", "blob:")
        .font_src(_SELF, "data:")
        .connect_src(_SELF)
        .base_uri(_NONE)
        .form_action(_NONE)
        .frame_ancestors(*(frames or [_NONE]))
    )
    refused = PermissionsPolicy()
    for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb"):
        refused.add_directive(feature)
    return Secure(
        csp=policy,
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        permissions=refused,
        referrer=ReferrerPolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=None if frames else XFrameOptions().deny(),
    )


def _hash(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
