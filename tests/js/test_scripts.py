"""The parts of the scripts that need no page, run by Node.js."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dashboard.state.view import rules
from tests.js.field_cases import field_cases

HERE = Path(__file__).parent


def test_the_pure_parts_of_the_scripts(tmp_path):
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        pytest.skip("Node.js is not installed (apt-get install nodejs)")
    tests = sorted(str(path) for path in HERE.glob("*.test.js"))
    cases = tmp_path / "fields.json"
    cases.write_text(json.dumps(field_cases()), encoding="utf-8")
    environment = {**os.environ, "VIEW_RULES": json.dumps(rules({})), "FIELD_CASES": str(cases)}
    done = subprocess.run(
        [node, "--test", *tests], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout
    assert re.search("# pass [1-9]", done.stdout), done.stdout
