"""How a request is refused: one sentence, as a script or as a person reads it."""

from __future__ import annotations

from html import escape

from flask import Response, after_this_request, jsonify, request

from cnn.errors import CnnError, QueueError

# Methods that change nothing.
LOOKING = ("GET", "HEAD", "OPTIONS")
# Of an answer that has the sentence for the page in it: the page takes it for one that is not refused.
TOLD = "X-Refusal-Told"
# When there may be a queue again nobody knows.
_QUEUE_SECONDS = 60
_TEXT, _PAGE = "text/plain", "text/html"
_WRITTEN = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>CNN Visualizer</title>
<style>
body {{ font: 1.125rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 12vh auto; padding: 0 1rem }}
h1 {{ font-size: 1.375rem }}
</style>
</head>
<body><main><h1>CNN Visualizer</h1><p>{sentence}</p></main></body>
</html>
"""


class NotAllowedError(CnnError):
    """The reader may not do this here."""


class TooManyError(CnnError):
    """Something is asked for too often; in `seconds` it may be again."""

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


def refusal(sentence: str, status: int, **headers: str) -> Response:
    """Return an answer that says why not: to scripts, which send something, JSON, to a window a page."""
    answer = _written(sentence) if request.method in LOOKING else jsonify(problem=sentence)
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


def _written(sentence: str) -> Response:
    form = request.accept_mimetypes.best_match((_TEXT, _PAGE), _TEXT)
    text = _WRITTEN.format(sentence=escape(sentence)) if form == _PAGE else sentence
    answer = Response(text, mimetype=form)
    answer.vary.add("Accept")
    return answer
