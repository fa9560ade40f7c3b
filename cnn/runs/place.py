"""Where runs are kept unless somebody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

USUAL_HOME = user_data_path("cnn-visualizer")


def runs_of_home() -> Path:
    """Return the folder of runs that the dashboard looks into: below `CNN_HOME`, if that is set."""
    home = Path(os.environ.get("CNN_HOME") or USUAL_HOME)
    return home.expanduser().resolve() / "runs"
