"""Whether who asks may open a model file of their own on this server."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import has_request_context, request

from dashboard.settings import Settings

NOT_ALLOWED = (
    "This server opens no models of its readers: whoever runs it can allow it with --upload-models."
)
_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")


def takes_models(settings: Settings) -> bool:
    """Whether models may be uploaded: as the operator says, else from the server's own machine alone."""
    if settings.upload_models is not None:
        return settings.upload_models
    return _is_loopback(settings.host) and (not has_request_context() or _is_from_here())


def is_from_own_page() -> bool:
    """Whether the request comes from a page of this server, or from no page at all.

    A browser says whether another site sends it, in one of two headers.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site:
        return site in ("same-origin", "none")
    return not origin or urlsplit(origin).netloc == request.host


def _is_from_here() -> bool:
    """Whether the reader sits at the server's machine, by the address and by the name they ask for.

    A proxy beside the server is no reader, and neither is another site whose name leads here.
    """
    is_proxied = any(name in request.headers for name in _PROXIED)
    asked = urlsplit(f"//{request.host}").hostname or ""
    return not is_proxied and _is_loopback(request.remote_addr or "") and _is_loopback(asked)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
