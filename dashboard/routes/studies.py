"""What takes a network many pictures to tell: begun, found again, followed and cancelled.

POST /studies?<view>         what is asked, as JSON: `kind`, the `layer` of channels, the
                             `method` of a map, and `find` to look for it and begin nothing; its id
                             and how far it is. What is looked for and cannot be asked has no id, and a
                             sentence why.
GET  /studies/<id>?<view>    how far it is, and what it came to: of pictures those for the channel
                             of the view
POST /studies/<id>/cancel    the same, after it was asked to end
POST /studies/<id>/take/<number>?<view>    what of the view becomes another with a picture that it made

A question must come as JSON: no page of another site can send that unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Flask, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, ValidationError

import cnn
from cnn.attribution.methods import METHODS
from cnn.attribution.synthesis import SYNTHESIS
from cnn.errors import StudyError, without_folders
from cnn.inspection.top_pictures import CLASSES
from cnn.studies import (
    DIAGNOSE,
    EVALUATE,
    MAPS,
    RANK,
    SYNTHESISE,
    TOPS,
    TRUST,
    TURN,
    Kind,
    Network,
    Question,
    Raised,
    Sought,
    Status,
    Study,
)
from cnn.words import counted, listed, percent
from dashboard.access.refusals import TOLD, TooManyError, refused
from dashboard.access.roles import limits, person, spend
from dashboard.arguments import Name
from dashboard.routes.taking import changes
from dashboard.runtime import studied
from dashboard.runtime.runtime import Runtime, current
from dashboard.screens import turning
from dashboard.screens.attributions import maps_of
from dashboard.screens.cell import sought_cell
from dashboard.screens.explained import Explained
from dashboard.screens.request import Request
from dashboard.shell.studies import told
from dashboard.state.view import SYNTHESISED, View, parse

_SPLIT = "test"
_LOST = "Its worker ended before it began: start it again."
_LONG_SECONDS = 90
# What is counted is not pictures.
_IN_PASSES = (MAPS, TRUST)


class _Asked(BaseModel):
    """What a browser asks for."""

    model_config = ConfigDict(strict=True, extra="forbid")
    kind: Kind
    layer: Name = ""
    method: Name = ""
    find: bool = False


def serve_studies(server: Flask) -> None:
    """Serve the routes."""
    server.add_url_rule("/studies", "studies", _answered(_ask), methods=["POST"])
    server.add_url_rule("/studies/<study_id>", "study", _answered(_look))
    server.add_url_rule(
        "/studies/<study_id>/cancel", "cancel_study", _answered(_cancel), methods=["POST"]
    )
    server.add_url_rule(
        "/studies/<study_id>/take/<int:number>", "take_made", _answered(_take), methods=["POST"]
    )


Answer = tuple[Response, int, dict[str, str]]


def _answered(route: Callable[..., dict[str, Any]]) -> Callable[..., Answer]:
    """Return the route with what goes wrong as a sentence."""

    def answer(**parts: Any) -> Answer:
        if request.method == "POST" and not request.is_json:
            return (
                jsonify(problem="Send what is asked as JSON (Content-Type: application/json)."),
                415,
                {},
            )
        try:
            return jsonify(route(**parts)), 200, {}
        except TooManyError:
            raise
        except cnn.CnnError as error:
            status, headers = refused(error)
            status = 400 if status == 200 else status
            return jsonify(problem=str(error)), status, {**headers, TOLD: "yes"}

    return answer


def _ask() -> dict[str, Any]:
    try:
        asked = _Asked.model_validate_json(request.get_data())
    except ValidationError as error:
        first = error.errors()[0]
        raise StudyError(f"No page of this server asks so ({first['msg']}): reload it.") from error
    runtime, (view, _) = current(), parse(request.args.to_dict())
    if asked.find:
        return _found(runtime, view, asked)
    spend("studies")
    return _told(runtime, view, _begun(runtime, _question(runtime, view, asked)))


def _begun(runtime: Runtime, question: Question) -> Study:
    """Return the study of a question, queued if it is due; `TooManyError` where enough wait."""
    if not runtime.settings.jobs.study(question.id).is_due:
        return runtime.queue.submit_study(question)
    who = person().identity
    with limits().room_for("studies", who, _waiting(runtime)):
        return runtime.queue.submit_study(question, by=who)


def _waiting(runtime: Runtime) -> Iterator[str]:
    """Say who asked for each study that waits; the queue is looked at when the first is asked for."""
    for job_id in runtime.queue.pending():
        # Trainings wait there too.
        with suppress(StudyError):
            yield runtime.settings.jobs.study(job_id).status.by


def _found(runtime: Runtime, view: View, asked: _Asked) -> dict[str, Any]:
    """Return the study that was begun; that none was, or can be, is nothing that went wrong."""
    try:
        study = runtime.settings.jobs.study(_question(runtime, view, asked).id)
    except cnn.CnnError as error:
        return {"id": "", "state": "none", "problem": str(error)}
    return _told(runtime, view, study) if study.exists else {"id": study.id, "state": "none"}


def _question(runtime: Runtime, view: View, asked: _Asked) -> Question:
    """Return the question over all pictures of the view's data set that no network has learnt from.

    Channels are ranked in the network without changes: what each is worth in it stays the same. A
    diagnosis is of the network and the split that are looked at, and so are the pictures of a layer,
    those that raise a unit of it, maps of the picture, the trust in one, and what turns it.
    """
    if asked.kind == TRUST:
        explained, method = Explained(Request(view)), _known(asked.method)
        target = explained.target_of(explained.target)
        return studied.about_trust(runtime, view, studied.wanted(view, method, target))
    if asked.kind == MAPS:
        maps = [one for one in maps_of(Request(view)) if one.is_long]
        return studied.about_maps(runtime, view, [one.wanted for one in maps])
    if asked.kind == TURN:
        return turning.question_of(Request(view))
    if asked.kind in (EVALUATE, RANK):
        view = _labelled(runtime, view)
    ask = partial(_of_data, runtime, view, asked)
    if asked.kind == SYNTHESISE:
        # What is made has no row of its own.
        return studied.question(runtime, view.of_no_sample, ask)
    return studied.question_of_many(runtime, view, ask)


def _of_data(runtime: Runtime, view: View, asked: _Asked, network: Network, data: str) -> Question:
    if asked.kind == DIAGNOSE:
        return Question.diagnosis(network, view.operations, data, view.split)
    if asked.kind == TOPS:
        cell = _cell_of(runtime, view, asked.layer)
        return Question.tops(network, view.operations, asked.layer, data, view.split, cell)
    if asked.kind == SYNTHESISE:
        sought = _unit_of(runtime, view, asked.layer)
        return Question.synthesis(network, view.operations, sought, data, view.split)
    if asked.kind == RANK:
        return Question.ranking(network, asked.layer, data, view.split)
    return Question.evaluation(network, view.operations, data, view.split)


def _labelled(runtime: Runtime, view: View) -> View:
    """Return the view of the pictures that no network has learnt from; they have labels."""
    splits = runtime.sets.splits(view.data)
    view = replace(view, split=_SPLIT if _SPLIT in splits else splits[0])
    runtime.dataset(view).require_labels("telling right from wrong")
    return view


def _known(method: str) -> str:
    if method not in METHODS:
        raise StudyError(f"There is no method {method!r}: the methods are {listed(list(METHODS))}.")
    return method


def _unit_of(runtime: Runtime, view: View, layer: str) -> Sought:
    """Return what is raised: a channel of the layer (at most the last), or the logit of a class."""
    model, options = runtime.model(view), dict(view.options_of(SYNTHESIS))
    channel = view.channel or 0
    if layer == CLASSES:
        return Sought(cnn.Target(min(channel, len(cnn.class_names(model)) - 1)), options)
    last = (cnn.layer_info(model, layer).channels or 1) - 1
    cell = _cell_of(runtime, view, layer)
    return Sought(cnn.Target(min(channel, last), layer=layer, cell=cell), options)


def _cell_of(runtime: Runtime, view: View, layer: str) -> tuple[int, ...] | None:
    """Return the cell of the layer that pictures are sought for; None for whole maps, and classes."""
    return (
        None if layer == CLASSES else sought_cell(view, cnn.layer_info(runtime.model(view), layer))
    )


def _look(study_id: str) -> dict[str, Any]:
    runtime, (view, _) = current(), parse(request.args.to_dict())
    return _told(runtime, view, runtime.settings.jobs.study(study_id))


def _cancel(study_id: str) -> dict[str, Any]:
    runtime, (view, _) = current(), parse(request.args.to_dict())
    study = runtime.settings.jobs.study(study_id)
    study.ask_to_cancel()
    return _told(runtime, view, study)


def _take(study_id: str, number: int) -> dict[str, Any]:
    """Return what of the view becomes another where a picture that was made is taken."""
    asked = Request(parse(request.args.to_dict())[0])
    answer = current().settings.jobs.study(study_id).answer
    found = answer.found if isinstance(answer, Raised) else []
    if number >= len(found):
        made = counted(len(found), "picture")
        raise StudyError(f"The study {study_id} made {made}: there is no number {number}.")
    return {"changes": changes(asked, SYNTHESISED, found[number])}


def _told(runtime: Runtime, view: View, study: Study) -> dict[str, Any]:
    """Return how far a study is; one of which a file is damaged can be started again."""
    try:
        question, status = study.question, study.status
        is_lost = runtime.queue.is_lost(study)
        answer = study.answer if status.state == "finished" else None
    except StudyError as error:
        if not study.exists:
            raise
        return {"id": study.id, "state": "failed", "problem": str(error)}
    if is_lost:
        status = Status("interrupted", message=_LOST)
    if status.state == "running":
        answer = study.so_far
    if isinstance(answer, cnn.TopPictures):
        _require_of_view(runtime, view, study.id, question.layer)
    has_failed = status.state in ("failed", "interrupted")
    return {
        "id": study.id,
        "state": status.state,
        "done": status.done,
        "all": status.all,
        "progress": _in_words(status, question.kind),
        "problem": without_folders(status.message) if has_failed else "",
        "answer": told(answer, view) if answer else None,
    }


def _require_of_view(runtime: Runtime, view: View, study_id: str, layer: str) -> None:
    """Raise `StudyError` for pictures of another network or data set than the view shows."""
    if _question(runtime, view, _Asked(kind=TOPS, layer=layer)).id != study_id:
        raise StudyError(
            f"The study {study_id} is about another network, or about other pictures, than are shown: "
            "open the page with its own link."
        )


def _in_words(status: Status, kind: Kind) -> str:
    if status.state == "queued":
        return "waiting for the worker"
    if status.state != "running":
        return ""
    if not status.all:
        return status.message
    left = status.seconds_left
    done = f"{status.done:,} of {counted(status.all, 'step' if kind == SYNTHESISE else 'picture')}"
    if kind in _IN_PASSES:
        done = f"{percent(status.done / status.all, 0)} done"
    return done if left is None else f"{done} · {_duration(left)} left"


def _duration(seconds: float) -> str:
    is_long = seconds >= _LONG_SECONDS
    return f"{seconds / 60:.0f} min" if is_long else f"{seconds:.0f} s"
