"""Known faults of the pinned packages: `python -m tests.audit`, which needs a database on the network.

pip-audit takes a package that its database does not answer for as one without faults. Where it answers
for none, nothing was looked for, and that is said. A fault that is none here is explained in
`pyproject.toml`, in `[tool.audit.explained]`: its name, and why.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
_SECONDS = "20"


def main() -> int:
    """Print what is known of the pinned packages; 1 if one has a fault that is not explained."""
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(CONSTRAINTS), "--no-deps",
        "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", _SECONDS,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    sentence, has_fault = judged(done.stdout, done.stderr, explained())
    print(sentence)
    return int(has_fault)


def explained() -> dict[str, str]:
    """Return why faults are none here, by their names."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    why: dict[str, str] = settings["tool"]["audit"]["explained"]
    return why


def judged(told: str, errors: str, why: Mapping[str, str]) -> tuple[str, bool]:
    """Return what pip-audit told, as JSON or else as errors, in words.

    And whether there is a fault that nothing explains: `why` it is none, by one of its names.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except ValueError:
        reason = errors.strip().splitlines()[-1:] or ["pip-audit said nothing"]
        return f"pip-audit: nothing was looked for: {reason[0]}", False
    looked_at = [package for package in packages if "vulns" in package]
    if not looked_at:
        reason = packages[0]["skip_reason"] if packages else "no package is pinned"
        return f"pip-audit: its database was not reached, nothing was looked for: {reason}", False
    faults = [(package, fault) for package in looked_at for fault in package["vulns"]]
    reasons = [_reason(fault, why) for _, fault in faults]
    left = len(packages) - len(looked_at)
    counts = f"pip-audit: {len(looked_at)} packages looked at, {left} unknown to its database"
    told_of = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in "
        f"{', '.join(fault['fix_versions']) or 'no version'}{reason and f'; no fault here: {reason}'}"
        for (package, fault), reason in zip(faults, reasons, strict=True)
    ]
    return "\n".join([f"{counts}, {len(faults)} faults.", *told_of]), not all(reasons)


def _reason(fault: Mapping[str, Any], why: Mapping[str, str]) -> str:
    """Return why a fault is none here, "" where nothing says so."""
    names = (fault["id"], *fault.get("aliases", ()))
    return next((why[name] for name in names if why.get(name)), "")


if __name__ == "__main__":
    sys.exit(main())
