"""`python -m benchmarks.bare_fit <data directory> [<run> [gradients]]`: seconds of each epoch with Keras.

The pictures, the network and the optimiser are those of a run of the project. Nothing is recorded, or,
where a folder is named, `cnn.RunRecorder` writes a run there, with norms of gradients where that is said.
The last line has how many pictures it trained on, and the seconds of each epoch, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import keras

import cnn
from cnn.runs.configuration import TrainingConfig, optimizer
from cnn.training import feeding

_EPOCHS = 6


class _Clock(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._began = 0.0

    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(time.monotonic() - self._began)


def main(data: Path, run: str = "", also: str = "") -> None:
    config = TrainingConfig(epochs=_EPOCHS, augment=False)
    pictures, _ = feeding.split(cnn.load_dataset("mnist", "train", data_dir=data), config)
    steps = feeding.steps_per_epoch(pictures, config)
    model = cnn.build_classifier(seed=0)
    model.compile(
        optimizer(config, steps), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    clock = _Clock()
    batches = feeding.batches(pictures, config, 0)
    recorder = [cnn.RunRecorder(run, gradients=also == "gradients")] if run else []
    model.fit(
        batches, epochs=_EPOCHS, steps_per_epoch=steps, shuffle=False, verbose=0,
        callbacks=[*recorder, clock],
    )  # fmt: skip
    print(json.dumps({"pictures": len(pictures), "seconds": clock.seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
