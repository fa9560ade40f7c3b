"""By which names the server may be asked for.

A page of another site can give its own name the address of this machine (DNS rebinding), and then reads
what a server on loopback answers. It cannot choose what the browser sends as `Host`: that is its own
name, which is not among those here. Addresses in digits are no names that anybody can give.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.sansio.utils import host_is_trusted

from dashboard.access.refusals import refusal
from dashboard.settings import Settings

ANY = "*"
_HERE = "localhost"
_MISDIRECTED = 421


def check_host(server: Flask, settings: Settings) -> None:
    """Answer with 421 and a sentence whoever asks for a server of another name."""
    own = settings.host_names
    takes_addresses = not is_loopback(settings.host)
    names = [_HERE, *own, *(_names_of_machine() if takes_addresses else ())]

    def check() -> Response | None:
        asked = request.headers.get("Host", "")
        if ANY in own or not asked or _is_ours(asked, names, takes_addresses):
            return None
        return refusal(
            f"This server is not called {_short(asked)}: ask for it by a name it knows, or let whoever "
            "runs it add this name with --hosts.", _MISDIRECTED,
        )  # fmt: skip

    server.before_request(check)


def _names_of_machine() -> list[str]:
    """Return what this machine is called in its network, in which nobody outside gives names."""
    name = socket.gethostname().casefold()
    return [name, f"{name.split('.')[0]}.local"] if name else []


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine, asked from this machine."""
    if host.casefold() == _HERE:
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    # A server that listens with IPv6 is told addresses of IPv4 in that form.
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def host_asked() -> str:
    """Return the name or address for which the browser asked, without its port; "" if it is none."""
    try:
        return urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_ours(asked: str, names: list[str], takes_addresses: bool) -> bool:
    try:
        address = ip_address(host_asked())
    except ValueError:
        return host_is_trusted(asked.casefold(), names)
    return takes_addresses or address.is_loopback or str(address) in names


def _short(asked: str) -> str:
    return asked if len(asked) <= 100 else f"{asked[:99]}…"
