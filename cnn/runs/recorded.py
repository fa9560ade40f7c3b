"""What is known of a training that another program did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

FILE = "recorded.json"
# Settings that say what a curve is of, where a name of Keras does not.
LOSS, ACCURACY = "loss drawn", "accuracy drawn"


@dataclass(frozen=True)
class Recorded:
    """Who wrote the run, how many epochs were planned (0: nobody knows), and what else is known.

    `settings` has it in words, by the name under which it is shown.
    """

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    by: Literal["callback", "import"] = "callback"
    epochs: Annotated[int, Field(ge=0)] = 0
    settings: dict[str, str] = field(default_factory=dict)
