"""What an operator is told at the start of a server that anybody can reach."""

from __future__ import annotations

from dashboard.access.hosts import is_loopback
from dashboard.settings import Settings


def warning(settings: Settings) -> str:
    """Return the warning, or "" where there is nothing to warn of."""
    is_guarded = settings.auth or settings.auth_header or settings.read_only
    if is_loopback(settings.host) or is_guarded:
        return ""
    return (
        f"Whoever reaches {settings.host} can use this server and train on it. Runs are deleted and "
        "models uploaded by nobody: give it logins with --auth FILE, or --read-only."
    )
