"""What would be shown of a model, and what is wrong with it, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import cnn
from cnn.captions import diagnosis as words
from cnn.inspection.diagnosis.findings import Severity
from cnn.models.card import miscounted, names_classes, unclear_names
from cnn.models.heads import head_of, heads_of
from cnn.models.kinds import kind_of
from cnn.words import counted, listed, sides

_MOST_NAMED = 12
_STYLES: dict[Severity, str] = {"fault": "bold red", "warning": "yellow", "note": "cyan"}


def print_report(console: Console, model: Any, dataset: cnn.Dataset) -> None:
    """Print the model's layers, outputs and input, and what is found over the data set."""
    console.print(_layers(model))
    for line in _lines(model):
        console.print(line, soft_wrap=True, markup=False)
    made = cnn.diagnose(model, dataset)
    console.print()
    console.print(words.selection(made.selection), soft_wrap=True, markup=False)
    for found in made.findings:
        style = _STYLES[found.severity]
        head = f"[{style}]{found.severity}[/] {escape(found.layer)}"
        console.print(f"{head}: {escape(words.finding(found))}", soft_wrap=True, highlight=False)
    for one in made.checked:
        if not one.findings:
            text = f"{words.check_name(one.name)}: {': '.join(filter(None, words.outcome(one)))}"
            console.print(text, style="dim", soft_wrap=True, markup=False, highlight=False)
    console.print(words.diagnosis(made), style="bold", soft_wrap=True, highlight=False)


def _layers(model: Any) -> Table:
    table = Table("layer", "kind", "output", "parameters", "activation", title=escape(model.name))
    for info in cnn.layer_infos(model):
        cells = (
            info.name,
            info.kind,
            sides(info.output_shape),
            f"{info.parameters:,}",
            info.activation,
        )
        table.add_row(*(escape(cell or "") for cell in cells))
    return table


def _lines(model: Any) -> Iterator[str]:
    """Yield what is known of the input and the outputs, and what would not be shown, and why."""
    totals = cnn.totals(model)
    yield (
        f"{counted(totals.layers, 'layer')}, {counted(totals.parameters, 'parameter')}, "
        f"multiply-adds per picture: {cnn.captions.cost(totals.multiply_adds)}"
    )
    yield f"input: pictures of {sides(cnn.models.input_shape(model))}, {cnn.scale_of(model).reason}"
    yield from cnn.models.notes(model)
    for place, head in enumerate(heads_of(model)):
        chosen = "" if place == 0 else " (to be chosen in the panel: the first is shown)"
        yield f"output {head.last}: {head.description}{chosen}"
        if head.trained:
            yield head.trained
    yield from filter(None, (_names(model), miscounted(model), unclear_names(model)))
    strange = [
        info.name
        for info in cnn.layer_infos(model)
        if not (info.is_given or info.nested) and kind_of(info.kind).arithmetic is None
    ]
    if strange:
        yield f"no arithmetic is known of {listed(strange)}: Why shows a gradient there, and no proof"


def _names(model: Any) -> str:
    """Return what the classes are called; nothing where the prediction is none of classes."""
    if not head_of(model).has_classes:
        return ""
    names = cnn.class_names(model)
    rest = len(names) - _MOST_NAMED
    shown = [*names[:_MOST_NAMED], *([f"{rest} more"] if rest > 0 else [])]
    are_known = names_classes(model) or miscounted(model)
    unknown = "" if are_known else " (no card beside the file names them)"
    return f"classes: {listed(shown)}{unknown}"
