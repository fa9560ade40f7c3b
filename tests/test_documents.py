"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", *(f"docs/{one.name}" for one in (ROOT / "docs").glob("*.md"))],
)
def test_every_file_that_a_document_points_at_is_there(name):
    document = ROOT / name
    places = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [place for place in places if not (document.parent / place).exists()] == []


def test_pictures_of_one_s_own_networks_are_small_and_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("own", "upload", "notebook", "recorded", "imported", "check"):
        assert f"docs/images/{name}.png" in readme
        assert (ROOT / "docs" / "images" / f"{name}.png").stat().st_size < 120_000
