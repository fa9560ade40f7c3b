"""What the files of a run are called on the reader's disk."""

from __future__ import annotations

from werkzeug.utils import secure_filename

from cnn.runs.run import Run


def file_name(run: Run, name: str) -> str:
    """Return what a file of a run is called on the reader's disk: after the run, and safe."""
    return f"{secure_filename(run.name) or run.id}-{name}"
