"""What goes on in the background of the server: TensorFlow's start, a training, a download."""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import replace
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update, set_props
from dash.exceptions import PreventUpdate

import cnn
from cnn.data import datasets, fetching
from cnn.runs.run import Run
from dashboard import ids
from dashboard.runtime.catalogue import OF_RUN, key_of
from dashboard.runtime.runtime import Runtime, current
from dashboard.runtime.statuses import Statuses
from dashboard.shell.components import link
from dashboard.shell.panel import data_options, model_options
from dashboard.shell.panel import moments as moments_of
from dashboard.state.view import View, parse

_STARTING_MILLISECONDS = 400
_BUSY_MILLISECONDS = 4000
_QUIET_MILLISECONDS = 10_000
_WATCH = "watch it"
_MOST_NAMED = 2


def register(app: Dash) -> None:
    """Register the callbacks that follow what goes on."""
    app.clientside_callback(
        ClientsideFunction("cnn", "followNews"), Output(ids.NEWS, "data"), Input(ids.NEWS, "id")
    )
    app.callback(
        Output(ids.READY, "data"),
        Output(ids.STATUS, "children"),
        Output(ids.MODEL, "options"),
        Output(ids.DATA, "options"),
        Output(ids.MOMENTS, "data", allow_duplicate=True),
        Output(ids.HEARD, "data"),
        Input(ids.NEWS, "data"),
        State(ids.READY, "data"),
        State(ids.VIEW, "data"),
        State(ids.STATUS, "children"),
        State(ids.MOMENTS, "data"),
        prevent_initial_call=True,
    )(report)
    app.clientside_callback(ClientsideFunction("cnn", "heard"), Input(ids.HEARD, "data"))
    app.callback(
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(ids.READY, "data"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )(replace_refused_model)


def news(runtime: Runtime, view: View, statuses: Statuses) -> tuple[str, int]:
    """Return a key of what there is to tell, and in how many milliseconds it may be another.

    `statuses` are those of all runs. TensorFlow is started for who asks first.
    """
    runtime.greet()
    messages = _status(runtime, statuses)
    content = (runtime.ready, messages, _moments_of_followed(view))
    key = f"{zlib.crc32(repr(content).encode()):08x}"
    if runtime.ready == "starting":
        return key, _STARTING_MILLISECONDS
    return key, _BUSY_MILLISECONDS if messages or not runtime.is_settled else _QUIET_MILLISECONDS


def report(
    _news: str,
    known: str,
    stored: dict[str, Any] | None,
    messages_before: list[Any] | None,
    moments: dict[str, Any] | None = None,
) -> tuple[Any, ...]:
    """Say whether TensorFlow is ready and what is going on, and last the key of that.

    The browser asks on until that is the key of the news: another process may know of more.
    """
    runtime = current()
    is_ready = runtime.ready == "ready"
    statuses = runtime.statuses()
    messages = _status(runtime, statuses)
    newer = _newer_moments(stored, moments) if is_ready else no_update
    if is_ready and stored and _WATCH in str(messages_before):
        _use_newly_trained(runtime, stored, moments)
    return (
        runtime.ready if runtime.ready != known else no_update,
        messages if messages != messages_before else no_update,
        model_options(runtime, parse(stored or {})[0]) if is_ready else no_update,
        data_options(runtime) if is_ready else no_update,
        newer,
        news(runtime, parse(stored or {})[0], statuses)[0],
    )


def _newer_moments(stored: dict[str, Any] | None, known: dict[str, Any] | None) -> Any:
    """Return the moments of a training that is looked at, where there are more than known."""
    view, _ = parse(stored or {})
    kept = _moments_of_followed(view)
    is_known = not known or known.get("model") != view.model or kept == known
    return no_update if kept is None or is_known else kept


def _moments_of_followed(view: View) -> dict[str, Any] | None:
    """Return the moments of the view's model while it is trained; None if it is not, or is gone."""
    if not view.model.startswith(OF_RUN):
        return None
    try:
        return moments_of(view)
    except cnn.CnnError:
        return None


def _use_newly_trained(
    runtime: Runtime, stored: dict[str, Any], known: dict[str, Any] | None
) -> None:
    """Show a finished model where the training of it was looked at, or another stood in for it.

    Who looked at the last of the `known` moments followed the training, and sees its end.
    """
    view, _ = parse(stored)
    run = runtime.catalogue.get(view.model).run if view.model.startswith(OF_RUN) else None
    if run and run.model_path.is_file():
        told = known["values"] if known and known.get("model") == view.model else []
        is_newest = view.epoch in ("", *told[-1:], str(run.moments[-1]))
        finished = replace(
            view,
            model=key_of(run.model_path),
            epoch="" if is_newest else view.epoch,
            teach=None,
            rates="",
        )
        set_props(ids.VIEW, {"data": finished.to_query()})
        return
    own, default = runtime.settings.model_path, runtime.catalogue.default()
    stands_in = view.model == runtime.catalogue.bundled().key
    if own == default.path and stands_in:
        set_props(ids.VIEW, {"data": view.of_model(default.key).to_query()})


def _status(runtime: Runtime, statuses: Statuses) -> list[Any]:
    """Return what is going on in the background, in words."""
    messages: list[Any] = []
    if runtime.ready == "starting":
        messages.append("TensorFlow is starting; the figures fill by themselves. ")
    if runtime.problem:
        messages.append(f"{runtime.problem} ")
    trainings = _trainings(runtime, statuses)
    return [*messages, *_queue_status(runtime), *trainings, *_download_status(runtime)]


def _queue_status(runtime: Runtime) -> list[str]:
    """Say that the queue was damaged, if that was found while this server ran."""
    return [
        f"The queue was damaged: it was put aside as {name} in the server's folder, and what waited "
        "was queued again. "
        for name in sorted(runtime.settings.jobs.damaged_queues() - runtime.damaged_before)
    ]


def _trainings(runtime: Runtime, statuses: Statuses) -> list[Any]:
    """Say which runs are trained and how many wait, or which one is the next."""
    running, waiting = statuses.running, statuses.waiting
    if running:
        names = [_called(runtime, run) for run in running[:_MOST_NAMED]]
        rest = len(running) - len(names)
        names += [f"{rest} more"] if rest else []
        who = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        more = f" ({len(waiting)} more {'waits' if len(waiting) == 1 else 'wait'})" * bool(waiting)
        sentence = f"{who} {'is' if len(running) == 1 else 'are'} being trained{more}: "
    elif waiting:
        behind = f" ({len(waiting) - 1} more behind it)" if len(waiting) > 1 else ""
        called, after = _called(runtime, waiting[0]), _study_before(runtime)
        sentence = f"{called} waits to be trained{behind}{after}: "
    else:
        return []
    return [sentence, link("/training", _WATCH), ". "]


def _study_before(runtime: Runtime) -> str:
    """Say what the worker does instead of a training that waits."""
    for study in runtime.settings.jobs.studies():
        with suppress(cnn.CnnError):
            if study.status.state == "running":
                return f"; the worker does {cnn.captions.under_way(study.question)} first"
    return ""


def _called(runtime: Runtime, run: Run) -> str:
    """Return the name of a run, or that of the operator's model which it trains."""
    own = runtime.settings.model_path
    with suppress(cnn.RunError):
        if own is not None and run.config.save_to == str(own):
            return own.name
    return run.name


def _download_status(runtime: Runtime) -> list[str]:
    download = runtime.settings.jobs.download() if runtime.settings.download else None
    if download is None or datasets.find(datasets.MNIST, runtime.settings.data_path):
        return []
    if download.state == "failed":
        return [f"The embedded digits are used: {download.message}"]
    share = cnn.captions.percent(fetching.fetched_share(), 0)
    return [f"MNIST is being downloaded ({share}); until then the embedded digits are used."]


def replace_refused_model(_ready: str, stored: dict[str, Any] | None) -> dict[str, str]:
    """Return the view with the bundled model, where the operator's proved unusable at the start.

    Any other was asked for by a link, and stays, as does the sentence that says why it is not shown.
    """
    view, _ = parse(stored or {})
    catalogue = current().catalogue
    if not (catalogue.is_own(view.model) and catalogue.is_refused(view.model)):
        raise PreventUpdate
    return view.of_model(catalogue.default().key).to_query()
