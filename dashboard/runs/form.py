"""What can be chosen for a new training: a lesson to start from, the network, the optimisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dash_bootstrap_components as dbc
from dash import html

import cnn
from cnn.models import architecture
from cnn.models.architecture import ACTIVATIONS, INITIALS, PADDINGS, POOLINGS
from cnn.ranges import Limits
from cnn.runs import configuration
from cnn.runs.configuration import OPTIMIZERS, ORDERS, SCHEDULES, TrainingConfig
from cnn.runs.naming import OPTIMIZER_NAMES, data_name
from cnn.training.lessons import LESSONS
from dashboard import arguments
from dashboard.shell import components

LESSON = "training-lesson"
WATCH = "training-watch"
OWN = "own"
_TYPING_SECONDS = 0.3
_WORDS: dict[str, str] = {
    "he": "He", "glorot": "Glorot", "equal": "all equal", "by_class": "class after class",
    "stored": "as stored", "leaky_relu": "leaky ReLU", "relu": "ReLU", "elu": "ELU", "gelu": "GELU",
    "silu": "SiLU", "warmup": "warm-up, cosine", "steps": "÷ 10 in two steps", **OPTIMIZER_NAMES,
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A setting in the form: its name in the config, its label, and how it is chosen.

    `choices` make it a list, `step` a number; with neither it is a switch. `percent` shows a share.
    """

    name: str
    label: str
    choices: tuple[str, ...] = ()
    step: float | str | None = None
    percent: bool = False
    help: str = ""

    @property
    def limits(self) -> Limits:
        """The numbers that its control accepts, in the control's unit."""
        limits = {**architecture.LIMITS, **configuration.LIMITS}[self.name]
        return limits.times(100) if self.percent else limits

    def problem(self, value: Any) -> str:
        """Return why the control's value is refused; empty if it is not."""
        if self.choices:
            return "" if value in self.choices else f"choose one of {', '.join(self.choices)}."
        if self.step is None:
            return "" if isinstance(value, bool) else "switch it on or off."
        if type(value) not in (int, float):
            return f"give {self.limits.words}."
        if self.limits.accept(value):
            return ""
        return f"{value:,g} was given; {self.limits.words} is accepted."


GROUPS: dict[str, tuple[Field, ...]] = {
    "Network": (
        Field("blocks", "Conv blocks", step=1),
        Field("filters", "Filters", step=1, help="In the first block; each next has twice as many"),
        Field("kernel", "Kernel side", step=1),
        Field("stride", "Stride", step=1),
        Field("padding", "Padding", PADDINGS),
        Field("pooling", "Pooling", POOLINGS),
        Field("dense", "Dense units", step=1, help="0: no dense layer before the classes"),
        Field("dropout", "Dropout %", step=1, percent=True),
        Field("activation", "Activation", ACTIVATIONS),
        Field("initial", "First weights", INITIALS),
        Field("batch_norm", "Batch normalisation"),
    ),
    "Optimisation": (
        Field("optimizer", "Optimiser", OPTIMIZERS),
        Field("learning_rate", "Learning rate", step="any"),
        Field("schedule", "Schedule", SCHEDULES),
        Field("batch_size", "Batch size", step=1),
        Field("epochs", "Epochs", step=1),
        Field(
            "patience", "Patience", step=1, help="Epochs without progress before it ends; 0: all"
        ),
        Field("seed", "Seed", step=1),
        Field(
            "deterministic",
            "Deterministic",
            help="The same to every bit each time, with as many threads; up to a third slower",
        ),
    ),
    "Data": (
        Field("dataset", "Data", ("mnist", "digits")),
        Field("share", "Share %", step="any", percent=True),
        Field("order", "Order", ORDERS),
        Field("wrong_labels", "Wrong labels %", step="any", percent=True),
        Field(
            "flagged_ones",
            "Ones with a flag",
            step=1,
            help="Drawn ones as much of Europe writes them, added to pictures of digits",
        ),
        Field("augment", "Vary the pictures"),
    ),
}
FIELDS = tuple(field for group in GROUPS.values() for field in group)
NUMBERS = tuple(field for field in FIELDS if field.step is not None)
NETWORK = GROUPS["Network"]


