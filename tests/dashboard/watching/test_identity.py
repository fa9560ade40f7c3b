"""The id of a request is the same in the answer, in the log and in what the screen says."""

import logging

import pytest
from flask import Flask

from dashboard.shell import shell
from dashboard.watching.identity import identify, request_id

HEADER = "X-Request-ID"


def served(*, trusted):
    server = Flask("other")
    identify(server, trusted=trusted)

    @server.route("/")
    def index():
        return request_id()

    @server.route("/fails")
    def fails():
        raise RuntimeError("broken")

    return server.test_client()


def test_each_request_has_an_id_of_its_own_which_its_answer_names():
    client = served(trusted=False)
    answers = [client.get("/") for _ in range(5)]
    assert len({answer.text for answer in answers}) == 5
    assert all(answer.text == answer.headers[HEADER] != "" for answer in answers)
    assert client.get("/not-there").headers[HEADER]
    assert request_id() == ""


@pytest.mark.parametrize(
    ("trusted", "given", "taken"),
    [
        (True, "proxy-17", True),
        (False, "proxy-17", False),
        (True, "a" * 65, False),
        (True, "two words", False),
        (True, "", False),
        (True, "<b>", False),
    ],
)
def test_the_id_of_a_trusted_proxy_is_taken_if_it_is_one(trusted, given, taken):
    answer = served(trusted=trusted).get("/", headers={HEADER: given})
    assert (answer.text == given) is taken
    assert answer.text == answer.headers[HEADER] != ""


def test_what_fails_is_told_with_the_id_under_which_the_log_has_it(caplog):
    answer = served(trusted=False).get("/fails")
    assert answer.status_code == 500
    assert answer.headers[HEADER] in answer.text
    assert "broken" not in answer.text
    assert "broken" in caplog.text


def test_a_callback_that_fails_names_the_id_on_the_screen(app, monkeypatch, caplog):
    told = {}
    monkeypatch.setattr(shell, "set_props", lambda _, props: told.update(props))
    with app.server.test_request_context("/"), caplog.at_level(logging.ERROR):
        app.server.preprocess_request()
        name = request_id()
        shell.on_error(ValueError("broken"))
    assert name
    assert f"under request {name}" in told["children"]
    assert "broken" not in told["children"]
    assert "broken" in caplog.text
