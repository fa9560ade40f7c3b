"""What one web process holds: settings, models, recent forward passes, and TensorFlow's start.

Nothing here belongs to a user: everything is found by content.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import weakref
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from cachetools import LRUCache, cached
from filelock import FileLock
from flask import Response, after_this_request, current_app, g, has_request_context
from numpy.typing import NDArray
from plotly.io.json import to_json_plotly

import cnn
from cnn.attribution.counterfactual import Norm, Search
from cnn.attribution.methods import METHODS
from cnn.attribution.options import Pictures
from cnn.data import datasets
from cnn.errors import reason
from cnn.gradients.teaching import Teaching
from cnn.inspection.sweeping import Sweep
from cnn.jobs import Queue
from cnn.models.card import miscounted, names_classes
from cnn.models.choosing import output_labels, with_output_first
from cnn.models.layers import is_large
from cnn.models.losses import Aim
from cnn.properties import cached_property
from cnn.runs.configuration import TrainingConfig
from cnn.runs.moments import Moment
from cnn.runs.run import Note, Run
from dashboard.prefix import base
from dashboard.runtime import further, picking, pictures
from dashboard.runtime.attributing import Attributed, attributed, size_of
from dashboard.runtime.catalogue import OF_RUN, Catalogue, Entry
from dashboard.runtime.further import Fed
from dashboard.runtime.kept import Kept, key_of_question
from dashboard.runtime.picture_sets import PictureSets
from dashboard.runtime.pictures import Picture
from dashboard.runtime.quizzes import Quizzes
from dashboard.runtime.starting import Start
from dashboard.runtime.statuses import Statuses
from dashboard.runtime.supervisor import Supervisor
from dashboard.runtime.teachings import Teachings
from dashboard.settings import Settings, environment
from dashboard.state.data import OWN
from dashboard.state.view import LOOKS, OF_NETWORK, View

if TYPE_CHECKING:
    import keras
    import pandas as pd

_log = logging.getLogger(__name__)
_EXTENSION = "cnn_runtime"
_START_AFTER_SECONDS = 3.0
# A page that opens asks for one thing after the other.
_OPENING_SECONDS = 3.0
_AFTER_KEPT_SECONDS = 2.0
# What cannot be queued is tried again, ever more seldom.
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_MOST_LOOK_BYTES = 64_000_000
_MOST_DRIFTS = 64
_MOST_OPERATED = 48
# What is compiled for a large network with changes takes as much room as for so many small ones.
_SMALL_ONES = 6
_MOST_DIAGNOSES = 128
_MOST_SAID = 64
_MOST_ATTRIBUTION_BYTES = 64_000_000
_MOST_SWEEPS = 8
_MOST_SEARCHES = 8
Ready = Literal["starting", "ready", "failed"]


@dataclass(frozen=True, eq=False)
class Look:
    """What the network sees of a picture, and all that it computes of it.

    `seen` is uint8 in the model's size; `plain` is the same before the adversarial step, and
    `fitted` before anything is done to it. `scale` is what becomes of its pixels, and `ranges` are
    the names of those that they may be in; `notes` say how the network takes it, where that is
    not as it is. `true` is the output for the class of the picture, None where it is not known,
    `inputs` are the further inputs of the network, and `unnamed` says what its outputs are taken for,
    where it does not name them, or that nobody knows. `has_card` says whether a choice can be kept for
    the network, `kept_range` which range is, and `kept_sums` what its output's sums are taken for.
    `in_training` says how model(x) differs, where layers are called as in training.
    """

    fitted: NDArray[np.uint8]
    plain: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    passed: cnn.ForwardPass
    scale: cnn.models.Scale
    ranges: tuple[str, ...]
    notes: tuple[str, ...]
    true: int | None
    inputs: tuple[Fed, ...] = ()
    unnamed: str = ""
    has_card: bool = False
    kept_range: str = ""
    kept_sums: Aim = ""
    in_training: str = ""

    @cached_property
    def nbytes(self) -> int:
        """The size of what the network computes, as far as it is kept."""
        return self.passed.nbytes


class Runtime:
    """Created once per application; callbacks reach it by `current()`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.catalogue = Catalogue(settings)
        self.sets = PictureSets(settings)
        self.quizzes = Quizzes()
        self._teachings = Teachings()
        self._failure = ""
        self._queue_problem = ""
        self._start = Start(self._start_tensorflow)
        self._ready = threading.Event()
        self._submitted = threading.Event()
        self._closed = threading.Event()
        self._look_once = cached(
            LRUCache(_MOST_LOOK_BYTES, getsizeof=_size_to_keep),
            key=_picture_and_model,
            condition=threading.Condition(),
        )(self._look)
        self._operated_once = cached(
            LRUCache(_MOST_OPERATED, getsizeof=_room_for),
            key=_model_and_operations,
            condition=threading.Condition(),
        )(_operated)
        self._in_range_once = cached(
            LRUCache(_MOST_OPERATED), key=_model_and_range, condition=threading.Condition()
        )(_in_range)
        self._in_colours_once = cached(
            LRUCache(_MOST_OPERATED), key=_model_and_colours, condition=threading.Condition()
        )(_in_colours)
        self._given_once = cached(
            LRUCache(_MOST_OPERATED), key=_model_and_given, condition=threading.Condition()
        )(self._with_inputs)
        self._chosen_once = cached(
            LRUCache(_MOST_OPERATED), key=_model_and_output, condition=threading.Condition()
        )(with_output_first)
        self._read_once = cached(
            LRUCache(_MOST_OPERATED), key=_model_and_output, condition=threading.Condition()
        )(cnn.models.with_sums_as)
        self._drift_once = cached(
            LRUCache(_MOST_DRIFTS), key=_moments_of_run, condition=threading.Condition()
        )(cnn.drift)
        self._diagnose_once = cached(
            LRUCache(_MOST_DIAGNOSES), key=_model_and_data, condition=threading.Condition()
        )(cnn.diagnose)
        self._attributing = threading.Condition()
        self._attributed_once = cached(
            LRUCache(_MOST_ATTRIBUTION_BYTES, getsizeof=size_of),
            key=_map_of_picture,
            condition=self._attributing,
        )(self._attributed)
        self._supervisor: Supervisor | None = None
        self._said_once = cached(
            LRUCache(_MOST_SAID), key=_model_and_class, condition=threading.Condition()
        )(picking.sampled)
        self._sweep_once = cached(
            LRUCache(_MOST_SWEEPS), key=_picture_and_range, condition=threading.Condition()
        )(lambda _view, _model, make: Sweep(*make()))
        self._search_once = cached(
            LRUCache(_MOST_SEARCHES), key=_picture_and_class, condition=threading.Condition()
        )(self._search)
        self._kept = Kept(settings.jobs.path / "kept")
        self.damaged_before = settings.jobs.damaged_queues()

    @cached_property
    def queue(self) -> Queue:
        """The job queue."""
        return Queue(self.settings.jobs)

    @property
    def ready(self) -> Ready:
        """Whether models can be shown without waiting; "failed" if that is over and none can."""
        if not self._ready.is_set():
            return "starting"
        return "failed" if self._failure else "ready"

    @property
    def not_ready(self) -> str:
        """Why no model can be shown now, in a sentence."""
        return self._failure or "TensorFlow is starting: ask again in some seconds."

    @property
    def problem(self) -> str:
        """What is wrong at this server, in sentences; empty if nothing is."""
        worker = "" if self.settings.redis_url else self.settings.jobs.worker_problem
        failure = self._failure or self.catalogue.problem_of_own()
        folder = self.settings.jobs.problem
        data = self.sets.problem
        return " ".join(filter(None, [failure, data, folder, self._queue_problem, worker]))

    @property
    def is_settled(self) -> bool:
        """Whether all that the start brings with it, trainings and downloads, is queued."""
        return self._submitted.is_set()

    def open(self) -> None:
        """See to it that there is a local worker when there is work, unless the queue is in Redis.

        TensorFlow is started soon even if nobody asks. Raises `HomeError` if nothing can be written.
        """
        self.settings.jobs.require_writable()
        if not self.settings.redis_url:
            self._supervisor = Supervisor(self.settings.jobs, environment(self.settings))
            self._supervisor.start()
        self._start.within(_START_AFTER_SECONDS)

    def close(self) -> None:
        """Take back what `open` announced."""
        self._closed.set()
        if self._supervisor:
            self._supervisor.stop()

    def greet(self) -> None:
        """Have TensorFlow started for a reader who comes: after what can be shown without it."""
        if self._kept.is_empty:
            self._start.now()
        else:
            self._start.within(_OPENING_SECONDS)

    def wait(self) -> None:
        """Start TensorFlow and wait until it can be used, or is known not to."""
        self._start.now()
        self._ready.wait()

    def _start_tensorflow(self) -> None:
        try:
            self.catalogue.check_own()
            self.catalogue.load(self.catalogue.default().key)
        except Exception as error:
            _log.exception("No model can be shown.")
            self._failure = (
                f"No network can be shown, not even the bundled one ({reason(error)}): whoever runs "
                "this server finds the details in its log."
            )
        finally:
            self._ready.set()
        self._submit_in_time()
        self._submitted.set()

    def _submit_in_time(self) -> None:
        """Queue what the start brings with it: later, where that cannot be done now."""
        pause = _FIRST_PAUSE_SECONDS
        while not self._closed.is_set():
            try:
                self._submit_missing()
            except cnn.RunError as error:
                self._queue_problem = str(error)
            except OSError as error:
                self._queue_problem = f"Nothing can be queued now ({reason(error)})."
            except Exception as error:
                _log.exception("What the start brings with it could not be queued.")
                self._queue_problem = (
                    f"Nothing can be queued ({reason(error)}): restart the server."
                )
                return
            else:
                self._queue_problem = ""
                return
            self._closed.wait(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)

    def _submit_missing(self) -> None:
        """Queue what is asked for and not there: the model's training, and MNIST.

        Of several web processes one does it.
        """
        with FileLock(self.settings.jobs.path / "submit.lock"):
            self._submit_model()
            if self.settings.download and self._wants_download():
                self.queue.submit_download()

    def _submit_model(self) -> None:
        path = self.settings.model_path
        if path is not None and not path.exists() and self.training_of(path) is None:
            self.submit_training(
                TrainingConfig(dataset=self.sets.path(self.default_data()), save_to=str(path))
            )

    def _wants_download(self) -> bool:
        """Whether MNIST is missing and nobody fetches it."""
        if datasets.find(datasets.MNIST, self.settings.data_path):
            return False
        download = self.settings.jobs.download()
        if download is None or download.state != "running":
            return True
        return not self._has_worker() and not self.queue.has_waiting()

    def training_of(self, path: Path) -> Run | None:
        """Return the active run whose model is to be saved at `path`, if there is one."""
        statuses = self.statuses()
        for run in [*statuses.running, *statuses.waiting]:
            with suppress(cnn.RunError):
                if run.config.save_to == str(path):
                    return run
        return None

    def submit_training(self, config: TrainingConfig, *, note: Note | None = None) -> Run:
        """Queue a training."""
        return self.queue.submit_training(config, note=note)

    def find_run(self, run_id: str) -> Run | None:
        """Return the run with that id, the bundled one among them; None if there is none."""
        bundled = Run(cnn.pretrained_run())
        if run_id == bundled.id:
            return bundled
        with suppress(cnn.RunError):
            run = self.settings.jobs.run(run_id)
            return run if run.exists else None
        return None

    def statuses(self, runs: Iterable[Run] | None = None) -> Statuses:
        """Return how far some runs are, or all: the newest first and the bundled one last."""
        if runs is None:
            runs = [*self.settings.jobs.runs(), Run(cnn.pretrained_run())]
        return Statuses(runs, lambda: self.queue)

    def resume_training(self, run: Run) -> None:
        """Queue an ended or interrupted run again."""
        self.queue.resume(run)

    def _has_worker(self) -> bool:
        return bool(self.settings.redis_url) or self.settings.jobs.has_worker()

    def default_data(self) -> str:
        """Return the data set that is shown when a link names none."""
        return self.sets.default()[0]

    def default_view(self) -> View:
        """Return what is on the screen when a link says nothing."""
        data, split, index = self.sets.default()
        return View(model=self.catalogue.default().key, data=data, split=split, index=index)

    def dataset(self, view: View) -> cnn.Dataset:
        """Return the data set of the view; `DatasetError` says which this server lacks."""
        return self.sets.load(view.data, view.split)

    def picture(self, view: View) -> Picture:
        """Return the picture of the view, before anything is done to it."""
        data = self.dataset(view) if view.is_sample else None
        return pictures.find(view, data, self.settings.uploads)

    def entry(self, view: View) -> Entry:
        """Return the model of the view, unloaded."""
        return self.catalogue.get(view.model)

    def model(self, view: View) -> keras.Model:
        """Return the model of the view, at its moment, with the changes of its channels.

        Raises what `trained` does, and `LayerError` for channels that the model does not have.
        """
        model = self.trained(view)
        return self._operated_once(model, view) if view.surgery else model

    def model_of_many(self, view: View) -> keras.Model:
        """Return the model of the view for many pictures.

        Its further inputs get nothing that a file has for the one picture that is shown: what they get
        with each is beside `data_of_many`. Raises as `model` does.
        """
        return self.model(self.settled(view).of_no_sample)

    def data_of_many(self, view: View) -> cnn.Dataset:
        """Return the data set of the view, with what further inputs of its model get with each picture.

        What the view gives them wins: of such inputs there is nothing beside the pictures. Raises as
        `inputs` does.
        """
        data = self.dataset(view)
        if not data.beside.arrays:
            return data
        inputs = cnn.models.further_inputs(self.catalogue.load(view.model))
        return data.without_beside(further.named(inputs, view))

    def trained(self, view: View) -> keras.Model:
        """Return the model of the view, loaded, at its moment, as it is fed, with its output first.

        Raises `ModelError` for an output, a range or further inputs that the model does not have, and for
        what its sums cannot be taken for.
        """
        model = self.catalogue.load(view.model, view.epoch)
        if view.range:
            model = self._in_range_once(model, view)
        if view.colours:
            model = self._in_colours_once(model, view)
        if view.output:
            model = self._chosen_once(model, view.output)
        if view.sums:
            model = self._read_once(model, view.sums)
        has_given = view.given or view.also or cnn.models.further_inputs(model)
        return self._given_once(model, view) if has_given else model

    def _with_inputs(self, model: keras.Model, view: View) -> keras.Model:
        inputs = cnn.models.further_inputs(model)
        values = further.values(inputs, view, lambda: self.dataset(view))
        return cnn.models.with_inputs(model, values) if values else model

    def attribution(self, view: View, method: str, target: cnn.Target) -> Attributed:
        """Return what a method says of a target for the picture and the options of the view; kept."""
        return self._attributed_once(view, self.model(view), method, target)

    def taught(self, view: View, *, label: int, rates: tuple[float, ...], layer: str) -> Teaching:
        """Return what steps on the picture did to the model of the view, with a layer's weights in full.

        Raises as `Teachings.of` does.
        """
        view = self.settled(view)
        model, look = self.model(view), self.look(view)
        return self._teachings.of(
            model, look.seen, key=_picture_and_model(view, model), label=label, rates=rates, layer=layer
        )  # fmt: skip

    def has_attribution(self, view: View, method: str, target: cnn.Target) -> bool:
        """Whether that is kept already."""
        kept = self._attributed_once
        return kept.cache_key(view, self.model(view), method, target) in kept.cache

    def keep_attribution(
        self, view: View, method: str, target: cnn.Target, made: Attributed
    ) -> None:
        """Keep what a method says of a target, as if it had been computed here."""
        kept = self._attributed_once
        with self._attributing:
            kept.cache[kept.cache_key(view, self.model(view), method, target)] = made

    def _attributed(
        self, view: View, model: keras.Model, method: str, target: cnn.Target
    ) -> Attributed:
        try:
            options = self.options_of(view, method)
        except cnn.DatasetError as error:
            return error
        return attributed(model, self.look(view).seen, method, target, options)

    def options_of(self, view: View, method: str) -> dict[str, Any]:
        """Return the options of the view for a method, and pictures of its data set where it takes any.

        They are of those that networks are trained on. Raises `DatasetError` where the data set is not
        here.
        """
        pictures = {
            name: self.sets.some(view.data, self.sets.trained_on(view.data, view.split))
            for name, option in METHODS[method].options.items()
            if isinstance(option, Pictures)
        }
        return {**pictures, **view.options_of(method)}

    def inputs(self, view: View) -> tuple[Fed, ...]:
        """Return the further inputs of the model of the view, with what they get.

        Raises as `trained` does, and `DatasetError` where the data set is not here.
        """
        own = cnn.models.further_inputs(self.catalogue.load(view.model))
        return further.fed(own, view, lambda: self.dataset(view)) if own else ()

    def outputs(self, view: View) -> tuple[str, ...]:
        """Return what each output of the model of the view is called, in the model's own order."""
        return output_labels(self.catalogue.load(view.model))

    def forward(self, view: View) -> cnn.ForwardPass:
        """Return all that the model computes of the picture."""
        return self.look(view).passed

    def look(self, view: View) -> Look:
        """Return what the model sees and computes of the picture: one pass, however many ask.

        Who asks for what is being computed waits for that, and for nothing else.
        """
        view = self.settled(view)
        return self._look_once(view, self.model(view))

    def settled(self, view: View) -> View:
        """Return the view with the newest moment of a run that goes on, where it names none."""
        if view.epoch or not view.model.startswith(OF_RUN):
            return view
        run = self.entry(view).run
        return replace(view, epoch=str(run.moments[-1])) if run and run.moments else view

    def look_at(self, view: View, picture: Picture) -> Look:
        """Return the same of a picture that is still moving: nothing of it is kept."""
        view = self.settled(view)
        return self._look_at(view, self.model(view), picture)

    def drift(self, model: keras.Model, run: Run, also: tuple[Moment, ...]) -> pd.DataFrame:
        """Return how far each layer has come, `also` at some moments: see `cnn.drift`."""
        return self._drift_once(model, run, also=also)

    def diagnosis(self, view: View) -> cnn.Diagnosis:
        """Return what is wrong with the model of the view, said over its data set."""
        return self._diagnose_once(self.model_of_many(view), self.data_of_many(view))

    def sweep(self, view: View, make: Callable[[], tuple[Any, Any]]) -> Sweep:
        """Return what the model of the view says over the range of its slider, as far as it is known.

        `make` gives the values and the pictures, where that was not asked before.
        """
        return self._sweep_once(view, self.model(self.settled(view)), make)

    def search(self, view: View, target: int, norm: Norm) -> Search:
        """Return the search for a change of the picture into a class, as far as it has come.

        Raises as `cnn.counterfactual` does, where there is nothing to be searched for.
        """
        return self._search_once(view, self.model(self.settled(view)), target, norm)

    def _search(self, view: View, model: keras.Model, target: int, norm: Norm) -> Search:
        return Search(model, self.look(view).seen, target=target, norm=norm)

    def said(self, view: View, label: int | None) -> picking.Said:
        """Return what the model of the view says of a sample of its data set, or of a class of it."""
        return self._said_once(self.model_of_many(view), self.data_of_many(view), label)

    def kept(
        self, view: View, parts: Sequence[str], what: Sequence[str], make: Callable[[], bytes]
    ) -> bytes | None:
        """Return what `make` gives, which is `what` one who opens a screen is answered.

        It depends on these parts of the view alone. While TensorFlow starts it is what was given
        for the same model and picture before; None if nothing was.
        """
        key = self._kept_key(view, parts, what)
        if self.ready == "starting":
            return self._read_kept(key)
        made = make()
        if key and not self._kept.has(key):
            _afterwards(lambda: self._kept.write(key, made))
        return made

    def _read_kept(self, key: str | None) -> bytes | None:
        """Return what is kept; TensorFlow waits a little more, or no longer."""
        content = self._kept.read(key) if key else None
        if content is None:
            self._start.now()
        else:
            self._start.not_within(_AFTER_KEPT_SECONDS)
        return content

    def kept_json(
        self, view: View, parts: Sequence[str], what: Sequence[str], make: Callable[[], Any]
    ) -> Any:
        """Return the same of what can be written as JSON, figures included, as read from it."""
        content = self.kept(view, parts, what, lambda: to_json_plotly(make()).encode())
        return None if content is None else json.loads(content)

    def _kept_key(self, view: View, parts: Sequence[str], what: Sequence[str]) -> str | None:
        """Return the key of what is kept.

        None for a run, whose model may become another, and for a drawing or an upload, which are
        their reader's.
        """
        sees_picture = not set(parts) <= {*OF_NETWORK, *LOOKS}
        is_own = sees_picture and bool(view.pixels or view.upload)
        if is_own or view.model.startswith(OF_RUN):
            return None
        picture = self.picture(view).pixels.tobytes() if sees_picture else b""
        query = {name: value for name, value in view.to_query().items() if name in parts}
        # What is answered may hold addresses.
        card = self.catalogue.card_key(view.model)
        question = {"view": query, "what": list(what), "base": base(), "card": card}
        return key_of_question(question, picture)

    def _look(self, view: View, model: keras.Model) -> Look:
        return self._look_at(view, model, self.picture(view))

    def _look_at(self, view: View, model: keras.Model, picture: Picture) -> Look:
        fitted = _fitted(picture, model, is_upload=bool(view.upload))
        plain = cnn.perturb(fitted, view.perturbation)
        seen = cnn.fgsm(model, plain, view.epsilon, target=view.target) if view.epsilon else plain
        began = time.perf_counter()
        passed = cnn.forward(model, seen)
        if has_request_context():
            g.forward_milliseconds = 1000 * (time.perf_counter() - began)
        scale, ranges = cnn.scale_of(model), cnn.models.ranges_of(model)
        true = picture.class_in(model)
        inputs = self.inputs(view)
        notes = (*cnn.models.notes(model), *further.notes(inputs))
        unnamed = _of_unnamed(model, picture, true)
        has_card = self.catalogue.has_card(self.entry(view))
        card = cnn.models.card_of(model)
        kept_sums = card.kept_sums.get(passed.prediction.head.last, "")
        in_training = cnn.captions.called_in_training(cnn.layer_infos(model))
        return Look(
            fitted, plain, seen, passed, scale, ranges, notes, true, inputs, unnamed, has_card,
            card.kept_range, kept_sums, in_training,
        )  # fmt: skip


