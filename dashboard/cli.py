"""The command line, `cnn-dashboard`."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cnn.models.architecture import ACTIVATIONS, INITIALS, PADDINGS, POOLINGS
from cnn.runs.configuration import OPTIMIZERS, ORDERS, SCHEDULES, TrainingConfig
from cnn.training import lessons
from cnn.training.lessons import LESSONS
from cnn.words import percent
from dashboard.settings import Settings, env_name, environment

if TYPE_CHECKING:
    from cnn.runs.run import Run, Status
    from cnn.training.recording import Event

FLAT = frozenset(TrainingConfig().flat()) - {"save_to"}

app = typer.Typer(help="Look inside a convolutional network, in the browser.", no_args_is_help=True)


# Whoever asks whether a worker is alive holds its lock for a moment.
_PATIENCE_SECONDS = 2.0


def _option(field: str, *flags: str) -> Any:
    description = Settings.model_fields[field].description
    return typer.Option(*flags, envvar=env_name(field), help=description, show_default=False)


DataDir = Annotated[Path | None, _option("data_dir", "--data-dir")]
HomeDir = Annotated[Path | None, _option("home", "--home")]
Model = Annotated[Path | None, _option("model", "--model")]
RedisUrl = Annotated[str | None, _option("redis_url", "--redis-url")]
Download = Annotated[bool | None, _option("download", "--download/--no-download")]
UploadMegabytes = Annotated[float | None, _option("upload_megabytes", "--upload-megabytes")]
UploadMegapixels = Annotated[float | None, _option("upload_megapixels", "--upload-megapixels")]
UploadsMegabytes = Annotated[float | None, _option("uploads_megabytes", "--uploads-megabytes")]
UploadsDays = Annotated[float | None, _option("uploads_days", "--uploads-days")]
Host = Annotated[str | None, _option("host", "--host")]
Port = Annotated[int | None, _option("port", "--port", "-p")]


def main() -> None:
    """Run the command line; what goes wrong on purpose ends with one sentence and status 1."""
    from cnn.errors import CnnError

    try:
        app()
    except CnnError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False)
        sys.exit(1)


def _settings(**given: Any) -> Settings:
    """Return the settings with the given flags; values that do not fit end the command."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise typer.BadParameter(f"{name} is {first['input']!r}: {first['msg']}.") from error


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cnn-dashboard {version('cnn-visualizer')}")
        raise typer.Exit


@app.callback()
def _root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say it.")
    ] = False,
) -> None:
    """Look inside a convolutional network, in the browser."""


@app.command()
def serve(
    data_dir: DataDir = None,
    home: HomeDir = None,
    model: Model = None,
    redis_url: RedisUrl = None,
    download: Download = None,
    upload_megabytes: UploadMegabytes = None,
    upload_megapixels: UploadMegapixels = None,
    uploads_megabytes: UploadsMegabytes = None,
    uploads_days: UploadsDays = None,
    host: Host = None,
    port: Port = None,
    threads: Annotated[int, typer.Option(help="Threads per web process.", min=1)] = 8,
    processes: Annotated[int, typer.Option(help="Web processes.", min=1)] = 1,
) -> None:
    """Serve the dashboard (gunicorn); open the address that it prints."""
    settings = _settings(
        data_dir=data_dir, home=home, model=model, redis_url=redis_url, download=download,
        upload_megabytes=upload_megabytes, upload_megapixels=upload_megapixels,
        uploads_megabytes=uploads_megabytes, uploads_days=uploads_days, host=host, port=port,
    )  # fmt: skip
    settings.jobs.require_writable()
    os.environ.update(environment(settings))
    from dashboard.serving import replace_process

    typer.echo(f"CNN Visualizer: http://{settings.host}:{settings.port}  (Ctrl-C stops it)")
    replace_process(threads=threads, processes=processes)


