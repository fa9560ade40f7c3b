"""The dashboard with one more address, `/slow`, whose answer takes until a file is there."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dashboard.wsgi import server as dashboard

_AWAITED = Path(os.environ["SLOW_UNTIL"])


def server(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/slow":
        return dashboard(environ, start_response)
    _AWAITED.with_suffix(".begun").touch()
    while not _AWAITED.exists():
        time.sleep(0.02)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"slow, and whole"]
