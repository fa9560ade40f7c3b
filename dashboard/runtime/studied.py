"""What is asked of the network of a view in a study, and maps of attribution that were found so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import cnn
from cnn.attribution.counterfactual import Counterfactual
from cnn.data.beside import NOTHING, Beside
from cnn.errors import StudyError
from cnn.studies import Asked, Maps, Network, Packed, Question, Study, Trust, Turn, Turned, Wanted
from cnn.studies.study import ACTIVE
from dashboard.runtime import further
from dashboard.runtime.runtime import Runtime
from dashboard.state.data import OWN
from dashboard.state.view import View


def question(runtime: Runtime, view: View, ask: Callable[[Network, str], Question]) -> Question:
    """Return what `ask` makes of the network of the view and of where its data set is.

    Raises as `Catalogue.network`, `Runtime.inputs` and `PictureSets.path` do.
    """
    return _question(runtime, view, runtime.inputs(view), NOTHING, ask)


def question_of_many(
    runtime: Runtime, view: View, ask: Callable[[Network, str], Question]
) -> Question:
    """Return the same where each picture of the data has its own rows for further inputs."""
    every = runtime.inputs(view.of_no_sample)
    beside = runtime.dataset(view).beside if every else NOTHING
    return _question(runtime, view, every, beside, ask)


def _question(
    runtime: Runtime,
    view: View,
    every: Sequence[further.Fed],
    beside: Beside,
    ask: Callable[[Network, str], Question],
) -> Question:
    given = further.pictures(every, beside)
    network = replace(
        runtime.catalogue.network(view.model, view.epoch),
        range=view.range,
        colours=view.red_green_blue if view.colours else None,
        inputs=further.numbers(every, view),
        pictures={name: Packed.of(pixels) for name, pixels in given.items()},
        output=view.output,
        sums=view.sums,
    )
    asked = ask(network, runtime.sets.path(view.data))
    return replace(asked, data_key=view.data.removeprefix(OWN) if view.data.startswith(OWN) else "")


def wanted(view: View, method: str, target: cnn.Target) -> Wanted:
    """Return a map with the options of the view."""
    return Wanted(method, dict(view.options_of(method)), target)


def about_trust(runtime: Runtime, view: View, one: Wanted) -> Question:
    """Return the question how far a map of the picture can be trusted."""
    asked, split = Asked.of(runtime.look(view).seen, [one]), _split(runtime, view)
    return question(
        runtime, view,
        lambda network, data: Question.trust(network, view.operations, asked, data, split),
    )  # fmt: skip


def about_maps(runtime: Runtime, view: View, maps: Sequence[Wanted]) -> Question:
    """Return the question for maps of the picture; `StudyError` where there are none."""
    if not maps:
        raise StudyError(
            "All maps of this network come by themselves: there is nothing to ask for."
        )
    asked, split = Asked.of(runtime.look(view).seen, maps), _split(runtime, view)
    return question(
        runtime, view,
        lambda network, data: Question.mapping(network, view.operations, asked, data, split),
    )  # fmt: skip


def _split(runtime: Runtime, view: View) -> str:
    """Return the split whose pictures a map of attribution is compared with."""
    return runtime.sets.trained_on(view.data, view.split)


def about_turn(runtime: Runtime, view: View, target: int) -> Question:
    """Return the question what turns the picture into the class."""
    seen, turn = runtime.look(view).seen, Turn(target, view.norm)
    return question(
        runtime, view,
        lambda network, data: Question.turning(
            network, view.operations, seen, turn, data, view.split
        ),
    )  # fmt: skip


def turned_in(runtime: Runtime, view: View, target: int) -> Counterfactual | None:
    """Return the change into the class, if a study has found it."""
    with suppress(cnn.CnnError):
        answer = _finished(runtime, about_turn(runtime, view, target)).answer
        return answer.found if isinstance(answer, Turned) else None
    return None


def take_maps(runtime: Runtime, view: View, maps: Sequence[Wanted]) -> None:
    """Keep the maps as the runtime keeps those that it computes, if a study has found them."""
    with suppress(cnn.CnnError):
        answer = _finished(runtime, about_maps(runtime, view, maps)).answer
        if isinstance(answer, Maps):
            for one in answer.maps:
                runtime.keep_attribution(view, one.method, one.target, one.attribution)


def are_being_made(runtime: Runtime, view: View, maps: Sequence[Wanted]) -> bool:
    """Whether a study of the maps was asked for, and is not over."""
    with suppress(cnn.CnnError):
        asked = about_maps(runtime, view, maps)
        return runtime.settings.jobs.study(asked.id).status.state in ACTIVE
    return False


def trust_in(runtime: Runtime, view: View, one: Wanted) -> Trust | None:
    """Return how far a map can be trusted, if a study has found that out."""
    with suppress(cnn.CnnError):
        answer = _finished(runtime, about_trust(runtime, view, one)).answer
        return answer if isinstance(answer, Trust) else None
    return None


def _finished(runtime: Runtime, asked: Question) -> Study:
    """Return the study of a question; `StudyError` unless it is finished."""
    study = runtime.settings.jobs.study(asked.id)
    if study.status.state != "finished":
        raise StudyError(f"The study {study.id} is not finished.")
    return study
