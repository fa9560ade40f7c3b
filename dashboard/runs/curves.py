"""The curves of the chosen runs: of one with its steps, or of several beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import html

import cnn
from cnn.captions import Caption
from cnn.data.names import data_name
from cnn.figures import EMPTY_FIGURE, Course
from cnn.figures.curves import GRADIENT
from cnn.properties import cached_property
from cnn.runs.configuration import TrainingConfig, differences
from cnn.runs.moments import Moment
from cnn.runs.naming import in_words
from cnn.runs.recorded import Recorded
from cnn.runs.run import ACTIVE, HISTORY_COLUMNS, together
from cnn.words import counted, listed
from dashboard.runs.table import Row, epochs_in_words, is_from_the_start, key_of
from dashboard.shell import components
from dashboard.state.view import View

if TYPE_CHECKING:
    import pandas as pd

LOSS = "training-loss"
ACCURACY = "training-accuracy"
RATE = "training-rate"
CLASSES = "training-classes"
GRADIENTS = "training-gradients"
SPEED = "training-speed"
FIGURES = {
    LOSS: "Loss per epoch",
    ACCURACY: "Accuracy per epoch",
    RATE: "Learning rate along the training",
    CLASSES: "Accuracy of each class",
    GRADIENTS: "Gradient of each layer",
    SPEED: "Pictures per second",
}
# What of a training that another program does nobody sees.
_UNSEEN = (CLASSES, GRADIENTS, SPEED)
_IN_WORDS = {
    LOSS: "the loss",
    ACCURACY: "the accuracy",
    RATE: "the learning rate",
    CLASSES: "the accuracy of each class",
    GRADIENTS: "the gradients",
    SPEED: "how many pictures there were in a second",
}
UNKNOWN = "training-unknown"
SINGLE = "training-single"
CURVES = "training-curves"
MISSING = "training-missing"
_RECORDED = 'model.fit(..., callbacks=[cnn.RunRecorder("mine")])'
_IMPORTED = "cnn-dashboard import checkpoints/ --model model.keras --history log.csv"
# A curve as a loss often is, which stands where there is none.
_FALLING = [1 / (1 + step) for step in range(12)]
_OVER_STEPS = (LOSS, ACCURACY, RATE, GRADIENTS, SPEED)


def caption_of(figure: str) -> str:
    """Return the id of a figure's caption."""
    return f"{figure}-caption"


def box_of(figure: str) -> str:
    """Return the id of the place of a figure, which is hidden where nothing was recorded for it."""
    return f"{figure}-box"


def layout() -> html.Div:
    """Return the places of the figures, those in `SINGLE` of a single run only, and of what stands there
    where there are none.
    """
    places = [
        html.Div(components.figure(figure, name), id=box_of(figure))
        for figure, name in FIGURES.items()
    ]
    figures = html.Div(
        [
            html.Div(places[:2], className="even"),
            html.Div(places[2:4], className="even"),
            html.Div(places[4:], className="even", id=SINGLE),
            html.P(id=UNKNOWN, className="hint"),
        ],
        id=CURVES,
        className="curves",
    )
    return html.Div([html.Div(id=MISSING), figures])


