"""What is wrong on this machine with these settings, or may be, and what to do."""

from __future__ import annotations

import difflib
import errno
import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Literal

import psutil
from packaging.requirements import Requirement
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import cnn
from cnn.data import datasets
from cnn.data.sources import open_source
from cnn.errors import CnnError, reason
from cnn.jobs import Queue, has_worker
from cnn.words import counted, listed
from dashboard.access.hosts import is_loopback
from dashboard.access.people import People
from dashboard.access.warning import warning
from dashboard.settings import Settings, env_name

State = Literal["fine", "warning", "fault"]
_STYLES: dict[State, str] = {"fine": "green", "warning": "yellow", "fault": "bold red"}
_PACKAGE = "cnn-visualizer"
_NAMED = ("tensorflow", "keras", "dash", "plotly")
_ENVIRONMENT = "CNN_"
# What a web process has in use, and its worker.
_GIGABYTES = 0.9


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is, and what to do where it is not fine."""

    what: str
    state: State
    found: str
    advice: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what is found, one thing after the other; a model is loaded, which takes some seconds."""
    for what, look in _LOOKS.items():
        try:
            yield from look(settings)
        except (CnnError, OSError) as error:
            text = str(error) if isinstance(error, CnnError) else reason(error)
            yield Finding(what, "fault", text, "Mend it, then ask again.")


def print_findings(console: Console, findings: Iterable[Finding]) -> bool:
    """Print the findings as a table; return whether none is a fault."""
    table, states = Table("", "what", "found", "what to do"), []
    for one in findings:
        state = f"[{_STYLES[one.state]}]{one.state}[/]"
        table.add_row(state, *(escape(text) for text in (one.what, one.found, one.advice)))
        states.append(one.state)
    console.print(table)
    faults, warnings = states.count("fault"), states.count("warning")
    console.print(f"{counted(faults, 'fault')}, {counted(warnings, 'warning')}.", style="bold")
    return not faults


def _versions(_: Settings) -> Iterator[Finding]:
    named = ", ".join(f"{name} {version(name)}" for name in (_PACKAGE, *_NAMED))
    yield Finding("versions", "fine", f"Python {platform.python_version()}, {named}")
    for text in requires(_PACKAGE) or ():
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            found = ""
        if not found or not wanted.specifier.contains(found, prereleases=True):
            told = f"{wanted.name} {found or 'is missing'}: {wanted.specifier} is needed"
            yield Finding("versions", "fault", told, f"pip install '{wanted}'")


def _data(settings: Settings) -> Iterator[Finding]:
    if settings.own_data:
        source = open_source(settings.own_data)
        told = " ".join([f"{settings.own_data}, {listed(source.splits)}.", *source.notes])
        yield Finding("pictures", "fine", told)
    found = datasets.find(datasets.MNIST, settings.data_path)
    if found:
        yield Finding("MNIST", "fine", str(found))
        return
    advice = "Put its files there, or run cnn-dashboard data --fetch."
    if settings.download:
        advice = f"It is downloaded when the server starts. {advice}"
    told = f"It is not in {settings.data_path}: the digits of scikit-learn are shown"
    yield Finding("MNIST", "warning", told, advice)


def _model(settings: Settings) -> Iterator[Finding]:
    path = settings.model_path
    if path and not path.exists():
        if not path.parent.is_dir():
            advice = "Make the folder, or correct --model."
            yield Finding("model", "fault", f"The folder {path.parent} is not there", advice)
            return
        yield Finding("model", "fine", f"{path} is not there: it is trained and saved there")
    shown = path if path and path.exists() else None
    model = cnn.load_model(shown, limits=settings.model_limits)
    cnn.try_out(model)
    layers = counted(cnn.totals(model).layers, "layer")
    yield Finding(
        "model", "fine", f"{shown or 'the bundled classifier'}: {layers}, one picture tried"
    )


