"""Whether the server lives, and whether it can do its work."""

import shutil
import subprocess

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from cnn.jobs import as_worker
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings
from tests.browser.server import free_port

NEEDS_REDIS = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server is not on this machine"
)


def asked(app):
    answer = app.server.test_client().get("/ready")
    return answer.status_code, answer.json


def test_a_server_that_can_show_a_model_is_ready(app):
    status, told = asked(app)
    assert (status, told["ready"]) == (200, True)
    assert {part: told[part]["ready"] for part in ("model", "worker", "disk")} == {
        "model": True, "worker": True, "disk": True,
    }  # fmt: skip


def test_while_tensorflow_starts_the_server_lives_and_is_not_ready(tmp_path):
    app = create_app(Settings(home=tmp_path, download=False))
    assert app.server.test_client().get("/health").status_code == 200
    status, told = asked(app)
    assert (status, told["ready"], told["model"]["ready"]) == (503, False, False)
    assert told["model"]["message"] == runtime_of(app).not_ready
    assert told["disk"]["ready"]


def test_a_worker_that_does_not_stay_is_told(app):
    home = runtime_of(app).settings.jobs
    home.write_worker_problem("It does not stay.")
    try:
        status, told = asked(app)
    finally:
        home.write_worker_problem("")
    assert (status, told["worker"]) == (503, {"ready": False, "message": "It does not stay."})


def test_a_folder_that_cannot_be_written_is_told_without_its_path(tmp_path):
    app = create_app(Settings(home=tmp_path / "home", download=False))
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
    (tmp_path / "home").write_text("a file in its place")
    status, told = asked(app)
    assert (status, told["disk"]["ready"]) == (503, False)
    assert str(tmp_path) not in str(told)


@pytest.fixture
def redis_url(tmp_path):
    port = free_port()
    command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        url = f"redis://127.0.0.1:{port}/0"
        patience = Retry(ConstantBackoff(0.1), 100)
        with redis.Redis.from_url(url, retry=patience) as connection:
            connection.ping()
        yield url
        process.terminate()


@NEEDS_REDIS
def test_a_worker_at_redis_is_seen_while_it_is_connected(tmp_path, redis_url):
    settings = Settings(home=tmp_path / "home", download=False, redis_url=redis_url)
    app = create_app(settings)
    assert "start cnn-dashboard worker" in asked(app)[1]["worker"]["message"]
    worker = redis.Redis.from_url(as_worker(settings.jobs).redis_url)
    worker.ping()
    assert asked(app)[1]["worker"] == {"ready": True, "message": "A worker is alive."}
    worker.close()
    assert not asked(app)[1]["worker"]["ready"]


def test_redis_that_does_not_answer_is_told(tmp_path):
    url = f"redis://127.0.0.1:{free_port()}/0"
    app = create_app(Settings(home=tmp_path, download=False, redis_url=url))
    status, told = asked(app)
    assert (status, told["worker"]["ready"]) == (503, False)
    assert "cannot be reached" in told["worker"]["message"]
