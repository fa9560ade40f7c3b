"""Options of the command line, made of the fields that describe the settings."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

from cnn.runs.configuration import SETTINGS
from dashboard.settings import Settings, env_name

# What `train` calls --data was once --dataset, as commands on cards of models still say.
_FLAGS = {"port": ("--port", "-p"), "dataset": ("--data", "--dataset")}


def take(*options: Parameter) -> Callable[[Any], Any]:
    """Give a command these options beside its own: it gets their values as its keywords, by name.

    What was not given is None.
    """

    def decorate(command: Any) -> Any:
        known = signature(command, eval_str=True)
        own = [one for one in known.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
        command.__signature__ = known.replace(parameters=[*own, *options])
        return command

    return decorate


def of_server(*names: str) -> list[Parameter]:
    """Return the options for settings of the server, by their names."""
    fields = {name: Settings.model_fields[name] for name in names}
    return [
        _option(name, field.annotation, help=field.description, envvar=env_name(name))
        for name, field in fields.items()
    ]


def of_training() -> list[Parameter]:
    """Return the options for all settings of a training, in a panel for each group."""
    return [
        _option(name, type(known.default), help=known.described, rich_help_panel=known.group)
        for name, known in SETTINGS.items()
    ]


def _option(name: str, kind: Any, **described: Any) -> Parameter:
    shown = Annotated[kind | None, typer.Option(*_FLAGS.get(name, ()), **described)]
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=shown)
