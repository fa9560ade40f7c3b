"""The class that the picture of a view is turned into, and the change that does it."""

from __future__ import annotations

import cnn
from cnn.attribution.counterfactual import Counterfactual
from cnn.models.heads import require_classes
from cnn.models.layers import is_large
from cnn.studies import Question
from dashboard.runtime import studied
from dashboard.screens.classes import ChosenClasses
from dashboard.screens.request import Request


def target_of(request: Request) -> int:
    """Return the class of the view, or else the runner-up.

    Raises `CnnError` where the answer is no class, or the picture is of that class already.
    """
    require_classes(request.model, "A change into another class")
    request.passed.prediction.require_finite("A change into another class")
    classes = ChosenClasses(request)
    chosen = request.view.of
    target = classes.ranked[1] if chosen is None else chosen
    if target == classes.ranked[0]:
        raise cnn.AttributionError(
            f"The network says {classes.names[target]} of this picture already: choose another class."
        )
    return target


def change_of(request: Request) -> Counterfactual | None:
    """Return the change; None of a large network for which a worker has not found it yet.

    Raises `CnnError` as `target_of`, and where there is none.
    """
    target, view, runtime = target_of(request), request.view, request.runtime
    if is_large(request.model):
        return studied.turned_in(runtime, view, target)
    search = runtime.search(view, target, view.norm)
    search.go_on(request.model)
    return search.found


def question_of(request: Request) -> Question:
    """Return what a worker is asked for the change; `StudyError` where none is needed."""
    target = target_of(request)
    if not is_large(request.model):
        raise cnn.StudyError(
            "The change of this network comes by itself: there is nothing to ask for."
        )
    return studied.about_turn(request.runtime, request.view, target)
