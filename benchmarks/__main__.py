"""`python -m benchmarks` measures everything and prints the table of the README."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import (
    arithmetic,
    attribution,
    browsing,
    computing,
    drawing,
    large,
    listing,
    machine,
    opening,
    scrolling,
    scrubbing,
    studies,
    switching,
    training,
)
from benchmarks.row import Row, table

BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "passes": computing.passes,
    "start": browsing.start,
    "digits": browsing.digits,
    "drawing": drawing.drawing,
    "scrubbing": scrubbing.scrubbing,
    "arithmetic": arithmetic.arithmetic,
    "attribution": attribution.attribution,
    "resnet": attribution.resnet,
    "switching": switching.switching,
    "large": large.large,
    "scrolling": scrolling.scrolling,
    "studies": studies.studies,
    "training": training.training,
    "recording": training.recording,
    "listing": listing.listing,
    "opening": opening.opening,
    "bytes": browsing.first_visit,
    "memory": browsing.memory,
}


def main(names: list[str]) -> None:
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}: choose of {', '.join(BENCHMARKS)}.")
    rows = []
    for name in names or BENCHMARKS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        measured = BENCHMARKS[name]()
        print(table(measured), file=sys.stderr, flush=True)
        rows += measured
    print(f"{table(rows)}\n\n{machine.speed()}")


main(sys.argv[1:])