def _afterwards(do: Callable[[], Any]) -> None:
    """Do something when the request has its answer; at once, where there is none."""
    if not has_request_context():
        do()
        return

    @after_this_request
    def _(response: Response) -> Response:
        response.call_on_close(do)
        return response


def _of_unnamed(model: keras.Model, picture: Picture, true: int | None) -> str:
    """Return what is to be known of as many outputs without names as the picture's set has classes."""
    if names_classes(model):
        return ""
    wrong = miscounted(model)
    if true is not None:
        return " ".join(filter(None, [wrong, cnn.captions.assumed(len(picture.classes))]))
    has_as_many = len(cnn.class_names(model)) == len(picture.classes)
    return wrong or (cnn.captions.unnamed() if has_as_many else "")


def _fitted(picture: Picture, model: keras.Model, *, is_upload: bool) -> NDArray[np.uint8]:
    pixels = picture.pixels
    height, width = cnn.size_for(model, *pixels.shape[:2])
    if is_upload:
        pixels = cnn.images.crop(pixels, height, width)
    channels, colours = cnn.models.input_shape(model)[2], cnn.models.card_of(model).colours
    return cnn.images.fit(pixels, height, width, channels, colours)


def _picture_and_model(view: View, model: keras.Model) -> Hashable:
    # Under the address of a moment another model may come, when a run is trained again.
    return view.picture, weakref.ref(model)