class Curves:
    """What the figures show of some runs. Each is made when it is asked for.

    `has_other` says that the model in use has a run of its own, which is drawn without a tick.
    """

    def __init__(self, rows: list[Row], view: View, *, has_other: bool = False) -> None:
        self._rows = rows
        self._has_other = has_other
        self._view = view
        self._courses = [_course(row) for row in rows]

    @property
    def is_single(self) -> bool:
        """Whether the curves are those of one run."""
        return len(self._rows) == 1

    @cached_property
    def choice(self) -> str:
        """A key for what is shown: another when other runs are, or one of them began or ended."""
        runs = [(str(row.run.path), row.name, row.status.state) for row in self._rows]
        return key_of(runs, self._view.epoch, self._view.model)

    @cached_property
    def progress(self) -> str:
        """A key for how far the runs are."""
        return key_of([(len(course.history), len(course.batches)) for course in self._courses])

    @property
    def settings(self) -> Any:
        """The settings of the run, or a table of those in which several differ."""
        if not self._rows:
            return []
        return components.facts(_settings(self._rows[0])) if self.is_single else self._differences()

    @property
    def summary(self) -> str:
        """Which run is drawn and how it goes or ended, or how many are."""
        if not self.is_single:
            return f"{len(self._rows)} runs beside each other." if self._rows else ""
        row = self._rows[0]
        done = _done(row, self._courses[0])
        recorded = _recorded(row)
        how = {
            "queued": "waits for its turn; its curves begin with its first steps",
            "running": "is being trained; these are its curves so far",
            "finished": _imported(row)
            if recorded and recorded.by == "import"
            else f"has finished, after {done}",
            "cancelled": f"was cancelled, after {done}",
            "failed": f"failed, after {done}",
            "interrupted": f"was interrupted, after {done}",
        }[row.status.state]
        if row.is_in_use:
            return f"{row.name} {how}."
        other = "Another model is in use"
        untick = ": untick this run to see its curves" if self._has_other else ""
        return f"{row.name} {how}. {other}{untick}."

    def figure(self, which: str) -> Any:
        """Return one of the figures; without a run it is empty."""
        if not self._rows or (which in (GRADIENTS, SPEED) and not self.is_single):
            return EMPTY_FIGURE
        figure = self._drawn(which)
        row, epoch = self._rows[0], self._view.epoch
        if self.is_single and row.is_in_use and epoch and which in _OVER_STEPS:
            moment = Moment.parse(epoch)
            place = moment.epoch + moment.batch / max(1, row.status.batches)
            cnn.figures.mark(figure, place, "shown")
        return figure

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """The figures for which nothing was recorded, and nothing will be."""
        shown = [which for which in FIGURES if self.is_single or which not in (GRADIENTS, SPEED)]
        return tuple(
            which
            for which in shown
            if self._rows
            and not any(_may_come(which, row) for row in self._rows)
            and not _has_points(self._drawn(which))
        )

    @property
    def unknown_in_words(self) -> str:
        """What was not recorded, in a sentence; empty where all of it was."""
        if not self.unknown:
            return ""
        of = "this training" if self.is_single else "these trainings"
        return f"Not recorded of {of}: {listed([_IN_WORDS[which] for which in self.unknown])}."

    def _drawn(self, which: str) -> Any:
        courses, first = self._courses, self._courses[0]
        of = f"of {first.name if self.is_single else f'{len(courses)} runs'}"
        if which == LOSS:
            return cnn.figures.history(courses, quantity="loss", title=f"Loss {of}")
        if which == ACCURACY:
            return cnn.figures.history(courses, quantity="accuracy", title=f"Accuracy {of}")
        if which == RATE:
            return cnn.figures.learning_rates(courses, title="Learning rate")
        if which == GRADIENTS:
            return cnn.figures.gradients(first, title="Gradient of each layer")
        if which == SPEED:
            return cnn.figures.throughput(first, title="Pictures per second")
        return _classes_of_one(self._rows[0]) if self.is_single else _classes_of_many(self._rows)

    @property
    def missing(self) -> Any:
        """What is missing and what to do, in place of the figures; None where there are curves."""
        if not self._rows:
            return self._without_runs
        recorded = _recorded(self._rows[0]) if self.is_single else None
        if recorded and recorded.by == "import" and self._courses[0].history.empty:
            again = ["Import them again, with the file of the curves: ", html.Code(_IMPORTED), "."]
            text = (
                "These checkpoints came without curves. The slider goes through them all the same."
            )
            return _empty("No curves of this training are known", text, [again])
        return None

    @property
    def _without_runs(self) -> html.Div:
        if self._view.runs:
            text = "None of the runs that the link compares is on this server."
            return _empty("No run is chosen", text, ["Tick some in the list below."])
        return _empty(
            "How this model was trained is not known",
            "It came as a file, which holds a network and no curves.",
            [
                "To see the curves of another training, tick its run in the list below.",
                ["To record a training of your own: ", html.Code(_RECORDED), "."],
                ["To make a run of its checkpoints: ", html.Code(_IMPORTED), "."],
            ],
        )

    def caption(self, which: str) -> str:
        """Return what one of the figures says, in words."""
        if not self._rows:
            return ""
        text = (
            components.caption(_caption_of_one(which, self._rows[0], self._courses[0]))
            if self.is_single
            else _caption_of_many(which, self._rows, self._courses)
        )
        return " ".join([text, *_damages(self._rows)]) if which == LOSS else text

    def _differences(self) -> Any:
        known = [(row.name, config) for row in self._rows if (config := _config(row))]
        differing = differences([config for _, config in known])
        if not differing:
            return "All settings of these runs are the same."
        names = [html.Th(name, scope="col") for name, _ in known]
        head = html.Tr([html.Th("setting", scope="col"), *names])
        body = [_difference(name, values) for name, values in differing.items()]
        return dbc.Table([html.Thead(head), html.Tbody(body)], size="sm")


