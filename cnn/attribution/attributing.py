"""A picture attributed by any method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cnn.attribution.attribution import Attribution, Law
from cnn.attribution.compiling import remember
from cnn.attribution.methods import METHODS, Method
from cnn.attribution.objective import Batch, Objective, Progress, finite, objective_of
from cnn.attribution.options import chosen
from cnn.attribution.target import Target
from cnn.errors import AttributionError
from cnn.models.preparing import prepare
from cnn.words import listed, number, percent

if TYPE_CHECKING:
    import keras


def attribute(
    model: keras.Model,
    image: Any,
    *,
    method: str = "saliency",
    target: Target | int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Attribution:
    """Return which pixels, or cells of a layer, made the `target` for a picture.

    `method` is a name in `METHODS`, which says its options too. `target` is a class, whose logit is
    explained (None: the class predicted), or a `Target`. `image` is what `prepare` takes. `progress` is
    told the share done, 0 to 1, of a method that takes many passes; what it raises ends it. Raises
    `ImageError` for what is no picture, `LayerError` for a layer that the model does not have, and
    `AttributionError` for a method, an option or a target that there is not, for a gradient that is not
    finite, and for a map that breaks the law of its method by more than its tolerance.
    """
    if method not in METHODS:
        raise AttributionError(
            f"There is no method {method!r}: the methods are {listed(list(METHODS))}."
        )
    batch = prepare(image, model)
    objective = objective_of(model, batch, target)
    return explain(objective, batch, method, options, progress)


def explain(
    objective: Objective,
    batch: Batch,
    method: str,
    options: Mapping[str, Any],
    progress: Progress | None = None,
) -> Attribution:
    """Return what the method says of the objective for a batch of one, as `attribute` does."""
    known = METHODS[method]
    settings = chosen(method, known.options, options)
    told = {"progress": progress or (lambda _share: None)} if known.is_slow else {}
    found = known.compute(objective, batch, **settings, **told)
    remember(objective.model, objective.target, method)
    _require(known, found.law)
    value = objective.values(batch)[0] if found.value is None else found.value
    return Attribution(
        method,
        objective.target,
        float(value),
        finite(found.map),
        found.settings or settings,
        found.law,
        found.note,
    )


def _require(method: Method, law: Law | None) -> None:
    if law is not None and not law.holds:
        raise AttributionError(
            f"{method.name} breaks its own law here: {law.words}. That is {number(law.expected)}, but it "
            f"comes to {number(law.found)}, off by {percent(law.residual)} where "
            f"{percent(law.allowed)} is allowed, so the map is not shown. {law.remedy}".rstrip()
        )
