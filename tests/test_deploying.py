"""What `docs/deploy` gives to operators: linted, and run as far as this machine can."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from dashboard.cli import app
from dashboard.settings import Settings, env_name
from tests.browser.server import free_port, stop_worker
from tests.cnn.jobs.test_jobs import wait_until
from tests.conftest import ROOT
from tests.dashboard.nginx import needs_nginx, shipped

DEPLOY = ROOT / "docs" / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
SCRIPTS = Path(sys.executable).parent
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def ran(*command, **options):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, **options)


def exec_start(unit):
    """The command of a unit, with the program of this environment."""
    line = re.search(r"^ExecStart=(.*)$", (DEPLOY / "systemd" / unit).read_text(), re.M)[1]
    program, *arguments = shlex.split(line)
    assert Path(program).parent == Path("/opt/cnn/bin")
    return [str(SCRIPTS / Path(program).name), *arguments]


def variables(text):
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.M))


@pytest.fixture
def environment(tmp_path):
    """That of the units, with a folder and a port of this test."""
    told = variables((DEPLOY / "systemd" / "cnn-dashboard.env").read_text())
    own = {"CNN_HOME": str(tmp_path), "CNN_DATA_DIR": str(tmp_path), "PORT": str(free_port())}
    assert own.keys() <= told.keys()
    return {**os.environ, **told, **own, "CNN_DOWNLOAD": "false"}


@pytest.fixture
def started(tmp_path):
    """Start a command and end it with the test; what it writes is in `log`."""
    processes = []

    def start(command, environment):
        with (tmp_path / "log").open("ab") as log:
            processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        return processes[-1]

    yield start
    for process in processes:
        process.terminate()
        process.wait(30)
    stop_worker(tmp_path)


def test_hadolint_finds_nothing_in_the_dockerfile():
    done = ran(SCRIPTS / "hadolint", DEPLOY / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_gets_what_the_package_is_built_of():
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    taken = {name.removeprefix("!") for name in ignored if name.startswith("!")}
    assert all((ROOT / name).exists() for name in taken)
    assert {"pyproject.toml", "constraints.txt", "cnn", "dashboard", "pages", "assets"} <= taken


def test_the_compose_file_follows_the_schema():
    done = ran(
        SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec",
        DEPLOY / "compose.yaml",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_commands_and_settings_are_those_of_the_program():
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    known = {env_name(name) for name in Settings.model_fields}
    compose = (DEPLOY / "compose.yaml").read_text()
    image = json.loads(re.search(r"^CMD (.*)$", DOCKERFILE, re.M)[1])
    worker = json.loads(re.search(r'^    command: (\["cnn-dashboard".*)$', compose, re.M)[1])
    named = [image, worker, *(exec_start(unit.name) for unit in UNITS)]
    assert {command[1] for command in named} == {"serve", "worker"} <= commands
    set_there = {*re.findall(r"\b((?:CNN_[A-Z_]+|HOST|PORT)):? ?[=:]", DOCKERFILE + compose)}
    set_there |= variables((DEPLOY / "systemd" / "cnn-dashboard.env").read_text()).keys()
    assert {"CNN_HOME", "CNN_REDIS_URL", "PORT"} <= set_there <= known


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is not on this machine (sudo apt-get install systemd)",
)
def test_systemd_finds_nothing_in_the_units(tmp_path):
    for unit in UNITS:
        text = unit.read_text().replace("/opt/cnn/bin", str(SCRIPTS))
        (tmp_path / unit.name).write_text(text)
    done = ran("systemd-analyze", "verify", *(tmp_path / unit.name for unit in UNITS))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("prefix", ["/", "/cnn/"])
def test_the_unit_of_the_server_serves_and_the_health_check_of_the_image_sees_it(
    prefix, environment, started
):
    environment |= {"CNN_PREFIX": prefix}
    check = json.loads(re.search(r"^HEALTHCHECK .*?CMD (\[.*)$", DOCKERFILE, re.M)[1])
    check[0] = sys.executable
    assert ran(*check, env=environment).returncode != 0
    started(exec_start("cnn-dashboard.service"), environment)
    wait_until(lambda: ran(*check, env=environment).returncode == 0)


def test_the_unit_of_the_worker_works(environment, started, tmp_path):
    from cnn import TrainingConfig
    from cnn.jobs import Home, Queue

    queue = Queue(Home(tmp_path, tmp_path))
    run = queue.submit_training(TrainingConfig("digits", epochs=1, share=0.1))
    started(exec_start("cnn-dashboard-worker.service"), environment)
    wait_until(lambda: run.status.state == "finished")


@needs_nginx
@pytest.mark.parametrize("name", ["cnn-dashboard.conf", "cnn-dashboard-below.conf"])
def test_nginx_starts_with_the_sites_and_says_when_the_server_is_away(name, tmp_path):
    nginx = shipped(tmp_path, name, free_port()).start()
    try:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{nginx.url}/cnn/", timeout=20)
        with refused.value as answer:
            assert answer.code == 502
        assert "[warn]" not in nginx.told()
    finally:
        nginx.stop()
