"""Files that are either the old or the new, never half: written aside, then renamed."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

# What the system says of a disk, a share of it or a file that is full.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed onto it when the block ends without error.

    The temporary name keeps the suffix, since savers choose the format by it. The folder must be
    there: one that somebody deletes meanwhile is not made again.
    """
    aside = path.with_name(f".{path.stem}.{uuid4().hex[:8]}{path.suffix}")
    try:
        yield aside
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON to `path`, atomically."""
    with replacing(path) as aside:
        aside.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Return the value in the JSON file `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def why_not_written(error: OSError) -> str:
    """Return why a file could not be written, in words and without its path."""
    if error.errno in NO_ROOM:
        return f"there is no room on the disk ({error.strerror})"
    return f"the folder cannot be written ({error.strerror})"


def content_hash(path: Path) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
