"""How a request is refused: one sentence, as a script or as a person reads it."""

from __future__ import annotations

from flask import Response, after_this_request, jsonify, request

from cnn.errors import CnnError, QueueError

# Methods that change nothing.
LOOKING = ("GET", "HEAD", "OPTIONS")
# Of an answer to a callback that has the sentence in it: the page takes it for one that is not refused.
TOLD = "X-Refusal-Told"
# When there may be a queue again nobody knows.
_QUEUE_SECONDS = 60


class NotAllowedError(CnnError):
    """The reader may not do this here."""


class TooManyError(CnnError):
    """Something is asked for too often; in `seconds` it may be again."""

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


def refusal(sentence: str, status: int, **headers: str) -> Response:
    """Return an answer that says why not: scripts, which send something, get it as JSON."""
    is_look = request.method in LOOKING
    answer = Response(sentence, mimetype="text/plain") if is_look else jsonify(problem=sentence)
    answer.status_code = status
    answer.headers.update(headers)
    return answer


def refused(error: CnnError) -> tuple[int, dict[str, str]]:
    """Return the status and the headers of an answer to what ended with this error."""
    if isinstance(error, TooManyError):
        return 429, {"Retry-After": str(error.seconds)}
    if isinstance(error, QueueError):
        return 503, {"Retry-After": str(_QUEUE_SECONDS)}
    return 403 if isinstance(error, NotAllowedError) else 200, {}


def told(error: CnnError) -> str:
    """Return the sentence for the page, and give the answer of the callback the status of a refusal."""
    status, headers = refused(error)

    def mark(answer: Response) -> Response:
        answer.status_code = status
        answer.headers.update({**headers, TOLD: "yes"})
        return answer

    if status != 200:
        after_this_request(mark)
    return str(error)
