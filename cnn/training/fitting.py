"""A training that somebody else's `model.fit` does, written down as a run while it goes on."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from cnn.data.datasets import known_classes
from cnn.errors import ModelError, RunError, reason
from cnn.models.card import Card, stated_card, with_class_names
from cnn.models.internals import every_layer
from cnn.models.loading import as_functional, save_model, trained_with
from cnn.models.losses import compiled_losses
from cnn.runs.moments import Moment, within_first_epoch
from cnn.runs.place import runs_of_home
from cnn.runs.recorded import Recorded
from cnn.runs.run import Run, Status, create_recorded, require_name
from cnn.training.holding import Hold
from cnn.training.logs import drawn, history_row, measured
from cnn.training.norms import GradientNorms, watched
from cnn.training.pace import Pace
from cnn.training.recording import Recorder, finite
from cnn.words import listed

# As many batches as a moment within the first epoch can have been after.
_MOST_BATCHES = 10_000_000
_GONE = "model.fit ended before its last epoch, by an error or an interrupt."


class RunRecorder(keras.callbacks.Callback):
    """A callback that writes what `model.fit` does as a run, which the dashboard follows.

    `place` is the run's folder; a bare name is a folder of the dashboard's own runs, below `CNN_HOME`.
    Where there is a run already, a number is put behind the name; `run` is the one that is written. Every
    call of `fit` writes one. `class_names` and `scale` (what pixels of 0 to 255 are multiplied with
    before they enter the model) are kept on the card of the model. `data` is how the pictures are
    called; of a data set that the project knows, such as "mnist", the classes have their names unasked.

    Recorded are the weights before the first step (where the model has some by then), after 1, 2, 4,
    8, … steps of the first epoch and after every epoch, losses and accuracies as Keras tells them (in
    an epoch: means over it so far), and, at most four times a second, the learning rate. With
    `gradients` so are the norms of the gradient by the weights of each layer, as the step hands them to
    the optimiser. For that the step is compiled with a branch more: that costs the training no speed
    that could be measured (less than 5 %) beside the time to compile it, and where TensorFlow then
    orders multiplications otherwise, numbers differ from those without it in their last bits. Where a
    step hands over no gradients there are none. A callback sees no pictures: pictures per second and
    the accuracy of each class are left out. Of a model without a graph of layers only the curves are
    recorded, with a warning. Cancelling the run in the dashboard stops `fit` after the batch.

    What goes wrong with recording is a warning, and the training goes on; so are class names that are not
    one for each output. Raises `RunError` for a name that no run can have, and `ModelError` for class
    names that are no list of names, and for a scale that is not known.
    """

    def __init__(
        self,
        place: Path | str,
        *,
        class_names: Sequence[str] = (),
        scale: Any = None,
        data: str = "",
        gradients: bool = False,
    ) -> None:
        super().__init__()
        place = Path(place).expanduser()
        require_name(next((part for part in place.parts if "\0" in part), place.name))
        self._folder = runs_of_home() / place if len(place.parts) == 1 else place.resolve()
        self._card = stated_card(class_names, scale)
        self._data = data
        self._writer: _Writer | None = None
        self._gradients = gradients
        self.run: Run | None = None

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Make the run, and keep the network as it is."""
        self._close()
        with self._going_on():
            known = Recorded("callback", int(self.params.get("epochs") or 0), self._settings())
            self.run = create_recorded(
                self._folder, known, lambda run: run.write_status(Status("running"))
            )
            self._writer = _Writer(self.run, self.params, self._card, known_classes(self._data))
            self._writer.begin(self.model)
            if self._gradients:
                self._writer.watch_gradients(self.model)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Begin a row of the history."""
        if self._writer:
            self._writer.begin_epoch(epoch)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Have the step tell what is due."""
        if self._writer:
            with self._going_on():
                self._writer.begin_batch()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Note a step."""
        if self._writer:
            with self._going_on():
                self._writer.batch(batch + 1, logs or {}, self._rate, self.model)
                if self._writer.run.is_cancelled:
                    self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Note the epoch and keep the weights after it."""
        if self._writer:
            with self._going_on():
                self._writer.epoch(epoch + 1, logs or {}, self._rate)

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Keep the trained network, and say that the run has ended."""
        if self._writer:
            with self._going_on():
                self._writer.finish()
        self._close()

    def _rate(self) -> float:
        try:
            return float(self.model.optimizer.learning_rate)
        except (AttributeError, TypeError, ValueError):
            return math.nan

    def _settings(self) -> dict[str, str]:
        """Return what is known of the training, in words."""
        optimizer, loss = self.model.optimizer, getattr(self.model, "loss", None)
        rate = self._rate()
        known = {
            "data": self._data,
            "epochs": self.params.get("epochs"),
            "optimiser": type(optimizer).__name__ if optimizer else "",
            "learning rate": f"{rate:.3g}" if math.isfinite(rate) else "",
            "loss": loss if isinstance(loss, str) else getattr(loss, "name", ""),
        }
        return {name: str(value) for name, value in known.items() if value}

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """Let nothing that goes wrong with recording end the training."""
        try:
            yield
        except Exception as error:
            _warn(f"This training is recorded no longer ({reason(error)}); it goes on.")
            self._close()

    def _close(self) -> None:
        if self._writer:
            self._writer.close()
        self._writer = None


class _Writer:
    """Writes one run: its curves, and the weights of the model's graph of layers, if it has one."""

    def __init__(
        self, run: Run, params: Mapping[str, Any], card: Card, usual_names: tuple[str, ...]
    ) -> None:
        self.run = run
        self._recorder = Recorder(run, lambda _: None)
        self._graph: keras.Model | None = None
        self._card, self._usual_names = card, usual_names
        self._epochs = int(params.get("epochs") or 0)
        self._steps = int(params.get("steps") or 0)
        self._kept = within_first_epoch(self._steps or _MOST_BATCHES)
        self._done = 0
        self._rates, self._norms_due = Pace(), Pace()
        self._norms: GradientNorms | None = None
        self._hold = Hold(run, self._gone)

    def begin(self, model: keras.Model) -> None:
        self._is_built = bool(model.built)
        if self._is_built:
            self._look_into(model)
            self._keep(Moment(0))
        self._recorder.update(batches=self._steps)
        self._began = time.monotonic()

    def watch_gradients(self, model: keras.Model) -> None:
        """Have steps tell the norms of their gradients; a model that cannot is a warning."""
        try:
            self._norms = watched(model)
        except ModelError as error:
            _warn(f"No norms of gradients are recorded: {error}")

    def begin_batch(self) -> None:
        if self._norms and self._norms_due.is_due:
            self._norms.ask()

    def _gradients(self) -> dict[str, float]:
        """Return the norms of the step that has ended, in their columns; NaN where they were not due."""
        if not self._norms:
            return {}
        if not self._norms.is_asked:
            return self._norms.unknown
        with self._norms_due.measured():
            known = self._norms.read()
        if self._norms.are_told:
            return known
        self._norms.end()
        self._norms = None
        _warn("No norms of gradients are recorded: no step hands any to the model's optimiser.")
        return {}

    def _look_into(self, model: keras.Model) -> None:
        """Find the graph of the model, as soon as there can be one, and keep it."""
        try:
            self._graph = as_functional(model)
        except ModelError as error:
            _warn(f"Only the curves of this training are recorded: {error}")
        else:
            self._card = trained_with(
                self._with_names(self._graph), self._graph, compiled_losses(model)
            )
            self._save(self.run.initial_path)
            own = sorted({type(one).__name__ for one in every_layer(self._graph) if _is_own(one)})
            if own:
                _warn(
                    "A dashboard shows only the curves of this training: the network has classes of your "
                    f"own ({listed(own)}), which no server opens from a file. For its layers give the "
                    "trained network to dashboard.launch, or use layers of Keras."
                )

    def _with_names(self, graph: keras.Model) -> Card:
        """Return the card with the names that fit the outputs: those that are stated, else the usual."""
        count = int(graph.outputs[0].shape[-1] or 1)
        if not self._card.class_names:
            usual = self._usual_names if len(self._usual_names) == count else ()
            return replace(self._card, class_names=usual)
        try:
            return with_class_names(self._card, self._card.class_names, count)
        except ModelError as error:
            _warn(f"The classes of this training are recorded without names: {error}")
            return replace(self._card, class_names=())

    def _keep(self, moment: Moment) -> None:
        if self._graph:
            self._recorder.weights(moment, self._graph.get_weights())

    def begin_epoch(self, epoch: int) -> None:
        self._number, self._step = epoch + 1, 0
        self._first = self._last = time.monotonic()

    def batch(
        self, step: int, logs: Mapping[str, Any], rate: Callable[[], float], model: keras.Model
    ) -> None:
        self._last = time.monotonic()
        if not self._is_built:
            self._is_built = True
            self._look_into(model)
        # Of several steps an execution Keras counts beyond the last of an epoch.
        step = min(step, self._steps or step)
        before, self._step = self._step, step
        self._done += step - before
        numbers = measured(logs)
        row = {"epoch": self._number, "batch": step, **numbers, "learning_rate": math.nan}
        # A schedule computes it anew each time, which takes as long as much of a small step.
        if self._rates.is_due:
            with self._rates.measured():
                row["learning_rate"] = rate()
        row |= self._gradients()
        told = {name: finite(value) for name, value in numbers.items()}
        self._recorder.batch(
            row, epoch=self._number, batch=step, seconds_left=self._seconds_left(), **told
        )
        is_due = any(before < kept <= step for kept in self._kept)
        if self._number == 1 and is_due and step != self._steps:
            self._keep(Moment(0, step))

    def epoch(self, number: int, logs: Mapping[str, Any], rate: Callable[[], float]) -> None:
        self._keep(Moment(number))
        row = {
            **history_row(number, logs),
            "learning_rate": rate(),
            "seconds": round(self._last - self._first, 2),
        }
        self._steps = self._steps or self._step
        self.run.add_recorded(drawn(logs) if not self._recorder.history else {})
        self._recorder.epoch(row)
        self._recorder.update(batches=self._steps, batch=self._step)

    def finish(self) -> None:
        if self.run.is_cancelled:
            self._recorder.update(state="cancelled", seconds_left=None, message="Cancelled.")
            return
        if self._graph:
            self._save(self.run.model_path)
        ended = int(self._recorder.history[-1]["epoch"]) if self._recorder.history else 0
        early = f"Ended early, after {ended} of {self._epochs} epochs."
        message = early if ended < self._epochs else ""
        self._recorder.update(state="finished", seconds_left=None, message=message)

    def close(self) -> None:
        self._end_norms()
        self._hold.release()

    def _end_norms(self) -> None:
        if self._norms:
            self._norms.end()
        self._norms = None

    def _save(self, path: Path) -> None:
        """Write the network; one that Keras cannot save is a warning."""
        assert self._graph
        try:
            save_model(self._graph, path, card=self._card)
        except (RunError, OSError):
            raise
        except Exception as error:
            _warn(
                f"The network cannot be saved ({reason(error)}): of this training the curves and the "
                "weights are kept."
            )

    def _seconds_left(self) -> float | None:
        if not (self._steps and self._epochs):
            return None
        left = (self._epochs - self._number + 1) * self._steps - self._step
        return left * (self._last - self._began) / self._done

    def _gone(self) -> None:
        self._end_norms()
        self._recorder.update(state="interrupted", seconds_left=None, message=_GONE)


def _is_own(layer: Any) -> bool:
    return type(layer).__module__.partition(".")[0] not in ("keras", "cnn")


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=2)