def _picture_and_range(
    view: View, model: keras.Model, _make: Callable[[], tuple[Any, Any]]
) -> Hashable:
    return view.over, _picture_and_model(view, model)


def _picture_and_class(view: View, model: keras.Model, target: int, norm: Norm) -> Hashable:
    return _picture_and_model(view, model), target, norm


def _operated(model: keras.Model, view: View) -> keras.Model:
    return cnn.models.operated(model, view.operations)


def _room_for(network: keras.Model) -> int:
    return _SMALL_ONES if is_large(network) else 1


def _model_and_output(model: keras.Model, chosen: int | Aim) -> Hashable:
    return weakref.ref(model), chosen


def _model_and_operations(model: keras.Model, view: View) -> Hashable:
    return weakref.ref(model), view.surgery


def _in_range(model: keras.Model, view: View) -> keras.Model:
    return cnn.models.in_range(model, view.range)


def _in_colours(model: keras.Model, view: View) -> keras.Model:
    return cnn.models.in_colours(model, view.red_green_blue)


def _model_and_colours(model: keras.Model, view: View) -> Hashable:
    return weakref.ref(model), view.colours


def _model_and_range(model: keras.Model, view: View) -> Hashable:
    return weakref.ref(model), view.range


def _model_and_given(model: keras.Model, view: View) -> Hashable:
    # Somebody's own files may have something for each of their pictures.
    place = view.index if view.is_sample and view.data.startswith(OWN) else None
    return weakref.ref(model), view.given, view.also, view.data, view.split, place


