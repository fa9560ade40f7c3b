"""What every answer tells the browser of what it may do."""

import re

import pytest

from dashboard.app import create_app
from dashboard.settings import Settings


@pytest.fixture
def answers(tmp_path):
    def answers(**settings):
        client = create_app(
            Settings(home=tmp_path, download=False, **settings)
        ).server.test_client()
        return [
            client.get("/"), client.get("/health"), client.get("/nothing/here.js"),
            client.post("/upload"),
            client.get("/", headers={"Host": "stranger.example"}),
        ]  # fmt: skip

    return answers


def policy(answer):
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


def test_every_answer_has_them(answers):
    for answer in answers():
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"].upper() == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert policy(answer)["frame-ancestors"] == ["'none'"]
        assert policy(answer)["default-src"] == ["'none'"]


def test_no_script_is_made_of_text_nor_comes_from_elsewhere(answers):
    page = answers()[0]
    scripts = policy(page)["script-src"]
    assert all(one == "'self'" or re.fullmatch(r"'sha256-[\w+/]+=*'", one) for one in scripts)
    inline = re.findall(r"<script(?![^>]*(?:src|json))[^>]*>", page.text)
    assert len(scripts) >= 1 + len(inline) > 3


def test_who_may_frame_it_can_be_said(answers):
    page = answers(frames="https://school.example http://localhost:*")[0]
    assert policy(page)["frame-ancestors"] == ["https://school.example", "http://localhost:*"]
    assert "X-Frame-Options" not in page.headers
