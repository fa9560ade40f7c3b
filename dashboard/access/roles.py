"""Who asks, and what they may do.

Without logins everybody at the server's own machine is its operator, and everybody else a trainer; a
server that is read-only has readers alone. With logins the file of people says who is what.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from flask import Flask, Response, current_app, g, has_request_context, request

from cnn.errors import CnnError
from dashboard.access.hosts import host_asked, is_loopback
from dashboard.access.limits import Limits
from dashboard.access.people import People, Role
from dashboard.access.refusals import NotAllowedError, TooManyError, refusal, refused
from dashboard.settings import Settings

_EXTENSION = "cnn_access"
# Whoever watches over the server is no reader.
_OPEN = ("health", "ready", "metrics")
_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")
_LOGIN = 'Basic realm="CNN Visualizer", charset="UTF-8"'
_READ_ONLY = "This server is read-only: nothing is trained, uploaded or deleted here."
_UNPROTECTED = (
    "Without logins only readers at the server's own machine may do that: whoever runs the server can "
    "give it logins with --auth."
)
_NO_MODELS = (
    "This server opens no models of its readers: whoever runs it can allow it with --upload-models."
)


@dataclass(frozen=True)
class Person:
    """Who asks: a name, or "" if there are no logins; `why` they are no more than they are."""

    role: Role
    name: str = ""
    address: str = ""
    why: str = ""

    @property
    def identity(self) -> str:
        """What tells this person from others: the name, else the address."""
        return self.name or self.address

    @property
    def told(self) -> str:
        """Who they are, in a sentence for them; "" where there is nothing to tell."""
        if self.name:
            return f"You are {self.name}, {_article(self.role)} {self.role.called}."
        return self.why if self.role is Role.READER else ""

    def may(self, least: Role) -> bool:
        """Whether what needs this role is allowed."""
        return self.role >= least

    def may_change(self, by: str) -> bool:
        """Whether a training that `by` asked for may be cancelled, resumed and renamed."""
        return self.may(Role.OPERATOR) or (self.may(Role.TRAINER) and by == self.identity)


class Doors:
    """What decides for one application who asks."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.limits = settings, Limits(settings)
        path = settings.auth
        self.people = People(path.expanduser().resolve()) if path else None
        self._proxies = [ip_network(one) for one in settings.auth_proxies.replace(",", " ").split()]

    def person(self) -> Person | Response:
        """Return who sends the request, or the answer to one who is not let in."""
        address = request.remote_addr or ""
        most = Role.READER if self.settings.read_only else Role.OPERATOR
        if self.settings.auth_header:
            return self._sent_by_proxy(self.settings.auth_header, address, most)
        if self.people:
            return self._signed_in(self.people, address, most)
        if self.settings.read_only:
            return Person(Role.READER, address=address, why=_READ_ONLY)
        if is_loopback(self.settings.host) and is_from_here():
            return Person(Role.OPERATOR, address=address)
        return Person(Role.TRAINER, address=address, why=_UNPROTECTED)

    def _sent_by_proxy(self, header: str, address: str, most: Role) -> Person | Response:
        original = request.environ.get("werkzeug.proxy_fix.orig", {})
        peer = original.get("REMOTE_ADDR", address) or "127.0.0.1"
        if not any(ip_address(peer) in network for network in self._proxies):
            return refusal("This server is reached through its proxy alone: ask for that.", 403)
        name = request.headers.get(header, "")
        if not name:
            return refusal("The proxy did not say who you are: sign in there first.", 401)
        role = self.people.role(name) if self.people else None
        role = Role[self.settings.auth_role.upper()] if role is None else role
        return _named(name, address, min(role, most), self.settings.read_only)

    def _signed_in(self, people: People, address: str, most: Role) -> Person | Response:
        try:
            given = request.authorization
        except ValueError:  # werkzeug's, of a header with letters that are not ASCII.
            given = None
        if given is None or given.type != "basic":
            return _ask_to_sign_in("Sign in to use this server.")
        name, password = given.username or "", given.password or ""
        try:
            if not people.is_known(name, password):
                self.limits.require("logins", address)
                if not people.signs_in(name, password):
                    self.limits.spend("logins", address)
                    return _ask_to_sign_in("The name or the password is not right: try again.")
        except TooManyError as error:
            return _refused(error)
        role = people.role(name)
        return _named(name, address, min(role or Role.READER, most), self.settings.read_only)


