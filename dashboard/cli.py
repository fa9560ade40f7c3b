"""The command line, `cnn-dashboard`."""

from __future__ import annotations

import os
import sys
from collections.abc import Container
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cnn.data.datasets import NAMES, load_dataset
from cnn.data.sources import Source, keep_source, open_source
from cnn.runs.configuration import SETTINGS, TrainingConfig
from cnn.settings import settings_of
from cnn.training import lessons
from cnn.training.feeding import require_trainable
from cnn.training.lessons import LESSONS
from cnn.words import counted, percent
from dashboard import options
from dashboard.access.people import People, Role, line
from dashboard.settings import SettingError, Settings, environment, settings_with

if TYPE_CHECKING:
    from cnn.runs.run import Run, Status
    from cnn.training.recording import Event

app = typer.Typer(help="Look inside a convolutional network, in the browser.", no_args_is_help=True)


# Whoever asks whether a worker is alive holds its lock for a moment.
_PATIENCE_SECONDS = 2.0
_SAVE_TO = settings_of(TrainingConfig)["save_to"]


def main() -> None:
    """Run the command line; what goes wrong on purpose ends with one sentence and status 1."""
    from cnn.errors import CnnError

    try:
        app()
    except CnnError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        sys.exit(1)


def _settings(given: dict[str, Any]) -> Settings:
    """Return the settings with the given flags; values that do not fit end the command."""
    try:
        return settings_with(**_chosen(given, Settings.model_fields))
    except SettingError as error:
        raise typer.BadParameter(str(error)) from error


def _chosen(given: dict[str, Any], names: Container[str]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in names and value is not None}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cnn-dashboard {version('cnn-visualizer')}")
        raise typer.Exit


@app.callback()
def _root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say it")
    ] = False,
) -> None:
    """Look inside a convolutional network, in the browser."""


@app.command()
@options.take(*options.of_server(*Settings.model_fields))
def serve(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[MODEL]", help="Model to open, the same as --model")
    ] = None,
    **given: Any,
) -> None:
    """Serve the dashboard (gunicorn); open the address that it prints."""
    if file:
        given["model"] = _the_one_model(file, given["model"], context)
    settings = _settings(given)
    settings.jobs.require_writable()
    if settings.own_data:
        _tell_of(keep_source(settings.own_data))
    if settings.auth:
        People(settings.auth.expanduser())
    os.environ.update(environment(settings))
    from dashboard import serving

    typer.echo(f"CNN Visualizer: http://{settings.address}{settings.prefix}  (Ctrl-C stops it)")
    serving.run()


def _tell_of(pictures: Source) -> None:
    """Say what is not shown of somebody's own pictures."""
    for note in pictures.notes:
        typer.echo(note)


def _the_one_model(file: Path, flag: Path | None, context: typer.Context) -> Path:
    """Return the model of the argument, which outdoes the environment; a flag must say the same."""
    source = context.get_parameter_source("model")
    is_flag = source is not None and source.name == "COMMANDLINE"
    if flag and is_flag and flag.expanduser().resolve() != file.expanduser().resolve():
        raise typer.BadParameter(
            f"two models are given, {file} and --model {flag}: one is opened, so give one of them."
        )
    return file


@app.command()
@options.take(*options.of_server("data_dir", "home"), *options.of_training())
def train(
    lesson: Annotated[str, typer.Option(help=f"Settings to start from: {', '.join(LESSONS)}")] = "",
    save_to: Annotated[Path | None, typer.Option(help=_SAVE_TO.help)] = None,
    into: Annotated[
        Path | None, typer.Option(help="Folder of the run, instead of a new one")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the run in this folder instead")
    ] = None,
    **given: Any,
) -> None:
    """Train a classifier here and now, with a progress bar."""
    from cnn import runs

    settings, chosen = _settings(given), _chosen(given, SETTINGS)
    if resume:
        run = runs.Run(resume)
        run.renew()
    else:
        if save_to:
            chosen["save_to"] = _absolute(save_to)
        if chosen.get("dataset", NAMES[0]) not in NAMES:
            chosen["dataset"] = _absolute(Path(chosen["dataset"]))
            if Path(chosen["dataset"]).exists():
                _tell_of(open_source(Path(chosen["dataset"])))
        config = lessons.config(lesson, chosen, data_dir=settings.data_path)
        _tell_of_size(config, settings.data_path)
        place = into or settings.jobs.runs_dir
        run = (
            runs.create(place.parent, config, place.name)
            if into
            else runs.create(place, config, note=lessons.note(lesson))
        )
    status = _train_with_bar(run, settings.data_path)
    if status.state != "finished":
        Console(stderr=True).print(
            f"{status.state}: {status.message}", style="red", markup=False, highlight=False
        )
        raise typer.Exit(1)
    _print_results(run)


def _tell_of_size(config: TrainingConfig, data_path: Path) -> None:
    """Say in which size pictures are trained on, where it is not their own.

    Raises `CnnError` for pictures and a network that cannot be trained.
    """
    data = load_dataset(config.dataset, "train", data_dir=data_path)
    size = require_trainable(data, config)
    if size.made_of:
        typer.echo(f"Pictures of {size.words}; --size chooses another side.")


def _absolute(path: Path) -> str:
    """Return the path as it is from everywhere, for whoever goes on with the run."""
    return str(path.expanduser().resolve())


def _train_with_bar(run: Run, data_path: Path) -> Status:
    from cnn.training.loop import work_on

    config = run.config
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        TextColumn("{task.fields[message]}"),
    )
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        bar = progress.add_task("train", total=None, epoch="-", message="reading the data")

        def show(event: Event) -> None:
            status = event.status
            done = max(0, status.epoch - 1) * status.batches + status.batch
            message = status.message
            if status.loss is not None and status.accuracy is not None and not message:
                message = f"loss {status.loss:.4f}  accuracy {percent(status.accuracy, 2)}"
            total = config.epochs * status.batches or None
            epoch = f"{status.epoch}/{config.epochs}"
            progress.update(bar, total=total, completed=done, epoch=epoch, message=message)

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


