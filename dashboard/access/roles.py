"""Whether who asks may open a model file of their own on this server."""

from __future__ import annotations

from flask import has_request_context, request

from dashboard.access.hosts import host_asked, is_loopback
from dashboard.settings import Settings

NOT_ALLOWED = (
    "This server opens no models of its readers: whoever runs it can allow it with --upload-models."
)
_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")


def takes_models(settings: Settings) -> bool:
    """Whether models may be uploaded: as the operator says, else from the server's own machine alone."""
    if settings.upload_models is not None:
        return settings.upload_models
    return is_loopback(settings.host) and (not has_request_context() or _is_from_here())


def _is_from_here() -> bool:
    """Whether the reader sits at the server's machine, by the address and by the name they ask for.

    A proxy beside the server is no reader, and neither is another site whose name leads here.
    """
    is_proxied = any(name in request.headers for name in _PROXIED)
    return not is_proxied and is_loopback(request.remote_addr or "") and is_loopback(host_asked())
