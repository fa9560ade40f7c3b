"""The number that is explained as a function of pictures, with its gradient.

A logit and not a probability: a softmax that is saturated has no gradient left, and the probability of a
class rises when the logits of others fall.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.compiling import compiled_for
from cnn.attribution.target import Target
from cnn.errors import AttributionError
from cnn.inspection.batches import batch_size, most_at_once
from cnn.models import heads
from cnn.models.cut import Outputs, run_calls
from cnn.models.graph import calls
from cnn.models.internals import require_graph
from cnn.models.layers import layer_info, layer_infos
from cnn.models.orientation import channels_first, read
from cnn.models.twins import kept_for_twins
from cnn.words import counted, sides

if TYPE_CHECKING:
    import keras

Batch = NDArray[np.float32]
Visits = heads.Visits
# Is told the share that is done, 0 to 1; what it raises ends the computation.
Progress = Callable[[float], None]
# A way has two ends; they are computed with what lies on it.
MOST_ENDS = 2
_SHAPES = "_cnn_attribution shapes"
_NONE = -1


@dataclass(frozen=True, eq=False)
class Objective:
    """A target of a network, with its class known, as a function of prepared pictures."""

    model: keras.Model
    target: Target

    def values(self, batch: Batch) -> NDArray[np.float32]:
        """Return the number for each picture of a batch (n, height, width, channels), (n,)."""
        made = self.compiled("values", lambda pictures, which: (self.number(pictures, which),))
        values: NDArray[np.float32] = made(batch)[0]
        return values

    def gradients(self, batch: Batch) -> tuple[NDArray[np.float32], Batch]:
        """Return the number for each picture, (n,), and its gradients, in the shape of the batch.

        They are by what the model takes, not by pixels. Raises `AttributionError` for one that is not
        finite.
        """
        values, found = self.compiled("gradients", self._with_gradient)(batch)
        return values, finite(found)

    @property
    def at_once(self) -> int:
        """How many pictures go through the network at once, where no gradient keeps its layers."""
        return most_at_once(layer_infos(self.model))

    def parts(self, count: int, at_once: int, progress: Progress) -> Iterator[slice]:
        """Yield so many pictures as even parts of at most `at_once`, and tell the share done."""
        parts = -(-count // at_once)
        for part in range(parts):
            yield slice(part * count // parts, (part + 1) * count // parts)
            progress((part + 1) / parts)

    def along(
        self,
        count: int,
        pictures: Callable[[slice], Batch],
        ends: Batch,
        add: Callable[[slice, Batch], None],
        progress: Progress,
    ) -> NDArray[np.float32]:
        """Give the gradients of so many `pictures` to `add`, in parts; return the values of the `ends`.

        Those, of one picture or two, are computed with the last part. Raises as `gradients` does.
        """
        values = np.zeros(0, np.float32)
        for part in self.parts(count, batch_size(layer_infos(self.model)), progress):
            beside = ends if part.stop == count else ends[:0]
            values, found = self.gradients(np.concatenate([pictures(part), beside]))
            add(part, found[: part.stop - part.start])
        return values[-len(ends) :]

    @property
    def which(self) -> NDArray[np.int32]:
        """The target's numbers for a compiled function: class, the other class or −1, and the cell."""
        of, against = self.target.of, self.target.against
        numbers = [of, _NONE if against is None else against, *(self.target.cell or ())]
        return np.array(numbers, np.int32)

    def compiled(
        self, name: str, function: Callable[..., Any], *given: Any
    ) -> Callable[[Batch], Any]:
        """Return `function` of a tensor of pictures and of `which` as one of arrays; kept by `name`.

        What else is `given`, arrays, goes in beside them at each call. What comes out is a sequence of
        tensors (n, ...). A single picture is computed by itself, more of them in batches of those that
        fit at once.
        """

        def of_batch(batch: Batch) -> tuple[NDArray[np.float32], ...]:
            many = len(batch) > 1
            run = compiled_for(self.model, self.target, name, function, any_count=many)
            size = self.at_once + MOST_ENDS
            parts = []
            for start in range(0, len(batch), size):
                made = run(batch[start : start + size], self.which, *given)
                parts.append([tensor.numpy() for tensor in made])
            return tuple(np.concatenate(found) for found in zip(*parts, strict=True))

        return of_batch

    def visits(self, pictures: Any, outputs: Outputs | None = None) -> Visits:
        """Run every call of the network on a tensor of pictures; see `run_calls` for `outputs`."""
        layer_calls = calls(self.model)
        values = {(call.name, 0): pictures for call in layer_calls if not call.inputs}
        first = [
            (call.name, call.layer, list[Any](), pictures)
            for call in layer_calls
            if not call.inputs
        ]
        return [*first, *run_calls(layer_calls, values, outputs=outputs)]

    def number(self, pictures: Any, which: Any) -> Any:
        """Return the target for each of a tensor of pictures, (n,)."""
        return self.of_visits(self.visits(pictures), which)

    def of_visits(self, visits: Visits, which: Any) -> Any:
        """Return the target for each picture that gave these `visits`, (n,)."""
        return self.chosen(numbers_of(self.model, self.target.layer, visits)[0], which)

    def chosen(self, numbers: Any, which: Any) -> Any:
        """Return the target for each picture of a batch of `numbers_of`, (n,)."""
        import tensorflow as tf

        chosen = tf.gather(numbers, which[0], axis=-1)
        if self.target.against is not None:
            chosen -= tf.gather(numbers, which[1], axis=-1)
        if self.target.cell is not None:
            for place in range(len(self.target.cell)):
                chosen = tf.gather(chosen, which[2 + place], axis=1)
        return tf.reduce_mean(tf.reshape(chosen, [tf.shape(chosen)[0], -1]), axis=1)

    def _with_gradient(self, pictures: Any, which: Any) -> tuple[Any, Any]:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            pictures = tf.convert_to_tensor(pictures)
            tape.watch(pictures)
            values = self.number(pictures, which)
        gradients = tape.gradient(values, pictures)
        if gradients is None:
            raise AttributionError(
                "The number that is explained does not depend on the picture: choose another."
            )
        return values, gradients


