"""The scripts and style sheets of the page: folders in the order in which they load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dashboard.app import create_app
from dashboard.settings import Settings

ASSETS = Path(__file__).parent.parent.parent / "assets"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home = tmp_path_factory.mktemp("assets")
    return create_app(Settings(home=home, download=False))


def test_folders_load_in_the_order_of_their_numbers(app):
    page = app.server.test_client().get("/").text
    for kind in ("js", "css"):
        named = re.findall(rf'/assets/([^"?]+\.{kind})\?', page)
        numbered = [path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob(f"*.{kind}")]
        assert named == sorted(numbered)
        assert all(re.fullmatch(rf"\d\d-[a-z]+/[a-z-]+\.{kind}", name) for name in named)
