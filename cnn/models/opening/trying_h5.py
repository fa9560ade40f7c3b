"""An HDF5 file looked through by a process of its own: damage can end the library that reads it.

What ends with an error ends so again where the file is opened, and is told there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cnn.errors import ModelError

_SECONDS = 60


def require_harmless(path: Path, *, of: str) -> None:
    """Raise `ModelError`, naming the file as `of`, for an HDF5 file that crashes the library.

    So does one that keeps it busy without an end.
    """
    import h5py

    # Most damage is found by this alone, which is safe and takes no time.
    h5py.File(path).close()
    command = [sys.executable, "-P", str(Path(__file__).with_name("looking_through.py")), str(path)]
    try:
        is_broken = subprocess.run(command, timeout=_SECONDS, capture_output=True).returncode < 0
    except subprocess.TimeoutExpired:
        is_broken = True
    if is_broken:
        raise ModelError(
            f"{of} is damaged: the library that reads HDF5 files breaks on it. Copy it or save it "
            "again."
        )
