"""A model file of a stranger, first opened by a process of its own: with limits, and without secrets.

What that process accepts can be loaded; what it refuses, or what ends it, costs a sentence.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from cnn.errors import CnnError, ModelError
from cnn.inspection.trial import try_out
from cnn.models.loading import load_model
from cnn.models.opening import Limits

_INHERITED = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
_ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}
_NICENESS = 10
_LACKS_MEMORY = 3
# What the system says where a library, or a file, finds no room.
_NO_ROOM = ("failed to map segment", "cannot allocate memory")
_OUT_OF_MEMORY = ("MemoryError", "ResourceExhaustedError")
_OUT_OF_TIME = (-signal.SIGALRM, -signal.SIGXCPU)


@dataclass(frozen=True)
class OpeningLimits:
    """In how much memory and time a file must open, TensorFlow's start included.

    The memory is what the process may write to. TensorFlow takes 0.6 GB of it for the smallest
    network; address space that it only reserves does not count. `model` is how large a network may be.
    """

    gigabytes: float = 4
    seconds: float = 120
    model: Limits = field(default_factory=Limits)

    @property
    def bytes(self) -> int:
        """The memory in bytes."""
        return int(1e9 * self.gigabytes)


def open_apart(path: Path, *, limits: OpeningLimits | None = None) -> None:
    """Open the model file, and send a picture through it, in a process that ends with that.

    Raises `ModelError` with what `load_model` and `try_out` say against the file, or with the limit
    that ended the process. What it writes is removed.
    """
    limits = limits or OpeningLimits()
    with TemporaryDirectory() as folder:
        verdict = Path(folder) / "verdict"
        status = _run(path.resolve(), verdict, limits)
        if not verdict.exists():
            raise ModelError(_why_ended(path.name, status, limits))
        if sentence := verdict.read_text(encoding="utf-8"):
            raise ModelError(sentence)


def _run(path: Path, verdict: Path, limits: OpeningLimits) -> int:
    """Return the status with which the process ended."""
    given = (path, verdict, limits.bytes, math.ceil(limits.seconds), limits.model.bytes)
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    folder = str(verdict.parent)
    places = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "HOME": folder,
        "TMPDIR": folder,
    }
    with subprocess.Popen(
        [sys.executable, "-P", "-m", __name__, *map(str, given)],
        env={**inherited, **places, **_ENVIRONMENT},
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            return process.wait(limits.seconds)
        except subprocess.TimeoutExpired:
            return -signal.SIGALRM
        finally:
            process.kill()


def _why_ended(name: str, status: int, limits: OpeningLimits) -> str:
    advice = "choose a smaller network, or open it where the limit is higher."
    if status in _OUT_OF_TIME:
        needed = f"{name} needed more than {limits.seconds:g} s to be opened"
        return f"{needed}, which is the limit here: {advice}"
    needed = f"{name} needed more than {limits.gigabytes:g} GB of memory to be opened"
    if status == _LACKS_MEMORY:
        return f"{needed}, which is the limit here: {advice}"
    return (
        f"{needed}, or broke the library that opens it (the process ended with status {status}): save "
        "it again with model.save('name.keras'), or choose a smaller network."
    )


def _main(path: str, verdict: str, most_bytes: str, seconds: str, model_bytes: str) -> None:
    """Open the file within the limits, and write down what is said against it, if anything is."""
    _limit(int(most_bytes), int(seconds))
    threading.Thread(target=_end_when_alone, daemon=True).start()
    try:
        try_out(load_model(path, limits=Limits(int(model_bytes))))
        sentence = ""
    except (CnnError, MemoryError) as error:
        if _lacked_memory(error):
            sys.exit(_LACKS_MEMORY)
        sentence = str(error)
    Path(verdict).write_text(sentence, encoding="utf-8")


def _end_when_alone() -> None:
    """End when whoever waits for the answer is gone: it holds the other end, and sends nothing."""
    sys.stdin.buffer.read()
    os._exit(1)


def _limit(most_bytes: int, seconds: int) -> None:
    import resource

    for kind, most in (
        (resource.RLIMIT_DATA, most_bytes),
        (resource.RLIMIT_FSIZE, most_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))
    signal.alarm(seconds)
    os.nice(_NICENESS)


def _lacked_memory(error: BaseException | None) -> bool:
    while error is not None:
        if type(error).__name__ in _OUT_OF_MEMORY or _says_so(error):
            return True
        error = error.__cause__
    return False


def _says_so(error: BaseException) -> bool:
    return any(text in str(error).lower() for text in _NO_ROOM)


if __name__ == "__main__":
    _main(*sys.argv[1:])
