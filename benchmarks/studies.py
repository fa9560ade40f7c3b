"""How long it takes to evaluate what a change of channels costs, over many pictures."""

from __future__ import annotations

import cnn
from benchmarks.row import Row, milliseconds

_PICTURES = 1000
_CHANGES = {"conv2d": {3: 0.0}}


def studies() -> list[Row]:
    """1,000 pictures before and after a change, against one pass of the whole network over them."""
    model = cnn.load_model()
    digits = cnn.load_dataset("digits")
    pictures, labels = digits.images[:_PICTURES], digits.labels[:_PICTURES]

    def evaluate() -> None:
        cnn.evaluate_ablation(model, _CHANGES, pictures, labels)

    ours = milliseconds(evaluate, times=10, warm_up=1)
    one = milliseconds(lambda: cnn.batch_probabilities(model, pictures), times=10, warm_up=1)
    what = f"{_PICTURES:,} pictures before and after a channel is switched off"
    return [Row(what, ours / 1000, "s", "one pass over them", one / 1000, "≤ 1 s")]
