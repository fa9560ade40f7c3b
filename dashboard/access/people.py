"""A file of people: who may sign in, by which password, and what role each has.

A line is `name:role:hash`, as `cnn-dashboard password` prints it; a line without a hash gives a role to
somebody whom a proxy has signed in. What stands in the file holds from the next request on.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Hashable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from reprlib import repr as short
from threading import Lock

from cachetools import LRUCache
from werkzeug.security import check_password_hash, generate_password_hash

from cnn.errors import CnnError, reason

FEWEST_CHARACTERS = 8
_NAME = re.compile(r"[\w.@+-]{1,64}")
_HASH = re.compile(r"(scrypt|pbkdf2):[^$]+\$[^$]+\$[0-9a-f]+|")
_MOST_KNOWN = 4096


class Role(IntEnum):
    """What somebody may do: each may do what those before it may."""

    READER = 0
    TRAINER = 1
    OPERATOR = 2

    @property
    def called(self) -> str:
        """The role as it is written."""
        return self.name.lower()


class PeopleError(CnnError):
    """A file of people, a name or a password that cannot be used."""


@dataclass(frozen=True)
class _Entry:
    role: Role
    hash: str


class People:
    """Those whom a file names; who signs in anew is checked, and known by a digest from then on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._salt = secrets.token_bytes(16)
        self._nobody = generate_password_hash(secrets.token_hex())
        self._known: LRUCache[Hashable, bool] = LRUCache(_MOST_KNOWN)
        self._lock = Lock()
        self.require()

    def require(self) -> None:
        """Raise `PeopleError` if the file cannot be read, or a line of it is none."""
        self._entries()

    def role(self, name: str) -> Role | None:
        """Return the role of somebody; None for a stranger."""
        entry = self._entries().get(name)
        return entry.role if entry else None

    def is_known(self, name: str, password: str) -> bool:
        """Whether they have signed in so before, which costs no time to tell."""
        with self._lock:
            return self._digest(name, password) in self._known

    def signs_in(self, name: str, password: str) -> bool:
        """Whether this is the password of somebody; a stranger takes as long as a wrong password."""
        entry = self._entries().get(name)
        has_hash = entry is not None and bool(entry.hash)
        known = entry.hash if entry and has_hash else self._nobody
        is_right = check_password_hash(known, password) and has_hash
        if is_right:
            with self._lock:
                self._known[self._digest(name, password)] = True
        return is_right

    def _digest(self, name: str, password: str) -> bytes:
        """Return what tells a name, its password and its entry of now apart from any other."""
        entry = self._entries().get(name)
        text = f"{name}\0{entry.hash if entry else ''}\0{password}"
        return blake2b(text.encode(), key=self._salt).digest()

    def _entries(self) -> dict[str, _Entry]:
        try:
            return _read(self._path, self._path.stat().st_mtime_ns)
        except OSError as error:
            raise PeopleError(
                f"The file of people {self._path} cannot be read ({reason(error)}): give one with --auth."
            ) from error


def line(name: str, role: Role, password: str) -> str:
    """Return the line of the file for somebody; `PeopleError` for a name or a password that is none."""
    if not _NAME.fullmatch(name):
        raise PeopleError(
            f"{short(name)} is no name here: give up to 64 letters, digits and . @ + - _."
        )
    if len(password) < FEWEST_CHARACTERS:
        raise PeopleError(
            f"The password has {len(password)} characters: give at least {FEWEST_CHARACTERS}."
        )
    return f"{name}:{role.called}:{generate_password_hash(password)}"


@lru_cache(maxsize=4)
def _read(path: Path, _modified: int) -> dict[str, _Entry]:
    """Return the people of the file by name."""
    entries: dict[str, _Entry] = {}
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip() or text.startswith("#"):
            continue
        name, role, hashed = [*text.strip().split(":", 2), "", ""][:3]
        is_right = _NAME.fullmatch(name) and role.upper() in Role.__members__
        if not is_right or not _HASH.fullmatch(hashed):
            raise PeopleError(
                f"Line {number} of {path.name} is no line of people: write name:role:hash, with a role "
                "of reader, trainer or operator; cnn-dashboard password makes one."
            )
        if name in entries:
            raise PeopleError(f"{name} stands twice in {path.name}: leave one line of the two.")
        entries[name] = _Entry(Role[role.upper()], hashed)
    return entries
