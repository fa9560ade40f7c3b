"""The range of numbers that a setting may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The numbers that a setting may be: from `low`, or with `above` more than it, to `high`."""

    low: float
    high: float
    is_whole: bool = True
    above: bool = False

    @property
    def words(self) -> str:
        """What is accepted, for a sentence: "a whole number from 1 to 6"."""
        low, high = _plain(self.low), _plain(self.high)
        kind = "a whole number" if self.is_whole else "a number"
        return f"{kind} above {low}, up to {high}" if self.above else f"{kind} from {low} to {high}"

    def accept(self, value: object) -> bool:
        """Whether the value is a number, and one of these."""
        if type(value) is not int and (self.is_whole or type(value) is not float):
            return False
        return bool(self.low <= value <= self.high) and not (self.above and value == self.low)

    def times(self, factor: float) -> Limits:
        """Return the same limits in a unit that is `factor` times smaller, such as percent."""
        return Limits(factor * self.low, factor * self.high, self.is_whole, self.above)


def _plain(number: float) -> str:
    return f"{number:.0f}" if number == int(number) else f"{number:g}"
