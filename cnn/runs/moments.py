"""Moments of a training: the start, some batches of the first epoch, and the end of every epoch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cnn.errors import RunError

PATTERN = r"[0-9]{1,4}(?:-[0-9]{1,7})?"


@dataclass(frozen=True, order=True)
class Moment:
    """So many whole epochs, and so many batches of the next one. 0 and 0 is the start."""

    epoch: int
    batch: int = 0

    @classmethod
    def parse(cls, text: str) -> Moment:
        """Return the moment that `str` gives as `text`: "3", or "0-16" within the first epoch."""
        if not re.fullmatch(PATTERN, text):
            raise RunError(
                f"{text!r} is no moment of a training: give one such as 3 (after epoch 3) or "
                "0-16 (epoch 1, after 16 steps)."
            )
        epoch, _, batch = text.partition("-")
        return cls(int(epoch), int(batch or 0))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.batch}" if self.batch else str(self.epoch)

    @property
    def description(self) -> str:
        """The moment in words."""
        if not self.batch:
            return f"after epoch {self.epoch}" if self.epoch else "before the first step"
        steps = "step" if self.batch == 1 else "steps"
        return f"epoch {self.epoch + 1}, after {self.batch} {steps}"

    @property
    def stem(self) -> str:
        """The name of its file, without the suffix; names sort as the moments do."""
        return f"{self.epoch:04d}-{self.batch:07d}" if self.batch else f"{self.epoch:04d}"


def within_first_epoch(batches: int) -> frozenset[int]:
    """Return after how many batches of the first epoch the weights are kept: 1, 2, 4, 8, …"""
    return frozenset(1 << power for power in range(batches.bit_length()) if 1 << power < batches)