def _empty(title: str, text: str, advice: list[Any]) -> html.Div:
    """Return what stands in the place of the figures: what is missing, and what can be done."""
    picture = html.Img(src=cnn.figures.sparkline(_FALLING), alt="")
    said = [html.P(text), html.Ul([html.Li(one) for one in advice])]
    return html.Div([picture, html.H2(title), *said], className="nothing-yet")


def _may_come(which: str, row: Row) -> bool:
    """Whether what a figure shows of a run may still be recorded."""
    return row.status.state in ACTIVE and not (row.run.is_recorded and which in _UNSEEN)


def _has_points(figure: Any) -> bool:
    """Whether a figure draws anything."""
    return any(len(trace["x"]) for trace in figure["data"])


def _course(row: Row) -> Course:
    history = _table(row, "history").reindex(columns=list(HISTORY_COLUMNS))
    return Course(
        row.name, history, _table(row, "batches"), max(1, row.status.batches),
        running_means=row.run.is_recorded,
    )  # fmt: skip


def _table(row: Row, name: str) -> pd.DataFrame:
    """Return one of the run's tables, an empty one if it is damaged or the run is gone."""
    import pandas as pd

    try:
        table: pd.DataFrame = getattr(row.run, name)
        return table
    except cnn.RunError:
        return pd.DataFrame()


def _config(row: Row) -> TrainingConfig | None:
    """Return the run's settings, None if they cannot be read."""
    try:
        return row.run.config
    except cnn.RunError:
        return None


def _recorded(row: Row) -> Recorded | None:
    """Return what is known of a training by another program; None if it is ours or damaged."""
    try:
        return row.run.recorded
    except cnn.RunError:
        return None


def _done(row: Row, course: Course) -> str:
    """Return which epochs are done, of how many as far as that is known, in words."""
    try:
        planned = row.run.planned_epochs
    except cnn.RunError:
        planned = 0
    numbers = course.history["epoch"].tolist()
    done = epochs_in_words(numbers, planned)
    if is_from_the_start(numbers):
        return f"{done} epochs"
    return f"epoch {done}" if len(numbers) == 1 else f"epochs {done}"


def _imported(row: Row) -> str:
    return f"was made of {counted(len(row.run.moments), 'checkpoint')}"


def _classes_of_one(row: Row) -> Any:
    classes = _table(row, "classes")
    if classes.empty:
        return EMPTY_FIGURE
    return cnn.figures.class_accuracy(classes, title="Accuracy of each class, epoch by epoch")


def _classes_of_many(rows: list[Row]) -> Any:
    tables = [(row.name, _table(row, "classes")) for row in rows]
    known = [(name, table.tail(1)) for name, table in tables if len(table)]
    if not known:
        return EMPTY_FIGURE
    return cnn.figures.class_accuracy_of_runs(
        together([table for _, table in known]),
        title="Accuracy of each class, after the last epoch",
        names=[name for name, _ in known],
    )


def _damages(rows: list[Row]) -> list[str]:
    return [f"{row.damaged} of {row.name} cannot be read." for row in rows if row.damaged]


def _caption_of_one(which: str, row: Row, course: Course) -> Caption:
    history, recorded, config = course.history, _recorded(row), _config(row)
    if recorded:
        return _caption_of_recorded(which, recorded, history)
    if config is None:
        return Caption("")
    if which == LOSS:
        losses = history["loss"].tolist(), history["val_loss"].tolist()
        return cnn.captions.course(*losses, config)
    if which == ACCURACY:
        accuracies = history["accuracy"].tolist(), history["val_accuracy"].tolist()
        return cnn.captions.accuracy(*accuracies, config)
    if which == CLASSES:
        return _classes_caption([row], ["After the last epoch"])
    if which == GRADIENTS:
        return cnn.captions.gradients(config.optimizer, _last_gradients(course))
    if which == RATE:
        return Caption(_rate_caption([row]))
    return Caption("Measured step by step in the process that trains.")


