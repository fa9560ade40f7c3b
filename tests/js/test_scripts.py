"""The parts of the scripts that need no page, run by Node.js."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cnn.models.losses import AIMS
from dashboard.state.view import View, rules
from tests.js.field_cases import field_cases

HERE = Path(__file__).parent
VIEWS = [
    View(model=model, output=output, sums=sums, surgery=surgery, index=7)
    for model in ("abc", "run:one")
    for output in (0, 2)
    for sums in ("", *AIMS)
    for surgery in ("", "conv2d:3*0", "a%3Ab:0*1+0.5;conv2d:3*0,7*0.5")
]


def test_the_pure_parts_of_the_scripts(tmp_path):
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        pytest.skip("Node.js is not installed (apt-get install nodejs)")
    tests = sorted(str(path) for path in HERE.glob("*.test.js"))
    cases = tmp_path / "fields.json"
    cases.write_text(json.dumps(field_cases()), encoding="utf-8")
    environment = {
        **os.environ, "VIEW_RULES": json.dumps(rules({})), "FIELD_CASES": str(cases),
        "NETWORKS": json.dumps([[view.to_query(), view.network] for view in VIEWS]),
    }  # fmt: skip
    done = subprocess.run(
        [node, "--test", *tests], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout
    assert re.search("# pass [1-9]", done.stdout), done.stdout
