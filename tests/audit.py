"""Known faults of the pinned packages: `python -m tests.audit`, which needs a database on the network.

pip-audit takes a package that its database does not answer for as one without faults. Where it answers
for none, nothing was looked for, and that is said.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"
_SECONDS = "20"


def main() -> int:
    """Print what is known of the pinned packages; 1 if one has a fault."""
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(CONSTRAINTS), "--no-deps",
        "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", _SECONDS,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    sentence, has_fault = judged(done.stdout, done.stderr)
    print(sentence)
    return int(has_fault)


def judged(told: str, errors: str) -> tuple[str, bool]:
    """Return what pip-audit told, as JSON or else as errors, in words, and whether there is a fault."""
    try:
        packages: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except ValueError:
        reason = errors.strip().splitlines()[-1:] or ["pip-audit said nothing"]
        return f"pip-audit: nothing was looked for: {reason[0]}", False
    looked_at = [package for package in packages if "vulns" in package]
    if not looked_at:
        reason = packages[0]["skip_reason"] if packages else "no package is pinned"
        return f"pip-audit: its database was not reached, nothing was looked for: {reason}", False
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in "
        f"{', '.join(fault['fix_versions']) or 'no version'}"
        for package in looked_at
        for fault in package["vulns"]
    ]
    left = len(packages) - len(looked_at)
    counts = f"pip-audit: {len(looked_at)} packages looked at, {left} unknown to its database"
    return "\n".join([f"{counts}, {len(faults)} faults.", *faults]), bool(faults)


if __name__ == "__main__":
    sys.exit(main())
