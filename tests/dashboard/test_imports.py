"""The arrows between packages run one way, and TensorFlow is not on the way to the first page."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def imported(package: str) -> set[str]:
    """The top-level packages that any module of `package` imports, anywhere in it."""
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize(
    ("package", "never"),
    [
        ("cnn", {"dash", "flask", "dashboard", "pages"}),
        ("dashboard", {"tensorflow"}),
        ("pages", {"tensorflow", "keras", "flask"}),
    ],
)
def test_arrows_run_one_way(package, never):
    assert not imported(package) & never


def test_nobody_waits_for_a_property_that_another_object_computes():
    """Pydantic takes no other kind of property than that of Python; of the settings none takes long."""
    of_python = "from functools import cached_property"
    modules = [
        path for package in ("cnn", "dashboard", "pages") for path in (ROOT / package).rglob("*.py")
    ]
    found = [
        path.relative_to(ROOT).as_posix()
        for path in modules
        if of_python in path.read_text("utf-8")
    ]
    assert found == ["cnn/properties.py", "dashboard/settings.py"]


# What each package or room consists of; nothing imports what comes after it.
ROOMS = {
    "cnn": (
        "errors", "files", "words", "properties", "ranges", "settings", "colours", "images", "data",
        "models", "inspection", "gradients", "attribution", "runs", "training", "studies", "jobs",
        "captions", "figures",
    ),
    "cnn.data": (
        "picture_files", "levels", "beside", "labelled", "splits", "idx", "archives", "cifar",
        "listing", "folders", "tables", "sources", "embedded", "fetching", "datasets", "sizing", "names",
    ),
    "dashboard": (
        "ids", "prefix", "bodies", "arguments", "watching", "state", "settings", "access", "shedding",
        "arenas", "serving", "runtime", "shell", "screens", "runs", "routes", "app", "wsgi", "launching",
        "options", "report", "doctor", "cli", "__main__",
    ),
}  # fmt: skip


def folder_of(package: str) -> Path:
    return ROOT.joinpath(*package.split("."))


def inner_imports(package: str) -> set[tuple[str, str]]:
    """The pairs (room, room that it imports) of a package."""
    pairs = set()
    for path in folder_of(package).rglob("*.py"):
        room = path.relative_to(folder_of(package)).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                inner = [
                    n.removeprefix(f"{package}.") for n in names if n.startswith(f"{package}.")
                ]
                pairs |= {(room, name.split(".")[0]) for name in inner}
    return {(room, other) for room, other in pairs if room not in (other, "__init__")}


@pytest.mark.parametrize("package", ROOMS)
def test_a_room_imports_only_those_before_it(package):
    rooms = ROOMS[package]
    assert {
        path.stem
        for path in folder_of(package).iterdir()
        if path.suffix == ".py" or any(path.glob("*.py"))
    } == {*rooms, "__init__"}
    for room, other in inner_imports(package):
        assert rooms.index(other) < rooms.index(room), f"{package}.{room} imports {package}.{other}"


def test_of_the_dashboard_only_the_application_knows_the_pages():
    users = [
        path.name
        for path in (ROOT / "dashboard").rglob("*.py")
        if "from pages import" in path.read_text(encoding="utf-8")
    ]
    assert users == ["app.py"]


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("cnn", ["tensorflow", "keras", "dash", "flask", "sklearn", "scipy", "pandas"]),
        ("dashboard", ["tensorflow", "keras", "dash", "flask"]),
        ("dashboard.app", ["tensorflow", "keras", "sklearn", "pandas"]),
        ("dashboard.cli", ["tensorflow", "keras", "sklearn", "pandas"]),
        ("pages", ["tensorflow", "keras", "sklearn", "pandas"]),
    ],
)
def test_importing_brings_nothing_that_takes_long(module, absent):
    code = f"import {module}, sys; print([m for m in {absent} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
