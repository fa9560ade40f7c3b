"""What can go wrong, in words a user understands.

Every message says what was given, what is accepted, and what to do.
"""

import re
import textwrap

_MOST_LETTERS = 200
_MOST_QUOTED = 80
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PLACES_IN_GRAPH = re.compile(r"\{\{.*?\}\}\s*|\s*\[Op:.*|\s+for '.*|\s*\(type: .*")
# Keras says first what it was about, with all its settings, and last what was wrong.
_BEFORE_THE_REASON = re.compile(
    r".*(?:Exception encountered: |Example error message for\s+object .*?:\n\n)", re.DOTALL
)
_FOLDERS = re.compile(r"(?<![\w./])/(?:[^\s/'\":]+/)+")


class CnnError(Exception):
    """The base of every error that the package raises on purpose."""


class DatasetError(CnnError):
    """A data set, a split or a sample that is not there or cannot be read."""


class ImageError(CnnError):
    """A picture that cannot be prepared for the model."""


class ModelError(CnnError):
    """A file that is no usable Keras model, or a model that cannot be looked into."""


class LayerError(CnnError):
    """A layer that the model does not have, or that has not what was asked of it."""


class HomeError(CnnError):
    """A folder for runs, the queue and uploads in which nothing can be written."""


class RunError(CnnError):
    """A training run that is not there, or a configuration that cannot be trained."""


class QueueError(RunError):
    """The queue of jobs, which does not answer now."""


class DamagedRunError(RunError):
    """A training run of which one file, `file`, cannot be read."""

    def __init__(self, run_id: str, file: str) -> None:
        super().__init__(
            f"{file} of the run {run_id} is damaged: put a whole one in its place, or delete the run."
        )
        self.file = file


class AttributionError(CnnError):
    """An attribution that cannot be made, or one that breaks the law of its own method."""


class StudyError(CnnError):
    """A study of a network that is not there, or cannot be made."""


def reason(error: BaseException) -> str:
    """Return what an error of another package says, as one line without the server's folders."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    said = _BEFORE_THE_REASON.sub("", str(error))
    lines = (_COLOURS.sub("", line).strip() for line in said.splitlines())
    messages = (line for line in lines if line and not line.startswith("Exception encountered"))
    first = _PLACES_IN_GRAPH.sub("", next(messages, "")).strip(" .:")
    short = textwrap.shorten(without_folders(first), _MOST_LETTERS, placeholder=" …")
    return _seen(short) or type(error).__name__


def without_folders(text: str) -> str:
    """Return the text with the last part of each absolute path in place of the whole."""
    return _FOLDERS.sub("", text)


def quoted(value: object) -> str:
    """Return what a file says in quotes, or as Python writes it, shortened as `shown` does."""
    return repr(_shortened(value)) if isinstance(value, str) else shown(repr(value))


def shown(value: object) -> str:
    """Return what a file says as it may stand in a sentence: 80 letters of it, those unseen escaped."""
    return _seen(_shortened(str(value)))


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}…"


def _seen(text: str) -> str:
    """Return the text with line breaks, colours of terminals and the like as escapes."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def lacks_memory() -> tuple[type[Exception], ...]:
    """Return the errors that say that there is not enough memory."""
    import tensorflow as tf

    return tf.errors.ResourceExhaustedError, MemoryError
