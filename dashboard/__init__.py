"""The server: application factory, command line, settings, shell and the state in the URL."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dashboard.launching import launch

__all__ = ["launch"]

# TensorFlow tells at length which processor it found; of its messages only errors are for the log. That
# there is no driver of a graphics processor it tells as one: there only what ends the process is told.
_DRIVERS = ("/dev/nvidiactl", "/dev/dxg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if any(map(os.path.exists, _DRIVERS)) else "3")


def __getattr__(name: str) -> Any:
    """Return what needs the whole server, imported when it is first asked for."""
    if name == "launch":
        from dashboard.launching import launch

        return launch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
