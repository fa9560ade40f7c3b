"""The queue in Redis, which workers of several machines can share."""

import json
import shutil
import signal
import socket
import subprocess
from contextlib import ExitStack

import pytest
import redis

from cnn import RunError, Status, TrainingConfig
from cnn.files import read_json
from cnn.jobs import Home, Queue
from cnn.runs import heartbeat
from tests.cnn.jobs.test_jobs import LONG, SHORT, wait_until, worker


def redis_server() -> str:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not on this machine: install it to test the queue in Redis")
    return program


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    program = redis_server()
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


def test_what_a_worker_hands_back_to_redis_is_taken_before_what_waits(home, client):
    queue = Queue(home)
    begun, waits = (queue.submit_training(SHORT) for _ in range(2))
    assert queue._huey.dequeue().args == [begun.id]
    begun.write_status(Status("running"))
    queue._hand_back(begun)
    assert queue.pending() == [begun.id, waits.id]
    assert queue._huey.dequeue().args == [begun.id]


def test_a_queue_that_does_not_answer_is_named_and_leaves_no_run_behind(home):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"redis://127.0.0.1:{free.getsockname()[1]}/0"
    queue = Queue(Home(home.path, home.data_dir, nobody))
    with pytest.raises(RunError, match="The queue cannot be reached"):
        queue.submit_training(SHORT)
    assert home.runs() == []


class Redis:
    """A Redis of the test's own, which keeps its place while it is away."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url, self._folder = f"redis://127.0.0.1:{self.port}/0", str(folder)
        self.process: subprocess.Popen | None = None

    def start(self):
        self.process = subprocess.Popen(
            [redis_server(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder,
             "--appendonly", "yes", "--appendfsync", "always"], stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self.answers)

    def kill(self):
        self.process.kill()
        self.process.wait(20)

    def answers(self) -> bool:
        try:
            with redis.Redis(port=self.port, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@pytest.fixture
def own_redis(tmp_path):
    own = Redis(tmp_path)
    yield own
    if own.process:
        own.process.kill()
        own.process.wait(20)


def test_a_worker_waits_for_a_redis_that_is_absent_killed_and_back_and_says_so_once(
    tmp_path, own_redis
):
    home = Home(tmp_path / "home", tmp_path / "data", own_redis.url)
    queue = Queue(home)
    with worker(home, "--redis-url", own_redis.url) as process:

        def told(sentence: str) -> int:
            return process.log.read_text().count(sentence)

        wait_until(lambda: told("The queue does not answer (") == 1)
        own_redis.start()
        first = queue.submit_training(SHORT)
        wait_until(lambda: first.status.state == "finished")
        long = queue.submit_training(LONG)
        wait_until(lambda: long.status.epoch >= 1)
        own_redis.kill()
        with pytest.raises(RunError, match="The queue cannot be reached"):
            queue.submit_training(SHORT)
        epoch = long.status.epoch
        wait_until(lambda: long.status.epoch > epoch)
        long.ask_to_cancel()
        wait_until(lambda: told("The queue does not answer (") == 2)
        assert long.status.state == "cancelled"
        own_redis.start()
        last = queue.submit_training(SHORT)
        wait_until(lambda: last.status.state == "finished")
        assert told("The queue answers again.") == 2
    log = process.log.read_text()
    assert "Traceback" not in log
    assert len([line for line in log.splitlines() if "queue" in line]) == 4


def test_a_redis_that_hangs_is_named_as_one_that_is_away(tmp_path, own_redis):
    own_redis.start()
    queue = Queue(Home(tmp_path / "home", tmp_path / "data", own_redis.url))
    assert not queue.has_waiting()
    own_redis.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(RunError, match="The queue cannot be reached"):
            queue.has_waiting()
    finally:
        own_redis.process.send_signal(signal.SIGCONT)
    assert not queue.has_waiting()
