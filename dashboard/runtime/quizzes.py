"""Questions of the quiz as they are kept: a class that follows one link waits for one computation."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache, cached

import cnn
from cnn.attribution.quiz import MAPS, Case, Choice, case_of, choose
from cnn.attribution.untrained import Untrained, untrained

if TYPE_CHECKING:
    import keras

_MOST_CHOICES = 256
# Each is as large as the network.
_MOST_NETWORKS = 2
_MOST_CASE_BYTES = 32_000_000


@dataclass(frozen=True, eq=False)
class Asked:
    """What a question depends on: the network, the pictures, the seed, and a method with its options."""

    model: keras.Model
    data: cnn.Dataset
    seed: int
    method: str
    options: Mapping[str, Any]


class Quizzes:
    """What questions are made of: what somebody else has asked is not computed again."""

    def __init__(self) -> None:
        self.choice = cached(
            LRUCache(_MOST_CHOICES), key=_of_pictures, condition=threading.Condition()
        )(_choice)
        self.untrained = cached(
            LRUCache(_MOST_NETWORKS), key=_of_network, condition=threading.Condition()
        )(_untrained)
        self.case = cached(
            LRUCache(_MOST_CASE_BYTES, getsizeof=_size_of),
            key=_of_case,
            condition=threading.Condition(),
        )(self._case)

    def missing(self, asked: Asked) -> list[Callable[[], object]]:
        """Return what is still to be done for the question, in order: one thing each.

        It is the choice of pictures, the network without training, and the cases.
        """
        steps: list[tuple[Any, Hashable, tuple[Any, ...]]] = [
            (self.choice, _of_pictures(asked), (asked,)),
            (self.untrained, _of_network(asked), (asked,)),
            *((self.case, _of_case(asked, i), (asked, i)) for i in range(MAPS)),
        ]
        return [partial(made, *given) for made, key, given in steps if key not in made.cache]

    def _case(self, asked: Asked, number: int) -> Case:
        """Return a case of the question; raises as `cnn.quiz` does."""
        place = self.choice(asked).places[number]
        other = self.untrained(asked)
        return case_of(asked.model, other, asked.data, place, asked.method, asked.options)


def _choice(asked: Asked) -> Choice:
    return choose(asked.model, asked.data, asked.seed)


def _untrained(asked: Asked) -> Untrained:
    return untrained(asked.model, asked.seed)


def _of_network(asked: Asked) -> Hashable:
    return weakref.ref(asked.model), asked.seed


def _of_pictures(asked: Asked) -> Hashable:
    return _of_network(asked), asked.data.name, asked.data.split, asked.data.key


def _of_case(asked: Asked, number: int) -> Hashable:
    # Pictures to compare with are those of the data set.
    chosen = {name: one for name, one in asked.options.items() if not isinstance(one, list)}
    return _of_pictures(asked), asked.method, frozenset(chosen.items()), number


def _size_of(case: Case) -> int:
    # One that is larger than all room there is has it all.
    size = case.picture.nbytes + case.trained.map.nbytes + case.untrained.nbytes
    return min(size, _MOST_CASE_BYTES)
