"""What to train: the network, the data, and the settings of the optimisation."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cnn.errors import RunError
from cnn.models.architecture import Architecture
from cnn.models.loading import SUFFIXES
from cnn.ranges import Limits, require_choice, require_numbers, require_switch, require_text

if TYPE_CHECKING:
    import keras

Optimizer = Literal["adam", "adamw", "rmsprop", "momentum", "sgd"]
Schedule = Literal["cosine", "constant", "steps", "warmup"]
Order = Literal["shuffled", "stored", "by_class"]
OPTIMIZERS: tuple[Optimizer, ...] = ("adam", "adamw", "rmsprop", "momentum", "sgd")
SCHEDULES: tuple[Schedule, ...] = ("cosine", "constant", "steps", "warmup")
ORDERS: tuple[Order, ...] = ("shuffled", "stored", "by_class")
LIMITS = {
    "epochs": Limits(1, 1000),
    "batch_size": Limits(1, 8192),
    "learning_rate": Limits(0, 100, is_whole=False, above=True),
    "seed": Limits(0, 2**31 - 1),
    "patience": Limits(0, 1000),
    "share": Limits(0, 1, is_whole=False, above=True),
    "wrong_labels": Limits(0, 1, is_whole=False),
    "flagged_ones": Limits(0, 60_000),
}
_MOMENTUM = 0.9
_WARM_SHARE = 0.1
# As long as a path may be.
_MOST_LETTERS = 4096


@dataclass(frozen=True)
class TrainingConfig:
    """What to train; values of another type or out of range raise `RunError`.

    A twelfth of the training split is held out as validation data; `share` of the rest is trained
    on, and `wrong_labels` of that gets a wrong class. To pictures of the ten digits, `flagged_ones`
    drawn ones with a flag and no foot are added. Each epoch sees the pictures in a new order,
    in the stored one, or class after class. The learning rate falls to zero along a cosine, stays,
    is divided by ten after half and after three quarters of the training, or rises over its first
    tenth and then falls along a cosine. With a `patience` above 0 the training ends when the
    validation loss was not the lowest for so many epochs. `deterministic` lets TensorFlow use only
    operations that give the same result each time, which is slower.
    """

    dataset: str = "mnist"
    epochs: int = 5
    batch_size: int = 128
    learning_rate: float = 0.001
    augment: bool = True
    seed: int = 0
    save_to: str = ""
    optimizer: Optimizer = "adam"
    schedule: Schedule = "cosine"
    patience: int = 0
    share: float = 1.0
    order: Order = "shuffled"
    wrong_labels: float = 0.0
    flagged_ones: int = 0
    deterministic: bool = False
    architecture: Architecture = field(default_factory=Architecture)

    def __post_init__(self) -> None:
        """Refuse what cannot be trained, with the accepted range."""
        require_numbers(self, LIMITS)
        require_choice(self, optimizer=OPTIMIZERS, schedule=SCHEDULES, order=ORDERS)
        require_switch(self, "augment", "deterministic")
        require_text(self, dataset=_MOST_LETTERS, save_to=_MOST_LETTERS)
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

    def command(self) -> str:
        """Return the command line that trains the same thing."""
        standard = TrainingConfig().flat()
        words = ["cnn-dashboard", "train", "--dataset", self.dataset]
        for name, value in self.flat().items():
            always = name in ("epochs", "batch_size", "learning_rate", "seed")
            if name in ("dataset", "save_to") or (value == standard[name] and not always):
                continue
            flag = name.replace("_", "-")
            if isinstance(value, bool):
                words.append(f"--{flag}" if value else f"--no-{flag}")
            else:
                words += [f"--{flag}", str(value)]
        return shlex.join(words)


def differences(configs: list[TrainingConfig]) -> dict[str, list[Any]]:
    """Return the settings that are not the same in all configs: their values by name."""
    tables = [config.flat() for config in configs]
    names = [name for name in tables[0] if name != "save_to"] if tables else []
    values = {name: [table[name] for table in tables] for name in names}
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
