"""A run that is held by this process while a call of `fit` goes on, which this project did not make."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType

from filelock import Timeout

from cnn.errors import RunError
from cnn.runs import heartbeat
from cnn.runs.run import Run

# Whoever asks whether the run is held, holds it for a moment.
_PATIENCE_SECONDS = 1.0


class Hold:
    """Holds a run, with its heartbeat, until it is released.

    Keras does not tell a callback that `fit` ended with an error or an interrupt, and in a notebook the
    process lives on. So every two seconds it is seen whether the call that was made in this thread still
    goes on; `on_gone` is called when it does not, and the run is let go.
    """

    def __init__(self, run: Run, on_gone: Callable[[], None]) -> None:
        self._run, self._on_gone = run, on_gone
        self._caller, self._fit = threading.get_ident(), _frame_of("fit")
        self._is_held, self._released = threading.Event(), threading.Event()
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._hold, name="run-recorder", daemon=True)
        self._thread.start()
        self._is_held.wait()
        if self._problem:
            raise RunError(f"The run {run.id} cannot be held: another process works on it.")

    def release(self) -> None:
        """Let the run go."""
        self._released.set()
        self._thread.join()
        self._fit = None

    def _hold(self) -> None:
        # In one thread, since a lock belongs to the thread that took it.
        try:
            with (
                self._run.hold().acquire(timeout=_PATIENCE_SECONDS),
                heartbeat.beating(self._run.heartbeat_path),
            ):
                self._is_held.set()
                while not self._released.wait(heartbeat.BEAT_SECONDS):
                    if not self._goes_on():
                        self._fit = None
                        self._on_gone()
                        return
        except (Timeout, OSError) as error:
            self._problem = error
        finally:
            self._is_held.set()

    def _goes_on(self) -> bool:
        """Whether the call of `fit` is still there; assumed of a loop that is not that of Keras."""
        if self._fit is None:
            return True
        frame = sys._current_frames().get(self._caller)
        while frame is not None and frame is not self._fit:
            frame = frame.f_back
        return frame is not None


def _frame_of(name: str) -> FrameType | None:
    """Return the innermost call of a function of that name which this thread is in, if any."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_name != name:
        frame = frame.f_back
    return frame