def identity(field: Field) -> str:
    """Return the id of a field's control."""
    return f"training-{field.name.replace('_', '-')}"


def told(field: Field) -> str:
    """Return the id of what stands under a number: why it is refused, or what it comes to."""
    return f"{identity(field)}-told"


def accepted(field: Field) -> Any:
    """Return the type of what a field's control can send."""
    if field.choices:
        return arguments.Name
    return bool if field.step is None else arguments.Number


def layout() -> html.Div:
    """Return the form, filled with the standard settings."""
    own = {"label": "my own settings", "value": OWN}
    lessons = [{"label": lesson.name, "value": key} for key, lesson in LESSONS.items()]
    return html.Div(
        [
            html.Div(
                [
                    dbc.Label("Start from", html_for=LESSON, className="mb-0 text-body-secondary"),
                    dbc.Select(id=LESSON, options=[own, *lessons], value=OWN, className="w-auto"),
                ],
                className="controls",
            ),
            html.P(id=WATCH, className="lesson", **components.aria(live="polite")),
            *[_group(name, group) for name, group in GROUPS.items()],
        ]
    )


def _group(name: str, group: Sequence[Field]) -> html.Fieldset:
    return html.Fieldset(
        [
            html.Legend(name, className="h6"),
            html.Div([_control(field) for field in group], className="form-row"),
        ],
        className="form-group",
    )


def _control(field: Field) -> Any:
    value = shown(field, TrainingConfig().flat()[field.name])
    if not field.choices and field.step is None:
        return html.Div(
            dbc.Switch(id=identity(field), label=field.label, value=value), title=field.help or None
        )
    label = dbc.Label(field.label, html_for=identity(field), className="small mb-0")
    if field.choices:
        control = dbc.Select(
            id=identity(field), size="sm", options=_options(field.choices), value=value
        )
        return html.Div([label, control], title=field.help or None)
    # Without `min` and `max`: the browser would keep what is out of range from whoever says so.
    number = dbc.Input(
        id=identity(field), type="number", size="sm", step="any", value=value,
        debounce=_TYPING_SECONDS,
    )  # fmt: skip
    under = html.Div(id=told(field), className="form-text", **components.aria(live="polite"))
    return html.Div([label, number, under], title=field.help or None)


def _options(choices: Sequence[str]) -> list[dict[str, str]]:
    return [{"label": _WORDS.get(choice, choice), "value": choice} for choice in choices]


def in_words(name: str, value: Any) -> tuple[str, str]:
    """Return a setting of a config as (its label, its value) for the reader."""
    field = next(field for field in FIELDS if field.name == name)
    if name == "dataset":
        return field.label.lower(), data_name(value)
    if isinstance(value, bool):
        return field.label.lower(), "yes" if value else "no"
    if isinstance(value, str):
        return field.label.lower(), _WORDS.get(value, value)
    return field.label.lower(), f"{shown(field, value):g}"


def shown(field: Field, value: Any) -> Any:
    """Return a setting as its control shows it."""
    return round(100 * value, 3) if field.percent else value


def problems(fields: Sequence[Field], values: Sequence[Any]) -> dict[str, str]:
    """Return why controls are refused, by name of the setting; those that are not are left out."""
    found = {f.name: f.problem(value) for f, value in zip(fields, values, strict=True)}
    return {name: problem for name, problem in found.items() if problem}


def chosen(fields: Sequence[Field], values: Sequence[Any]) -> dict[str, Any]:
    """Return the settings of the controls by name; `RunError` with all that is refused of them."""
    refused = problems(fields, values)
    if refused:
        labels = {field.name: field.label for field in fields}
        raise cnn.RunError(" ".join(f"{labels[n]}: {problem}" for n, problem in refused.items()))
    return {
        field.name: value / 100 if field.percent else value
        for field, value in zip(fields, values, strict=True)
    }


def settings_of(lesson: str, *, dataset: str, data_dir: Any) -> dict[str, Any]:
    """Return all settings of a lesson (`OWN`: the standard ones) by name, for the given data."""
    lesson = "" if lesson == OWN else lesson
    return cnn.lessons.config(lesson, {"dataset": dataset}, data_dir=data_dir).flat()
