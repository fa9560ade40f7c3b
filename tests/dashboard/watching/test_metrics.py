"""What Prometheus is told."""

import time
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cnn import runs
from cnn.runs.configuration import TrainingConfig
from cnn.runs.run import Status
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings
from tests.browser.server import Server

ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


def samples(text):
    """The numbers told, by their name and labels."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def requests_of(told, route):
    return sum(
        value
        for (name, *labels), value in told.items()
        if name == "cnn_requests_total" and ("route", route) in labels
    )


def test_requests_are_counted_by_route_method_and_status(app):
    client = app.server.test_client()
    before = samples(client.get("/metrics").text)
    client.get("/labels/digits/all")
    client.get("/labels/none/all")
    client.open("/health", method="HACK")
    after = samples(client.get("/metrics").text)

    def more(method, route, status):
        labels = sorted({"method": method, "route": route, "status": status}.items())
        key = ("cnn_requests_total", *labels)
        return after.get(key, 0) - before.get(key, 0)

    assert more("GET", "/labels/<data>/<split>", "200") == 1
    assert more("GET", "/labels/<data>/<split>", "404") == 1
    assert more("other", "none", "405") == 1
    key = ("cnn_request_seconds_count", ("route", "/labels/<data>/<split>"))
    assert after[key] - before.get(key, 0) == 2


def test_passes_and_memory_are_told(app):
    client = app.server.test_client()
    before = samples(client.get("/metrics").text)
    assert client.get("/values/activations/conv2d?index=11&noise=3").status_code == 200
    after = samples(client.get("/metrics").text)
    count = ("cnn_forward_pass_seconds_count",)
    assert after[count] - before[count] == 1
    assert after[("cnn_memory_bytes",)] > 1e8
    assert after[("cnn_model_ready", ("process", "web"))] == 1


def test_jobs_are_told_by_their_state(tmp_path):
    app = create_app(Settings(home=tmp_path, download=False))
    folder = runtime_of(app).settings.jobs.runs_dir
    made = [runs.create(folder, TrainingConfig()) for _ in range(4)]
    for run, state in zip(made, ("queued", "queued", "finished", "running"), strict=True):
        run.write_status(Status(state))
    (runs.create(folder, TrainingConfig()).path / "status.json").write_text("{")
    with made[-1].hold():
        told = samples(app.server.test_client().get("/metrics").text)
    assert told[("cnn_jobs", ("state", "waiting"))] == 2
    assert told[("cnn_jobs", ("state", "running"))] == 1


def test_counts_are_for_the_servers_own_machine_unless_the_operator_opens_them(tmp_path):
    closed = create_app(Settings(home=tmp_path, download=False)).server.test_client()
    answer = closed.get("/metrics", environ_overrides=ELSEWHERE)
    assert (answer.status_code, "--open-metrics" in answer.text) == (403, True)
    assert closed.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    opened = create_app(Settings(home=tmp_path, download=False, open_metrics=True))
    assert (
        opened.server.test_client().get("/metrics", environ_overrides=ELSEWHERE).status_code == 200
    )


@pytest.mark.slow
def test_two_web_processes_count_together_and_no_request_stands_in_the_log(tmp_path):
    server = Server(tmp_path / "home", tmp_path, CNN_PROCESSES="2").start()
    try:
        asked, processes, end = 0, set(), time.monotonic() + 120
        # The second process may begin later than the first.
        while len(processes) < 2 and time.monotonic() < end:
            for _ in range(40):
                urllib.request.urlopen(f"{server.url}/labels/digits/all").close()
            asked += 40
            told = samples(urllib.request.urlopen(f"{server.url}/metrics").read().decode())
            processes = {
                dict(labels)["pid"] for name, *labels in told if name == "cnn_memory_bytes"
            }
    finally:
        server.stop()
    assert len(processes) == 2
    assert requests_of(told, "/labels/<data>/<split>") == asked
    log = server.log.read_text(encoding="utf-8")
    assert "Listening at" in log
    assert "/labels/digits/all" not in log
