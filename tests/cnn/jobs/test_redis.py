"""The queue in Redis, which workers of several machines can share."""

import json
import shutil
import socket
import subprocess
from contextlib import ExitStack

import pytest
import redis

from cnn import RunError, TrainingConfig
from cnn.files import read_json
from cnn.jobs import Home, Queue
from cnn.runs import heartbeat
from tests.cnn.jobs.test_jobs import SHORT, wait_until, worker


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not on this machine: install it to test the queue in Redis")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = str(tmp_path_factory.mktemp("redis"))
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
        stdout=subprocess.DEVNULL,
    )

    def answers() -> bool:
        try:
            with redis.Redis(port=port) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    try:
        wait_until(answers)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def home(tmp_path, redis_url) -> Home:
    return Home(tmp_path / "home", tmp_path / "data", redis_url)


@pytest.fixture
def client(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


def test_messages_in_redis_are_a_name_and_an_id_in_json(home, client):
    queue = Queue(home)
    runs = [queue.submit_training(SHORT) for _ in range(2)]
    messages = [json.loads(message) for message in client.lrange("huey.redis.cnn", 0, -1)]
    assert {message[1].rpartition(".")[2] for message in messages} == {"train"}
    assert sorted(message[6] for message in messages) == sorted([run.id] for run in runs)
    assert not any(queue.is_lost(run) for run in runs)
    client.flushall()
    assert all(queue.is_lost(run) for run in runs)
    queue.resume(runs[0])
    assert [queue.is_lost(run) for run in runs] == [False, True]
    assert not (home.path / "queue.db").exists()


def test_two_workers_share_what_is_queued(home, client):
    queue = Queue(home)
    with ExitStack() as stack:
        address = ("--redis-url", home.redis_url)
        workers = [stack.enter_context(worker(home, *address)) for _ in range(2)]
        wait_until(lambda: sum(c["cmd"] == "brpop" for c in client.client_list()) == 2)
        config = TrainingConfig("digits", epochs=2, batch_size=64)
        runs = [queue.submit_training(config) for _ in range(4)]
        wait_until(lambda: all(run.status.state == "finished" for run in runs))
        hearts = [read_json(run.heartbeat_path) for run in runs]
        assert {heart["process"] for heart in hearts} == {process.pid for process in workers}
        assert {heart["machine"] for heart in hearts} == {heartbeat.this_machine()}
    assert [run.history["epoch"].tolist() for run in runs] == [[1, 2]] * 4
    assert not client.llen("huey.redis.cnn")


def test_a_queue_that_does_not_answer_is_named_and_leaves_no_run_behind(home):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"redis://127.0.0.1:{free.getsockname()[1]}/0"
    queue = Queue(Home(home.path, home.data_dir, nobody))
    with pytest.raises(RunError, match="The queue cannot be reached"):
        queue.submit_training(SHORT)
    assert home.runs() == []