def know_readers(server: Flask, settings: Settings) -> None:
    """Have every request told who sends it, or refused; `PeopleError` for a file that is none."""
    doors = Doors(settings)
    server.extensions[_EXTENSION] = doors

    def check() -> Response | None:
        if request.endpoint in _OPEN:
            return None
        found = doors.person()
        if isinstance(found, Response):
            return found
        g.person = found
        return None

    server.before_request(check)
    for kind in (NotAllowedError, TooManyError):
        server.register_error_handler(kind, _refused)


def person() -> Person:
    """Return who sends the request; the operator where nobody sends one."""
    if not has_request_context():
        return Person(Role.OPERATOR)
    if "person" not in g:
        found = _doors().person()
        g.person = Person(Role.READER) if isinstance(found, Response) else found
    known: Person = g.person
    return known


def require(least: Role) -> Person:
    """Return who sends the request; `NotAllowedError` if it needs another role than theirs."""
    who = person()
    if not who.may(least):
        raise NotAllowedError(who.why or _needs(least, who))
    return who


def require_own(by: str) -> Person:
    """Return who sends the request; `NotAllowedError` for a training that is not theirs."""
    who = require(Role.TRAINER)
    if not who.may_change(by):
        raise NotAllowedError(
            "Somebody else asked for that training: who did, or an operator, may change it."
        )
    return who


def limits() -> Limits:
    """Return what is counted for the application that serves this request."""
    return _doors().limits


def spend(what: str) -> None:
    """Count what the sender of the request does; `TooManyError` if that was done too often."""
    limits().spend(what, person().identity)


def takes_models(settings: Settings) -> bool:
    """Whether models may be uploaded: as the operator says, else by operators alone."""
    if settings.upload_models is not None and not settings.upload_models:
        return False
    needs = Role.TRAINER if settings.upload_models else Role.OPERATOR
    return person().may(needs)


def why_no_models(settings: Settings) -> str:
    """Say why the sender of the request may upload no models."""
    who = person()
    if who.name and settings.upload_models is not False:
        return who.why or _needs(Role.TRAINER if settings.upload_models else Role.OPERATOR, who)
    return _READ_ONLY if settings.read_only else _NO_MODELS


def _doors() -> Doors:
    doors: Doors = current_app.extensions[_EXTENSION]
    return doors


def _refused(error: CnnError) -> Response:
    status, headers = refused(error)
    return refusal(str(error), status, **headers)


def _named(name: str, address: str, role: Role, is_read_only: bool) -> Person:
    return Person(role, name, address, _READ_ONLY if is_read_only else "")


def _ask_to_sign_in(sentence: str) -> Response:
    return refusal(sentence, 401, **{"WWW-Authenticate": _LOGIN})


def _needs(least: Role, who: Person) -> str:
    return (
        f"This needs the role {least.called}, and yours is {who.role.called}: ask whoever runs this "
        "server."
    )


def _article(role: Role) -> str:
    return "an" if role is Role.OPERATOR else "a"


def is_from_here() -> bool:
    """Whether the reader sits at the server's machine, by the address and by the name they ask for.

    A proxy beside the server is no reader, and neither is another site whose name leads here.
    """
    is_proxied = any(name in request.headers for name in _PROXIED)
    is_here = request.remote_addr is None or is_loopback(request.remote_addr)
    return not is_proxied and is_here and is_loopback(host_asked())
