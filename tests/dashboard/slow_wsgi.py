"""The dashboard with one more address, `/slow`, whose answer takes until a file is there."""

import os
import time
from pathlib import Path

from dashboard.wsgi import server

_AWAITED = Path(os.environ["SLOW_UNTIL"])


@server.get("/slow")
def _slow() -> str:
    _AWAITED.with_suffix(".begun").touch()
    while not _AWAITED.exists():
        time.sleep(0.02)
    return "slow, and whole"
