"""What to train: the network, the data, and the settings of the optimisation."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from cnn.data.sizing import LARGEST
from cnn.errors import RunError
from cnn.models.architecture import Architecture
from cnn.models.opening import SUFFIXES
from cnn.ranges import Limits
from cnn.settings import require_accepted, setting, settings_of

if TYPE_CHECKING:
    import keras

Optimizer = Literal["adam", "adamw", "rmsprop", "momentum", "sgd"]
Schedule = Literal["cosine", "constant", "steps", "warmup"]
Order = Literal["shuffled", "stored", "by_class"]
DATA = "Data"
OPTIMISATION = "Optimisation"
_ALWAYS_TOLD = ("dataset", "epochs", "batch_size", "learning_rate", "seed")
_MOMENTUM = 0.9
_WARM_SHARE = 0.1


@dataclass(frozen=True)
class TrainingConfig:
    """What to train; values of another type or out of range raise `RunError`.

    With a `size` pictures are brought to squares of that side; with 0 those of one size stay as they are,
    unless they are large, and `cnn.data.sizing` says what becomes of others. A twelfth of the training
    split is held out as validation data; `share` of the rest is trained
    on, and `wrong_labels` of that gets a wrong class. The learning rate falls to zero along a
    cosine, stays, is divided by ten after half and after three quarters of the training, or rises
    over its first tenth and then falls along a cosine. With a `patience` above 0 the training ends
    when the validation loss was not the lowest for so many epochs. `save_to` is in no group: it
    changes nothing in what is trained.
    """

    dataset: str = setting(
        "mnist", DATA, "Data", "mnist, fashion_mnist, cifar10, digits, or a path", option="data"
    )
    size: int = setting(
        0, DATA, "Picture side",
        f"Pixels on a side to which pictures are brought; 0: as they are, up to {LARGEST}",
        Limits(0, 512),
    )  # fmt: skip
    share: float = setting(
        1.0,
        DATA,
        "Share",
        "Of the training pictures",
        Limits(0, 1, is_whole=False, above=True),
        is_share=True,
    )
    order: Order = setting(
        "shuffled", DATA, "Order", "How the pictures follow each other in an epoch",
        choices=get_args(Order), words={"stored": "as stored", "by_class": "class after class"},
    )  # fmt: skip
    wrong_labels: float = setting(
        0.0,
        DATA,
        "Wrong labels",
        "Share of wrong classes",
        Limits(0, 1, is_whole=False),
        is_share=True,
    )
    flagged_ones: int = setting(
        0, DATA, "Ones with a flag",
        "Drawn ones as much of Europe writes them, added to pictures of digits", Limits(0, 60_000),
    )  # fmt: skip
    augment: bool = setting(
        True, DATA, "Vary the pictures", "Turn, shift, zoom, thicken and blur pictures at random"
    )
    optimizer: Optimizer = setting(
        "adam", OPTIMISATION, "Optimiser", "Rule by which gradients change the weights",
        choices=get_args(Optimizer), words={
            "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop",
            "momentum": "SGD with momentum", "sgd": "SGD",
        },
    )  # fmt: skip
    learning_rate: float = setting(
        0.001, OPTIMISATION, "Learning rate", "Size of the steps at the start",
        Limits(0, 100, is_whole=False, above=True),
    )  # fmt: skip
    schedule: Schedule = setting(
        "cosine", OPTIMISATION, "Schedule", "How the learning rate changes",
        choices=get_args(Schedule), words={"steps": "÷ 10 in two steps", "warmup": "warm-up, cosine"},
    )  # fmt: skip
    batch_size: int = setting(128, OPTIMISATION, "Batch size", "Pictures per step", Limits(1, 8192))
    epochs: int = setting(5, OPTIMISATION, "Epochs", "Passes over the data", Limits(1, 1000))
    patience: int = setting(
        0, OPTIMISATION, "Patience", "Epochs without progress before it ends; 0: all",
        Limits(0, 1000),
    )  # fmt: skip
    seed: int = setting(
        0, OPTIMISATION, "Seed", "Of weights, order and variations", Limits(0, 2**31 - 1)
    )
    deterministic: bool = setting(
        False, OPTIMISATION, "Deterministic",
        "The same to every bit each time, with as many threads; up to a third slower",
    )  # fmt: skip
    save_to: str = setting("", "", "Saved as", "Also save the model here")
    architecture: Architecture = field(default_factory=Architecture)

    def __post_init__(self) -> None:
        """Refuse what cannot be trained, with the accepted range."""
        require_accepted(self)
        if type(self.architecture) is not Architecture:
            raise RunError("architecture is no Architecture: give one, or leave it out.")
        if self.save_to and Path(self.save_to).suffix not in SUFFIXES:
            raise RunError(
                f"A model cannot be saved as {self.save_to}: the name must end in .keras or .h5."
            )

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> TrainingConfig:
        """Return the config that `to_json` wrote; `TypeError` for what is none."""
        given = {**raw}
        return cls(**{**given, "architecture": Architecture(**given.pop("architecture", {}))})

    def to_json(self) -> dict[str, Any]:
        """Return the config as what JSON can hold."""
        return asdict(self)

    def flat(self) -> dict[str, Any]:
        """Return every setting by name, those of the network among them."""
        raw = asdict(self)
        return {**raw.pop("architecture"), **raw}

    @classmethod
    def from_flat(cls, values: dict[str, Any]) -> TrainingConfig:
        """Return the config with these settings by name, those of the network among them.

        Raises `RunError` for a value out of range.
        """
        of_network = {f.name for f in fields(Architecture)}
        network = {name: value for name, value in values.items() if name in of_network}
        rest = {name: value for name, value in values.items() if name not in of_network}
        return cls(**rest, architecture=Architecture(**network))

    def notable(self) -> dict[str, Any]:
        """Return by name the settings by which a training is known, then those not as usual."""
        values = self.flat()
        unusual = [name for name, known in SETTINGS.items() if values[name] != known.default]
        return {name: values[name] for name in (*_ALWAYS_TOLD, *unusual)}

    def command(self) -> str:
        """Return the command line that trains the same thing."""
        words = ["cnn-dashboard", "train"]
        for name, value in self.notable().items():
            flag = SETTINGS[name].flag
            if isinstance(value, bool):
                words.append(flag if value else flag.replace("--", "--no-", 1))
            else:
                words += [flag, str(value)]
        return shlex.join(words)


_FIELDS = settings_of(Architecture) | settings_of(TrainingConfig)
SETTINGS = {name: known for name, known in _FIELDS.items() if known.group}


def differences(configs: list[TrainingConfig]) -> dict[str, list[Any]]:
    """Return the settings that are not the same in all configs: their values by name."""
    tables = [config.flat() for config in configs]
    values = {name: [table[name] for table in tables] for name in SETTINGS}
    return {name: given for name, given in values.items() if len(set(given)) > 1}


def optimizer(config: TrainingConfig, batches: int) -> keras.Optimizer:
    """Return the optimiser of the config, with its schedule over `batches` per epoch."""
    from keras import optimizers

    rate = _schedule(config, config.epochs * batches)
    kinds = {
        "adam": optimizers.Adam,
        "adamw": optimizers.AdamW,
        "rmsprop": optimizers.RMSprop,
        "momentum": lambda rate: optimizers.SGD(rate, momentum=_MOMENTUM),
        "sgd": optimizers.SGD,
    }
    return kinds[config.optimizer](rate)


def _schedule(config: TrainingConfig, steps: int) -> Any:
    from keras.optimizers import schedules

    rate = config.learning_rate
    if config.schedule == "constant":
        return rate
    if config.schedule == "steps":
        return schedules.PiecewiseConstantDecay(
            [steps // 2, 3 * steps // 4], [rate, rate / 10, rate / 100]
        )
    if config.schedule == "cosine":
        return schedules.CosineDecay(rate, steps)
    warm = round(_WARM_SHARE * steps)
    return schedules.CosineDecay(0.0, steps - warm, warmup_target=rate, warmup_steps=warm)
