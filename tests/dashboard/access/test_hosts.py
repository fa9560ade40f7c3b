"""A name that somebody else gives this machine does not open it."""

import socket

import pytest
from flask import Flask

from dashboard.access.hosts import check_host
from dashboard.settings import Settings


@pytest.fixture
def asked(tmp_path):
    """The status and the sentence for who asks a server with these settings by a name."""

    def asked(name, **settings):
        server = Flask("named")
        server.add_url_rule("/", view_func=lambda: "here")
        check_host(server, Settings(home=tmp_path, **settings))
        answer = server.test_client().get("/", headers={"Host": name})
        return answer.status_code, answer.text

    return asked


LAN = {"host": "0.0.0.0"}
NAMED = {"hosts": "cnn.school.example, .class.example"}


@pytest.mark.parametrize(
    ("name", "settings", "is_known"),
    [
        ("localhost", {}, True),
        ("localhost:8050", {}, True),
        ("127.0.0.1:8050", {}, True),
        ("[::1]:8050", {}, True),
        ("stranger.example:8050", {}, False),
        ("localhost.stranger.example", {}, False),
        ("192.168.1.5:8050", {}, False),
        ("localhost@stranger.example", {}, False),
        ("[::1", {}, False),
        ("192.168.1.5:8050", LAN, True),
        ("[2001:db8::7]:8050", LAN, True),
        ("stranger.example", LAN, False),
        ("192.168.1.5", {"host": "192.168.1.5"}, True),
        ("cnn.school.example", NAMED, True),
        ("CNN.School.Example:443", NAMED, True),
        ("room-7.class.example", NAMED, True),
        ("other.school.example", NAMED, False),
        ("cnn.school.example.stranger.example", NAMED, False),
        ("localhost", NAMED, True),
        ("stranger.example", {"hosts": "*"}, True),
    ],
)
def test_only_names_that_are_known_are_answered(asked, name, settings, is_known):
    status, text = asked(name, **settings)
    if is_known:
        assert status == 200
    else:
        assert status == 421
        assert text.startswith(f"This server is not called {name}: ")
        assert "--hosts" in text


def test_a_long_name_is_cut_in_the_answer(asked):
    _, text = asked("a" * 5000 + ".example")
    assert len(text) < 300


def test_in_a_network_the_name_of_the_machine_is_known(asked):
    machine = socket.gethostname()
    for name in (machine, f"{machine.split('.')[0]}.local:8050"):
        assert asked(name, **LAN)[0] == 200
        assert asked(name)[0] == 421