def _disk(settings: Settings) -> Iterator[Finding]:
    home = settings.jobs
    home.require_writable()
    if home.problem:
        yield Finding("disk", "fault", home.problem, "Make room, or choose another --home.")
        return
    free = shutil.disk_usage(home.path).free / 1e9
    yield Finding("disk", "fine", f"{home.path} can be written, {free:.1f} GB are free")


def _queue(settings: Settings) -> Iterator[Finding]:
    home = settings.jobs
    waiting = Queue(home).pending()
    yield Finding(
        "queue", "fine", f"{home.redis_url or home.path / 'queue.db'}: {len(waiting)} wait"
    )
    for name in sorted(home.damaged_queues()):
        advice = "What waited was queued again: delete the file."
        yield Finding("queue", "warning", f"{name} was put aside because it is no queue", advice)


def _worker(settings: Settings) -> Iterator[Finding]:
    home = settings.jobs
    if has_worker(home):
        yield Finding("worker", "fine", "A worker is alive")
    elif home.redis_url:
        advice = "Start cnn-dashboard worker, with the same --redis-url and --home."
        yield Finding("worker", "fault", "No worker is connected to Redis", advice)
    elif home.worker_problem:
        yield Finding("worker", "fault", home.worker_problem, f"Look into {home.path}/worker.log.")
    else:
        yield Finding("worker", "fine", "The server starts one when something waits")


def _people(settings: Settings) -> Iterator[Finding]:
    if told := warning(settings):
        yield Finding("people", "warning", told, "Give --auth FILE or --read-only.")
    if settings.auth:
        People(settings.auth.expanduser())
        yield Finding("people", "fine", f"{settings.auth} can be read")


def _memory(settings: Settings) -> Iterator[Finding]:
    available = psutil.virtual_memory().available / 1e9
    needed = _GIGABYTES * (settings.processes + (not settings.redis_url))
    told = f"{available:.1f} GB are available, about {needed:.1f} GB are needed"
    if available >= needed:
        yield Finding("memory", "fine", told)
    else:
        advice = "Fewer --processes, or end other programs."
        yield Finding("memory", "warning", told, advice)


def _port(settings: Settings) -> Iterator[Finding]:
    place = settings.address
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((settings.host, settings.port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE and settings.jobs.has_servers():
            yield Finding("port", "fine", f"{place} is taken; a server of this folder is alive")
            return
        advice = "Choose another --port or --host, or end what listens there."
        yield Finding("port", "fault", f"{place}: {reason(error)}", advice)
    else:
        yield Finding("port", "fine", f"{place} is free")


def _contradictions(settings: Settings) -> Iterator[Finding]:
    what = "settings"
    for part, whole in (
        ("upload_megabytes", "uploads_megabytes"),
        ("upload_model_megabytes", "models_megabytes"),
    ):
        if getattr(settings, part) > getattr(settings, whole):
            told = f"{env_name(part)} is larger than {env_name(whole)}: one file has more than all room"
            yield Finding(what, "fault", told, f"Raise {env_name(whole)}, or lower the other.")
    if settings.upload_models and not is_loopback(settings.host):
        told = f"Whoever reaches {settings.host} may upload models"
        yield Finding(what, "warning", told, "Leave --upload-models out unless that is meant.")
    if settings.open_metrics and not is_loopback(settings.host):
        told = f"Whoever reaches {settings.host} may read /metrics"
        yield Finding(what, "warning", told, "Leave --open-metrics out unless that is meant.")
    yield from _unknown_variables()


def _unknown_variables() -> Iterator[Finding]:
    known = [env_name(name) for name in Settings.model_fields]
    for name in sorted(os.environ):
        if name.startswith(_ENVIRONMENT) and name not in known:
            near = difflib.get_close_matches(name, known, 1)
            advice = f"Perhaps {near[0]} is meant." if near else "Remove it."
            yield Finding("settings", "warning", f"{name} is no setting", advice)


_LOOKS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "versions": _versions,
    "data": _data,
    "disk": _disk,
    "queue": _queue,
    "worker": _worker,
    "people": _people,
    "memory": _memory,
    "port": _port,
    "settings": _contradictions,
    "model": _model,
}