def _moments_of_run(_model: keras.Model, run: Run, *, also: tuple[Moment, ...]) -> Hashable:
    return run.path, run.moments, also


def _model_and_data(model: keras.Model, data: cnn.Dataset) -> tuple[Hashable, ...]:
    # The model is another where the view gives its further inputs something, in place of the data's.
    return weakref.ref(model), data.name, data.split, data.key


def _map_of_picture(view: View, model: keras.Model, method: str, target: cnn.Target) -> Hashable:
    options = frozenset(view.options_of(method).items())
    return _picture_and_model(view, model), view.data, view.split, method, target, options


def _model_and_class(model: keras.Model, data: cnn.Dataset, label: int | None) -> Hashable:
    return _model_and_data(model, data), label


def _size_to_keep(look: Look) -> int:
    # One that is larger than all room there is has it all: panel and page share every pass.
    return min(look.nbytes, _MOST_LOOK_BYTES)


def install(server: object, runtime: Runtime) -> None:
    """Make `runtime` the one that `current()` returns within requests of the Flask `server`."""
    server.extensions[_EXTENSION] = runtime  # type: ignore[attr-defined]


def current() -> Runtime:
    """Return the runtime of the application that serves this request."""
    runtime: Runtime = current_app.extensions[_EXTENSION]
    return runtime
