"""The wheel, installed into an empty environment and used from another folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
from pathlib import Path

import pytest

from tests.browser.server import free_port

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The scripts folder of an environment with our wheel; dependencies come from this one."""
    base = tmp_path_factory.mktemp("package")
    run = {"cwd": ROOT, "check": True, "capture_output": True}
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(base)]
    subprocess.run(build, **run)
    (wheel,) = base.glob("*.whl")
    venv.create(base / "env", with_pip=False, symlinks=True)
    python = base / "env" / "bin" / "python"
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*install, str(wheel)], **run)
    (packages,) = (base / "env" / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python.parent


def outside(installed: Path, tmp_path: Path, **variables: str) -> dict:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return {
        "cwd": tmp_path,
        "env": {**environment, "CNN_HOME": str(tmp_path / "home"), **variables},
    }


def test_the_library_is_the_installed_one_and_has_its_classifier(installed, tmp_path):
    code = (
        "import cnn, dashboard, pages\n"
        "print(cnn.__file__, dashboard.__file__, pages.__file__)\n"
        "d = cnn.load_dataset('digits')\n"
        "run = cnn.Run(cnn.pretrained_run())\n"
        "print(cnn.predict(cnn.load_model(), d[0].pixels).label, len(run.moments))"
    )
    done = subprocess.run(
        [installed / "python", "-c", code], capture_output=True, text=True, check=True,
        **outside(installed, tmp_path),
    )  # fmt: skip
    where, said = done.stdout.strip().splitlines()
    assert all(path.startswith(str(installed.parent)) for path in where.split())
    assert said == "0 34"


def test_serve_works_from_another_folder_with_pages_and_assets(installed, tmp_path):
    port = free_port()
    log = (tmp_path / "log").open("wb")
    server = subprocess.Popen(
        [installed / "cnn-dashboard", "serve", "--port", str(port), "--no-download"],
        stdout=log, stderr=log, **outside(installed, tmp_path),
    )  # fmt: skip
    try:
        page = fetch(f"http://127.0.0.1:{port}/filters", server, tmp_path / "log")
        assert "CNN Visualizer" in page
        for kind in ("js", "css"):
            address = re.search(rf"/package/assets-{kind}-\w+", page)[0]
            served = fetch(f"http://127.0.0.1:{port}{address}", server, tmp_path / "log")
            for path in (ROOT / "assets").rglob(f"*.{kind}"):
                assert path.read_text(encoding="utf-8") in served
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def fetch(address: str, server: subprocess.Popen, log: Path) -> str:
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            assert server.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.1)
