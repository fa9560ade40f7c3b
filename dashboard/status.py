"""What goes on in the background of the server: TensorFlow's start, a training, a download."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import Dash, Input, Output, State, dcc, no_update, set_props
from dash.exceptions import PreventUpdate

import cnn
from cnn import datasets
from cnn.runs import ACTIVE
from dashboard import ids
from dashboard.components import link
from dashboard.models import OF_RUN, key_of
from dashboard.panel import data_options, model_options
from dashboard.panel import moments as moments_of
from dashboard.runtime import Runtime, current
from dashboard.view import parse

_PULSE_MILLISECONDS = 400
_PULSE_WHILE_BUSY = 6000
_PULSE_WHILE_FOLLOWED = 3000
_TRAINED = "is being trained"


def pulse_interval() -> dcc.Interval:
    """Return the clock by which the page asks what goes on; it stops when all is quiet."""
    return dcc.Interval(id=ids.PULSE, interval=_PULSE_MILLISECONDS)


def register(app: Dash) -> None:
    """Register the callbacks that follow what goes on."""
    app.callback(
        Output(ids.READY, "data"),
        Output(ids.STATUS, "children"),
        Output(ids.PULSE, "interval"),
        Output(ids.PULSE, "disabled"),
        Output(ids.MODEL, "options"),
        Output(ids.DATA, "options"),
        Output(ids.MOMENTS, "data", allow_duplicate=True),
        Input(ids.PULSE, "n_intervals"),
        State(ids.READY, "data"),
        State(ids.VIEW, "data"),
        State(ids.STATUS, "children"),
        State(ids.MOMENTS, "data"),
        prevent_initial_call="initial_duplicate",
    )(pulse)
    app.callback(
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(ids.READY, "data"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )(replace_refused_model)


def pulse(
    _: int | None,
    known: str,
    stored: dict[str, Any] | None,
    told_before: list[Any] | None,
    moments: dict[str, Any] | None = None,
) -> tuple[Any, ...]:
    """Say whether TensorFlow is ready and what is going on; slow down or stop when all is quiet."""
    runtime = current()
    runtime.start()
    is_ready = runtime.ready == "ready"
    told = _status(runtime)
    newer = _newer_moments(stored, moments) if is_ready else no_update
    if told and told == told_before and runtime.ready == known and newer is no_update:
        raise PreventUpdate
    if is_ready and stored and any(_TRAINED in str(part) for part in told_before or ()):
        _use_newly_trained(runtime, stored)
    return (
        runtime.ready if runtime.ready != known else no_update,
        told,
        _pace(stored) if is_ready else _PULSE_MILLISECONDS,
        runtime.is_settled and not told,
        model_options(runtime) if is_ready else no_update,
        data_options(runtime) if is_ready else no_update,
        newer,
    )


def _pace(stored: dict[str, Any] | None) -> int:
    """Return the milliseconds between two pulses: fewer where new moments are waited for."""
    is_followed = parse(stored or {})[0].model.startswith(OF_RUN)
    return _PULSE_WHILE_FOLLOWED if is_followed else _PULSE_WHILE_BUSY


def _newer_moments(stored: dict[str, Any] | None, known: dict[str, Any] | None) -> Any:
    """Return the moments of a training that is looked at, where there are more than known."""
    view, _ = parse(stored or {})
    if not view.model.startswith(OF_RUN) or not known or known["model"] != view.model:
        return no_update
    try:
        found = moments_of(view)
    except cnn.CnnError:
        return no_update
    return found if found != known else no_update


def _use_newly_trained(runtime: Runtime, stored: dict[str, Any]) -> None:
    """Show a finished model where the training of it was looked at, or another stood in for it."""
    view, _ = parse(stored)
    run = runtime.catalogue.get(view.model).run if view.model.startswith(OF_RUN) else None
    if run and run.model_path.is_file():
        is_newest = view.epoch in ("", str(run.moments[-1]))
        finished = replace(
            view, model=key_of(run.model_path), epoch="" if is_newest else view.epoch
        )
        set_props(ids.VIEW, {"data": finished.to_query()})
        return
    own, default = runtime.settings.model_path, runtime.catalogue.default()
    stands_in = stored["model"] == runtime.catalogue.bundled().key
    if own == default.path and stands_in:
        set_props(ids.VIEW, {"data": {**stored, "model": default.key}})


def _status(runtime: Runtime) -> list[Any]:
    """Return what is going on in the background, in words."""
    told: list[Any] = []
    if runtime.ready == "starting":
        told.append("TensorFlow is starting; the figures fill by themselves. ")
    if runtime.problem:
        told.append(f"{runtime.problem} ")
    own = runtime.settings.model_path
    going_on = [run for run in runtime.settings.jobs.runs() if run.status.state in ACTIVE]
    for run in going_on[:1]:
        name = own.name if own is not None and run.config.save_to == str(own) else run.name
        more = f" ({len(going_on) - 1} more wait)" if len(going_on) > 1 else ""
        told += [f"{name} {_TRAINED}{more}: ", link("/training", "watch it"), ". "]
    return [*told, *_download_status(runtime)]


def _download_status(runtime: Runtime) -> list[str]:
    download = runtime.settings.jobs.download() if runtime.settings.download else None
    if download is None or datasets.find(datasets.MNIST, runtime.settings.data_path):
        return []
    if download.state == "failed":
        return [f"The embedded digits are used: {download.message}"]
    share = datasets.fetched_share()
    return [f"MNIST is being downloaded ({share:.0%}); until then the embedded digits are used."]


def replace_refused_model(_ready: str, stored: dict[str, Any] | None) -> dict[str, str]:
    """Return the view with the bundled model, where the operator's proved unusable at the start."""
    view, _ = parse(stored or {})
    catalogue = current().catalogue
    if not catalogue.is_refused(view.model):
        raise PreventUpdate
    return replace(view, model=catalogue.default().key).to_query()
