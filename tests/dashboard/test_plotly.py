"""What plotly.js and Dash do not document is used in one place each, and was checked on one version.

That it is right there, `tests/browser/test_screens.py` sees: paint and figure are compared by pixels.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ASSETS = ROOT / "assets"
PLOTLY_JS = "4.1"
PACKAGES = {"plotly": "7.1", "dash": "4.4"}
PARTS_OF_PLOTLY = (
    r"\b_full(?:Layout|Data)\b|\b_offset\b|\b_length\b|\bl2p\b|\bcalcdata\b|\bplotly_\w+|\bPlotly[.\"]"
    r"|js-plotly-plot|gtitle|\bcbtitle|\bcbfills|\bcbaxis|\.hm\b|modebar|main-svg|hovertext|hoverlayer"
    r"|imagelayer|gridlayer|zerolinelayer|cartesianlayer|infolayer|\.mlayer|yaxislayer"
)


def users_of(pattern: str) -> set[str]:
    """The assets that name what the pattern finds."""
    paths = [path for path in ASSETS.rglob("*") if path.suffix in (".js", ".css")]
    return {path.name for path in paths if re.search(pattern, path.read_text(encoding="utf-8"))}


def test_plotly_js_is_the_one_on_which_its_parts_were_checked():
    library = (files("plotly") / "package_data/plotly.min.js").read_text("utf-8")
    found = re.search(r"plotly\.js v([0-9.]+)", library)[1]
    assert found.startswith(f"{PLOTLY_JS}."), (
        f"plotly.js is {found}: read through assets/20-plotly/, then name it here."
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_other_versions_are_not_installed(package):
    first, second = PACKAGES[package].split(".")
    assert version(package).startswith(f"{PACKAGES[package]}.")
    with (ROOT / "pyproject.toml").open("rb") as file:
        wanted = tomllib.load(file)["project"]["dependencies"]
    assert f"{package}>={first}.{second},<{first}.{int(second) + 1}" in wanted


def test_no_other_script_or_style_sheet_reaches_into_plotly_js():
    assert users_of(PARTS_OF_PLOTLY) == {"plotly.js", "plotly.css"}


def test_no_other_script_reaches_into_dash():
    assert users_of("_dashprivate") == {"state.js"}
