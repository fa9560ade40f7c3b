"""What changes something must come from a page of this server.

A browser says whether another site sends a request, in one of two headers. Programs send neither,
and are nobody whose login another site could use.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

from dashboard.access.refusals import LOOKING, refusal

_OTHER_SITE = (
    "A page of another site may not send this: do it on a page of this server. (Behind a proxy, let it "
    "hand on the Host of the request, port included.)"
)


def check_origin(server: Flask) -> None:
    """Answer with 403 and a sentence what another site sends."""

    def check() -> Response | None:
        if request.method in LOOKING or is_from_own_page():
            return None
        return refusal(_OTHER_SITE, 403)

    server.before_request(check)


def is_from_own_page() -> bool:
    """Whether the request comes from a page of this server, or from no page at all."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site:
        return site in ("same-origin", "none")
    try:
        return not origin or urlsplit(origin).netloc == request.host
    except ValueError:
        return False