def objective_of(model: keras.Model, batch: Batch, target: Target | int | None) -> Objective:
    """Return the target as a function; its class is the strongest for the batch of one if none is given.

    Raises `LayerError` for a layer that the model does not have, and `AttributionError` for a class, a
    channel or a cell that there is not, and for a model of several inputs.
    """
    require_one_input(model, "explained")
    wanted = Target(target) if target is None or isinstance(target, int) else target
    if wanted.layer:
        layer_info(model, wanted.layer)
    shapes = kept_for_twins(model).setdefault(_SHAPES, {})
    known = (wanted.layer, batch.shape)
    if wanted.of is None or known not in shapes:
        numbers = _numbers(model, wanted.layer, batch)
        shapes[known] = numbers.shape
    checked = _checked(wanted, shapes[known])
    if checked.of is None:
        checked = replace(checked, of=int(_strengths(numbers).argmax()))
    if checked.against == checked.of:
        raise AttributionError(
            f"The difference of {checked.of} and itself is always 0: compare with another."
        )
    return Objective(model, checked)


def runner_up(objective: Objective, batch: Batch) -> int | None:
    """Return the strongest unit for a batch of one beside the target's; None where there is no other."""
    strengths = _strengths(_numbers(objective.model, objective.target.layer, batch))
    others = [unit for unit in range(len(strengths)) if unit != objective.target.of]
    return max(others, key=lambda unit: float(strengths[unit]), default=None)


def require_one_input(model: keras.Model, done: str) -> None:
    """Raise `AttributionError` for a model of several inputs; `done` is what one picture would be.

    One without a graph of layers is a `ModelError`.
    """
    require_graph(model)
    if len(model.inputs) != 1:
        raise AttributionError(
            f"The model {model.name!r} has {counted(len(model.inputs), 'input')}, and one picture is "
            f"{done}: load it with cnn.load_model, which gives numbers to all but the first."
        )


def finite(found: Batch) -> Batch:
    """Return the numbers of a map; raise `AttributionError` where they are NaN or infinite."""
    if not np.isfinite(found).all():
        raise AttributionError(
            "Nothing can be attributed: the gradient is NaN or infinite. Choose another picture or model."
        )
    return found


def numbers_of(model: keras.Model, layer: str, visits: Visits) -> tuple[Any, bool]:
    """Return the numbers of a layer, or the model's logits for "", tensor (n, ..., units), and which.

    The second is whether they are sums before the last activation.
    """
    import tensorflow as tf

    found = {name: output for name, _, _, output in visits}
    if layer:
        return tf.cast(read(found[layer], layer, channels_first(model)), tf.float32), False
    head = heads.head_of(model)
    return heads.sums(head, found[head.last], visits)


def _numbers(model: keras.Model, layer: str, batch: Batch) -> NDArray[np.float32]:
    """Return the numbers of `numbers_of` for a batch of one, (..., units)."""
    whole = Objective(model, Target())

    def made(pictures: Any) -> Any:
        return numbers_of(model, layer, whole.visits(pictures))[0]

    compiled = compiled_for(model, Target(layer=layer), "numbers", made)
    found: NDArray[np.float32] = compiled(batch).numpy()[0]
    return found


def _strengths(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each unit over its places, (units,), of numbers (..., units)."""
    strengths: NDArray[np.float32] = np.nan_to_num(numbers.reshape(-1, numbers.shape[-1])).mean(0)
    return strengths


def _checked(target: Target, shape: tuple[int, ...]) -> Target:
    """Return the target if the numbers of that shape, (..., units), have it."""
    *places, units = shape
    what = f"The layer {target.layer!r}" if target.layer else "The output"
    for number in (target.of, target.against):
        if number is not None and not 0 <= number < units:
            raise AttributionError(
                f"{what} has {counted(units, 'unit')}: choose 0 to {units - 1}, not {number}."
            )
    if target.cell is not None and not _is_place(target.cell, places):
        has = f"places {sides(places)}" if places else "no places, only units"
        raise AttributionError(f"{what} has {has}: there is no cell {target.cell}.")
    return target


def _is_place(cell: Iterable[int], places: Iterable[int]) -> bool:
    indices, ends = tuple(cell), tuple(places)
    return len(indices) == len(ends) and all(
        0 <= index < end for index, end in zip(indices, ends, strict=True)
    )