@app.command()
def train(
    dataset: Annotated[
        str, typer.Option(help="mnist, fashion_mnist, digits, or a folder.")
    ] = "mnist",
    lesson: Annotated[
        str, typer.Option(help=f"Settings to start from: {', '.join(LESSONS)}.")
    ] = "",
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pictures per step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="At the start.")] = None,
    optimizer: Annotated[str | None, typer.Option(help=", ".join(OPTIMIZERS))] = None,
    schedule: Annotated[
        str | None, typer.Option(help=f"Of the learning rate: {', '.join(SCHEDULES)}.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option(help="Epochs without progress before it ends; 0: all epochs.")
    ] = None,
    augment: Annotated[bool | None, typer.Option(help="Vary the pictures at random.")] = None,
    share: Annotated[float | None, typer.Option(help="Of the pictures to train on.")] = None,
    order: Annotated[
        str | None, typer.Option(help=f"Of the pictures: {', '.join(ORDERS)}.")
    ] = None,
    wrong_labels: Annotated[float | None, typer.Option(help="Share of wrong classes.")] = None,
    flagged_ones: Annotated[
        int | None, typer.Option(help="Drawn ones with a flag and no foot, added to digits.")
    ] = None,
    blocks: Annotated[int | None, typer.Option(help="Of convolution and pooling.")] = None,
    filters: Annotated[
        int | None, typer.Option(help="Of the first block; each next has twice as many.")
    ] = None,
    kernel: Annotated[int | None, typer.Option(help="Side of the kernels.")] = None,
    stride: Annotated[int | None, typer.Option(help="Of the convolutions.")] = None,
    padding: Annotated[str | None, typer.Option(help=", ".join(PADDINGS))] = None,
    pooling: Annotated[str | None, typer.Option(help=", ".join(POOLINGS))] = None,
    dense: Annotated[int | None, typer.Option(help="Units before the classes.")] = None,
    dropout: Annotated[float | None, typer.Option(help="Share left out while training.")] = None,
    batch_norm: Annotated[bool | None, typer.Option(help="After each convolution.")] = None,
    activation: Annotated[str | None, typer.Option(help=", ".join(ACTIVATIONS))] = None,
    initial: Annotated[str | None, typer.Option(help=", ".join(INITIALS))] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order and variations.")] = None,
    deterministic: Annotated[
        bool | None, typer.Option(help="The same to every bit each time; slower.")
    ] = None,
    save_to: Annotated[Path | None, typer.Option(help="Also save the model here.")] = None,
    into: Annotated[
        Path | None, typer.Option(help="Folder of the run, instead of a new one.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the run in this folder instead.")
    ] = None,
    data_dir: DataDir = None,
    home: HomeDir = None,
) -> None:
    """Train a classifier here and now, with a progress bar."""
    from cnn import runs

    given = {name: value for name, value in locals().items() if name in FLAT and value is not None}
    settings = _settings(data_dir=data_dir, home=home)
    if resume:
        run = runs.Run(resume)
        run.renew()
    else:
        if save_to:
            given["save_to"] = str(save_to.expanduser().resolve())
        config = lessons.config(lesson, given, data_dir=settings.data_path)
        place = into or settings.jobs.runs_dir
        run = (
            runs.create(place.parent, config, place.name)
            if into
            else runs.create(place, config, note=lessons.note(lesson))
        )
    status = _train_with_bar(run, settings.data_path)
    if status.state != "finished":
        Console(stderr=True).print(f"{status.state}: {status.message}", style="red")
        raise typer.Exit(1)
    _print_results(run)


def _train_with_bar(run: Run, data_path: Path) -> Status:
    from cnn.training.loop import work_on

    config = run.config
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
    )
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        bar = progress.add_task("train", total=None, epoch="-", told="reading the data")

        def show(event: Event) -> None:
            status = event.status
            done = max(0, status.epoch - 1) * status.batches + status.batch
            told = status.message
            if status.loss is not None and status.accuracy is not None and not told:
                told = f"loss {status.loss:.4f}  accuracy {percent(status.accuracy, 2)}"
            total = config.epochs * status.batches or None
            epoch = f"{status.epoch}/{config.epochs}"
            progress.update(bar, total=total, completed=done, epoch=epoch, told=told)

        return work_on(run, data_dir=data_path, on_event=show)


def _print_results(run: Run) -> None:
    from cnn.runs.run import facts

    table = Table(*run.history.columns, title=f"Run {run.id}")
    for row in run.history.itertuples(index=False):
        table.add_row(
            *(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row)
        )
    console = Console()
    console.print(table)
    for name, score in facts(run).get("scores", {}).items():
        console.print(f"accuracy on {name}: {percent(score, 2)}")
    console.print(f"model: {run.model_path}", soft_wrap=True)
    console.print(f"again: {run.config.command()}", soft_wrap=True)


@app.command()
def worker(
    data_dir: DataDir = None,
    home: HomeDir = None,
    redis_url: RedisUrl = None,
    local: Annotated[
        bool,
        typer.Option("--local", help="One per home; ends with the last server (as it starts it)."),
    ] = False,
    lock: Annotated[
        int | None, typer.Option(help="Descriptor of the lock, held already.", hidden=True)
    ] = None,
) -> None:
    """Do queued jobs (training, downloads) until stopped. The server starts one by itself."""
    from filelock import Timeout

    from cnn.jobs import Queue

    settings = _settings(data_dir=data_dir, home=home, redis_url=redis_url)
    settings.jobs.require_writable()
    if not local or lock is not None:
        Queue(settings.jobs).work(while_servers=local)
        return
    try:
        with settings.jobs.worker_lock().acquire(timeout=_PATIENCE_SECONDS):
            Queue(settings.jobs).work(while_servers=True)
    except Timeout:
        typer.echo("Another local worker is alive: this one is not needed.", err=True)


@app.command()
def data(
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Download MNIST if it is missing.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Say which data sets are found, and where they were looked for."""
    from cnn.data import datasets

    settings = _settings(data_dir=data_dir)
    missing = datasets.find(datasets.MNIST, settings.data_path) is None
    if fetch and missing:
        typer.echo("Downloading MNIST into the Keras cache (11 MB) ...")
        datasets.fetch_mnist()
    console = Console()
    for name in datasets.KERAS_DATASETS:
        found = datasets.find(name, settings.data_path)
        console.print(f"{name}: {found or 'not found'}", soft_wrap=True)
        for place in datasets.places(name, settings.data_path):
            console.print(f"    looked at {place}", style="dim", soft_wrap=True)
    console.print(f"{datasets.DIGITS}: always there (scikit-learn, 1,797 digits)")
