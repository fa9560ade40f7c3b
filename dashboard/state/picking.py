"""Where the reader is among the pictures of a data set: which of them, in which order, which page.

As text it is the class, the class that the network says, the order and the page, with commas between:
",,wrong,2" is the third page of all pictures, the wrong ones first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Order = Literal["stored", "wrong"]
_FORM = r"([0-9]{1,5})?,([0-9]{1,5})?,(stored|wrong),([0-9]{1,7})"


@dataclass(frozen=True)
class Place:
    """Pictures of the class `label` that the network takes for `said` (None: any), and the page."""

    label: int | None = None
    said: int | None = None
    order: Order = "stored"
    page: int = 0

    @property
    def asks_network(self) -> bool:
        """Whether it depends on what the network says which pictures these are."""
        return self.said is not None or self.order == "wrong"


def decode(text: str) -> Place:
    """Return the place in the text; `ValueError` if it is none."""
    found = re.fullmatch(_FORM, text)
    if found is None:
        raise ValueError("no place among pictures")
    label, said = (None if one is None else int(one) for one in found.group(1, 2))
    return Place(label, said, "wrong" if found[3] == "wrong" else "stored", int(found[4]))
