"""What a measure says of a map: it passes, it fails, or nothing can be concluded."""

from __future__ import annotations

from typing import Literal

Mark = Literal["pass", "inconclusive", "fail"]
PASS: Mark = "pass"
INCONCLUSIVE: Mark = "inconclusive"
FAIL: Mark = "fail"
