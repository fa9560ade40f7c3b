"""The log: lines of text, or of JSON, each with its request."""

import json
import logging
import subprocess
import sys

import pytest
from flask import Flask

from cnn import TrainingConfig
from cnn.jobs import Home, Queue
from dashboard.app import create_app
from dashboard.settings import Settings
from dashboard.watching.identity import identify
from dashboard.watching.logs import message, write_accesses
from tests.cnn.jobs.test_jobs import wait_until, worker

SPEAK = """
import logging.config
from flask import Flask
from dashboard.watching.identity import identify
from dashboard.watching.logs import configuration, write_accesses

logging.config.dictConfig(configuration("{form}"))
server = Flask("dashboard")
identify(server, trusted=True)
write_accesses(server)
server.add_url_rule("/fails", "fails", lambda: 1 / 0)
server.test_client().get("/fails", headers={{"X-Request-ID": "seven"}})
logging.getLogger("cnn.jobs").warning("a line\\nand another")
logging.getLogger("cnn.jobs").info("not told")
"""


def lines(form):
    done = subprocess.run(
        [sys.executable, "-c", SPEAK.format(form=form)], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_as_json_each_event_is_a_line_with_its_request():
    failed, access, warned = map(json.loads, lines("json"))
    assert (failed["level"], failed["request_id"]) == ("ERROR", "seven")
    assert "ZeroDivisionError" in failed["exc_info"]
    assert (access["logger"], access["request_id"]) == ("dashboard.access", "seven")
    assert (access["method"], access["path"], access["status"]) == ("GET", "/fails", 500)
    assert access["milliseconds"] >= 0
    assert (warned["message"], warned["request_id"]) == ("a line\nand another", "-")
    assert {"time", "process"} <= set(warned)


def test_as_text_the_request_stands_in_brackets():
    told = lines("text")
    assert "[ERROR] [seven] Exception on /fails [GET]" in told[0]
    assert any(line.endswith("[INFO] [seven] GET '/fails' 500") for line in told)
    assert any("[WARNING] [-] a line" in line for line in told)


def test_a_path_cannot_make_a_line_of_its_own(caplog):
    server = Flask("other")
    identify(server, trusted=False)
    write_accesses(server)
    with caplog.at_level(logging.INFO, "dashboard.access"):
        server.test_client().get("/x%0A2026 [ERROR] planted")
    (record,) = caplog.records
    assert "\n" not in record.getMessage()
    assert "planted" in record.getMessage()


def test_accesses_are_written_where_the_operator_wants_them(tmp_path, caplog):
    for wanted in (False, True):
        app = create_app(Settings(home=tmp_path, download=False, access_log=wanted))
        caplog.clear()
        with caplog.at_level(logging.INFO, "dashboard.access"):
            app.server.test_client().get("/health")
        assert [record.path for record in caplog.records] == ["/health"] * wanted


def begins(run):
    return f"Work on {run.id} begins."


def told_of_a_run(tmp_path, form):
    """A run whose pictures are gone, and all lines of the worker that tried it."""
    home = Home(tmp_path / "home", tmp_path / "data")
    run = Queue(home).submit_training(TrainingConfig(str(tmp_path / "gone.npz"), epochs=1))
    with worker(home, "--log-form", form) as process:
        wait_until(lambda: "ends: failed." in process.log.read_text())
        return run, process.log.read_text().splitlines()


def test_a_worker_tells_as_json_which_run_each_event_is_about(tmp_path):
    run, lines = told_of_a_run(tmp_path, "json")
    first, *events = map(json.loads, lines)
    assert (first["message"], first["job_id"]) == ("This worker takes jobs.", "-")
    assert [event["job_id"] for event in events] == [run.id] * 2
    assert events[0]["message"] == begins(run)
    assert "gone.npz" in events[1]["message"]
    assert {"time", "level", "logger", "process"} <= set(events[1])


def test_a_worker_tells_as_text_which_run_each_event_is_about(tmp_path):
    run, lines = told_of_a_run(tmp_path, "text")
    assert [line.count(f"[INFO] [{run.id}] Work on {run.id}") for line in lines] == [0, 1, 1]
    assert [message(line) for line in lines[:2]] == ["This worker takes jobs.", begins(run)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"level": "ERROR", "message": "It failed."}', "It failed."),
        ("[2026-11-27 06:31:10 +0000] [12] [ERROR] [-] It failed.", "It failed."),
        ("It failed.", "It failed."),
        ("[1, 2]", "[1, 2]"),
        ("12", "12"),
    ],
)
def test_what_happened_is_read_of_a_line_whatever_its_form(line, told):
    assert message(line) == told


COMPILE = """
import logging.config
import keras
import numpy as np
import cnn
from dashboard.watching.logs import configuration

logging.config.dictConfig(configuration("text"))
for side in range(4, 13):
    picture = keras.Input((side, side, 1))
    cnn.forward(keras.Model(picture, keras.layers.Flatten()(picture)), np.zeros((side, side, 1), "uint8"))
logging.getLogger("tensorflow").warning("the end")
"""


def test_networks_that_are_compiled_once_each_are_no_warning():
    done = subprocess.run(
        [sys.executable, "-c", COMPILE], capture_output=True, text=True, check=True
    )
    told = [message(line) for line in done.stderr.splitlines() if "[WARNING]" in line]
    assert told == ["the end"]