@app.command("import")
@options.take(*options.of_server("home"))
def import_checkpoints(
    checkpoints: Annotated[
        Path, typer.Argument(help="Folder of .keras, .h5 or .weights.h5 files of one training")
    ],
    model: Annotated[Path, typer.Option(help="The network that was trained (.keras or .h5)")],
    history: Annotated[
        Path | None,
        typer.Option(
            help="Its curves: a file of CSVLogger, or history.history as JSON, pickle or .npy"
        ),
    ] = None,
    **given: Any,
) -> None:
    """Make a run of checkpoints, to be looked at moment by moment."""
    from cnn.training import importing

    settings = _settings(given)
    console = Console()
    run = importing.import_checkpoints(
        checkpoints, model, settings.jobs.runs_dir, history=history,
        tell=lambda sentence: console.print(sentence, soft_wrap=True, markup=False, highlight=False),
    )  # fmt: skip
    console.print(
        f"The run {run.id} has {counted(len(run.moments), 'moment')}, from “"
        f"{run.moments[0].description}” to “{run.moments[-1].description}”: choose it on the Training "
        "page of cnn-dashboard serve.", soft_wrap=True,
    )  # fmt: skip


@app.command()
@options.take(*options.of_server("data_dir", "home", "redis_url", "worker_grace", "log_form"))
def worker(
    local: Annotated[
        bool,
        typer.Option("--local", help="One per home; ends with the last server (as it starts it)"),
    ] = False,
    lock: Annotated[
        int | None, typer.Option(help="Descriptor of the lock, held already", hidden=True)
    ] = None,
    **given: Any,
) -> None:
    """Do queued jobs (training, studies, downloads) until stopped. The server starts one by itself.

    Ctrl-C stops it after the job, SIGTERM at once: then another worker goes on with the job.
    """
    from filelock import Timeout

    settings = _settings(given)
    settings.jobs.require_writable()
    if not local or lock is not None:
        _work(settings, is_local=local)
        return
    try:
        with settings.jobs.worker_lock().acquire(timeout=_PATIENCE_SECONDS):
            _work(settings, is_local=True)
    except Timeout:
        typer.echo("Another local worker is alive: this one is not needed.", err=True)


def _work(settings: Settings, *, is_local: bool) -> None:
    from cnn.jobs import Queue, as_worker
    from dashboard.watching import logs

    logs.write_of_worker(settings.log_form)
    if Queue(as_worker(settings.jobs)).work(grace=settings.worker_grace if is_local else None):
        # The interpreter's own end would wait for the step that is being made.
        os._exit(0)


@app.command()
@options.take(*options.of_server("data_dir", "model_megabytes", "model_gigabytes", "model_seconds"))
def check(
    model: Annotated[
        Path | None,
        typer.Argument(help="Model to check (.keras or .h5), instead of the bundled one"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="mnist, fashion_mnist, cifar10, digits, or a path: what it is checked with"
        ),
    ] = None,
    **given: Any,
) -> None:
    """Say what would be shown of a model, and what is wrong with it, or may be.

    The file is opened by a process with limits first. The status is 0, or 1 where it is refused: then
    the reason is said.
    """
    import cnn
    from cnn.data import datasets
    from cnn.inspection.opening import open_apart
    from dashboard.report import print_report

    settings = _settings(given)
    name = data or datasets.best(settings.data_path)
    dataset = cnn.load_dataset(name, data_dir=settings.data_path)
    if dataset.is_own:
        _tell_of(open_source(Path(name).expanduser()))
    if model:
        open_apart(model, limits=settings.opening)
    print_report(Console(), cnn.load_model(model, limits=settings.model_limits), dataset)


@app.command()
def password(
    name: Annotated[str, typer.Argument(help="Who is to sign in")],
    role: Annotated[str, typer.Option(help="reader, trainer or operator")] = "trainer",
) -> None:
    """Ask for a password, and print the line for the file of --auth: name, role and a hash."""
    if role.upper() not in Role.__members__:
        raise typer.BadParameter(f"the role is {role!r}: give reader, trainer or operator.")
    given = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    typer.echo(line(name, Role[role.upper()], given))


@app.command()
@options.take(*options.of_server("data_dir"))
def data(
    fetch: Annotated[bool, typer.Option("--fetch", help="Download MNIST if it is missing")] = False,
    **given: Any,
) -> None:
    """Say which data sets are found, and where they were looked for."""
    from cnn.data import datasets, fetching

    settings = _settings(given)
    missing = datasets.find(datasets.MNIST, settings.data_path) is None
    if fetch and missing:
        typer.echo("Downloading MNIST into the Keras cache (11 MB) ...")
        fetching.fetch_mnist()
    console = Console()
    for name in datasets.KERAS_DATASETS:
        path = datasets.find(name, settings.data_path)
        console.print(f"{name}: {path or 'not found'}", soft_wrap=True)
        for place in datasets.places(name, settings.data_path):
            console.print(f"    looked at {place}", style="dim", soft_wrap=True)
    console.print(f"{datasets.DIGITS}: always there (scikit-learn, 1,797 digits)")


@app.command()
@options.take(*options.of_server(*Settings.model_fields))
def doctor(**given: Any) -> None:
    """Say what is wrong on this machine with the settings of `serve`, and what to do.

    The status is 1 if there is a fault.
    """
    from dashboard.doctor import examine, print_findings

    if not print_findings(Console(), examine(_settings(given))):
        raise typer.Exit(1)