def _caption_of_recorded(which: str, recorded: Recorded, history: pd.DataFrame) -> Caption:
    epochs = history["epoch"].tolist()
    if which == LOSS:
        losses = history["loss"].tolist(), history["val_loss"].tolist()
        return cnn.captions.recorded_loss(epochs, *losses, recorded)
    if which == ACCURACY:
        shares = history["accuracy"].tolist(), history["val_accuracy"].tolist()
        return cnn.captions.recorded_accuracy(epochs, *shares, recorded)
    if which == RATE:
        return cnn.captions.recorded_rate(recorded)
    if which == GRADIENTS:
        return cnn.captions.recorded_gradients()
    return Caption("")


def _last_gradients(course: Course) -> dict[str, float]:
    """Return the norm of each layer's gradient in the last step; empty before the first."""
    norms = course.batches.filter(regex=f"^{GRADIENT}").tail(1)
    return {
        str(name).removeprefix(GRADIENT): float(norms[name].iloc[0]) for name in norms if len(norms)
    }


def _caption_of_many(which: str, rows: list[Row], courses: list[Course]) -> str:
    if which == LOSS:
        return (
            "Solid: on the pictures trained on, the mean over each epoch while the network learns. "
            "Dashed: on validation pictures, at the epoch's end."
        )
    if which == ACCURACY:
        return _best_of_many(courses)
    if which == RATE:
        return _rate_caption(rows)
    if which == CLASSES:
        return components.caption(_classes_caption(rows, [f"In {row.name}" for row in rows]))
    return ""


def _best_of_many(courses: list[Course]) -> str:
    known = [course for course in courses if course.history["val_accuracy"].notna().any()]
    best = {course.name: float(course.history["val_accuracy"].max()) for course in known}
    if not best:
        return "No accuracy on validation pictures is known yet."
    name = max(best, key=lambda known: best[known])
    return f"The best validation accuracy is {cnn.captions.percent(best[name], 2)}, of {name}."


def _rate_caption(rows: list[Row]) -> str:
    configs = list(filter(None, map(_config, rows)))
    kinds = sorted(
        {
            f"{in_words('optimizer', c.optimizer)[1]}, {in_words('schedule', c.schedule)[1]}"
            for c in configs
        }
    )
    return f"Optimiser and schedule: {'; '.join(kinds)}." if kinds else ""


def _classes_caption(rows: list[Row], when: list[str]) -> Caption:
    known = [(_table(row, "classes").tail(1), words) for row, words in zip(rows, when, strict=True)]
    known = [(table, words) for table, words in known if len(table)]
    if not known:
        return Caption("No epoch has ended yet.")
    return cnn.captions.recognised(
        together([table for table, _ in known]), [words for _, words in known]
    )


def _settings(row: Row) -> list[tuple[str, str]]:
    recorded, config = _recorded(row), _config(row)
    if recorded:
        return list(recorded.settings.items())
    if config is None:
        return []
    scores = cnn.runs.facts(row.run).get("scores", {})
    return [
        *[in_words(name, value) for name, value in config.notable().items()],
        *[
            (_scored(name, config), cnn.captions.percent(score, 2))
            for name, score in scores.items()
        ],
    ]


def _scored(name: str, config: TrainingConfig) -> str:
    """Return what a score is of: its name is that of a data set and a split."""
    data, _, split = name.rpartition(" ")
    if data == config.dataset:
        return f"accuracy on {data_name(data)} {split}"
    half = {"train": ", first half", "test": ", second half"}.get(split, f" {split}")
    return f"accuracy on {data_name(data)}{half} (not trained on)"


def _difference(name: str, values: list[Any]) -> html.Tr:
    pairs = [in_words(name, value) for value in values]
    return html.Tr([html.Th(pairs[0][0], scope="row"), *[html.Td(value) for _, value in pairs]])
