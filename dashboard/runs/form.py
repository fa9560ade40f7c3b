"""What can be chosen for a new training: a lesson to start from, the network, the optimisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html

import cnn
from cnn.models.architecture import NETWORK as OF_NETWORK
from cnn.runs.configuration import DATA, OPTIMISATION, SETTINGS
from cnn.runs.naming import in_words
from cnn.settings import Setting
from cnn.training.lessons import LESSONS
from dashboard import arguments
from dashboard.shell import components
from dashboard.state.data import require_known

LESSON = "training-lesson"
WATCH = "training-watch"
OWN = "own"
_TYPING_SECONDS = 0.3
GROUPS = {
    group: tuple(field for field in SETTINGS.values() if field.group == group)
    for group in (OF_NETWORK, OPTIMISATION, DATA)
}
FIELDS = tuple(field for group in GROUPS.values() for field in group)
NUMBERS = tuple(field for field in FIELDS if field.limits)
NETWORK = GROUPS[OF_NETWORK]
# What a diagram of the network follows.
PREVIEWED = (*NETWORK, SETTINGS["size"])


def identity(field: Setting) -> str:
    """Return the id of a field's control."""
    return f"training-{field.name.replace('_', '-')}"


DATASET = identity(SETTINGS["dataset"])


def message_id(field: Setting) -> str:
    """Return the id of what stands under a number: why it is refused, or what it comes to."""
    return f"{identity(field)}-message"


def accepted(field: Setting) -> Any:
    """Return the type of what a field's control can send."""
    if field.is_switch:
        return bool
    return arguments.Number if field.limits else arguments.Name


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


def _group(name: str, group: Sequence[Setting]) -> html.Fieldset:
    return html.Fieldset(
        [
            html.Legend(name, className="h6"),
            html.Div([_control(field) for field in group], className="form-row"),
        ],
        className="form-group",
    )


def _control(field: Setting) -> Any:
    value = field.in_control(field.default)
    if field.is_switch:
        switch = dbc.Switch(id=identity(field), label=field.title, value=value)
        return html.Div(switch, title=field.help)
    label = dbc.Label(field.title, html_for=identity(field), className="small mb-0")
    if not field.limits:
        options = [
            {"label": in_words(field.name, c)[1], "value": c} for c in field.choices or (value,)
        ]
        choice = dbc.Select(id=identity(field), size="sm", options=options, value=value)
        return html.Div([label, choice], title=field.help)
    # Without `min` and `max`: the browser would keep what is out of range from whoever says so.
    number = dbc.Input(
        id=identity(field), type="number", size="sm", step="any", value=value,
        debounce=_TYPING_SECONDS,
    )  # fmt: skip
    under = html.Div(id=message_id(field), className="form-text", **components.aria(live="polite"))
    return html.Div([label, number, under], title=field.help)


def _problem(field: Setting, value: Any) -> str:
    """Return why the control's value is refused; empty if it is not."""
    limits, choices = field.control_limits, field.choices
    if field.is_switch:
        return "" if field.accept(value) else "switch it on or off."
    if field.name == "dataset":
        return _problem_of_data(value)
    if not limits:
        return "" if value in choices else f"choose one of {', '.join(choices)}."
    if type(value) not in (int, float):
        return f"give {limits.words}."
    return "" if limits.accept(value) else f"{value:,g} was given; {limits.words} is accepted."


def _problem_of_data(name: Any) -> str:
    try:
        require_known(name)
    except cnn.DatasetError as error:
        return str(error)
    return ""


def problems(fields: Sequence[Setting], values: Sequence[Any]) -> dict[str, str]:
    """Return why controls are refused, by name of the setting; those that are not are left out."""
    each = {f.name: _problem(f, value) for f, value in zip(fields, values, strict=True)}
    return {name: problem for name, problem in each.items() if problem}


def chosen(fields: Sequence[Setting], values: Sequence[Any]) -> dict[str, Any]:
    """Return the settings of the controls by name; `RunError` with all that is refused of them."""
    refused = problems(fields, values)
    if refused:
        labels = {field.name: field.title for field in fields}
        raise cnn.RunError(" ".join(f"{labels[n]}: {problem}" for n, problem in refused.items()))
    return {
        field.name: field.from_control(value) for field, value in zip(fields, values, strict=True)
    }


def settings_of(lesson: str, *, dataset: str, data_dir: Any) -> dict[str, Any]:
    """Return all settings of a lesson (`OWN`: the standard ones) by name, for the given data."""
    lesson = "" if lesson == OWN else lesson
    return cnn.lessons.config(lesson, {"dataset": dataset}, data_dir=data_dir).flat()
