"""Fixtures that several parts of the suite share, and the count of skipped tests."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

import cnn
from cnn.data import datasets
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings
from tests import nets

ROOT = Path(__file__).parent.parent
_SKIPPED: set[str] = set()
_FAILED: set[str] = set()
# More of them are no accident.
_MOST_AGAIN = 10
_OF_DATA = {"mnist_dir", "best_data"}
_BROWSER = ROOT / "tests" / "browser"
# Trainings, processes, networks of full size and the making of packages, in folders and files.
_SLOW = (
    "cnn/jobs", "cnn/training", "cnn/inspection/test_trial.py", "cnn/runs/test_heartbeat.py",
    "dashboard/runtime/test_supervisor.py",
    "dashboard/test_check.py", "dashboard/test_faults.py", "dashboard/test_home_faults.py",
    "dashboard/test_processes.py", "dashboard/test_server.py", "pages/test_named_networks.py",
    "test_package.py",
)  # fmt: skip
_WITHOUT_DATA = ("test_datasets.py", "test_fetching.py", "test_start.py", "test_server.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    what = "Only tests for which it matters which data and what network this machine has."
    parser.addoption("--of-data", action="store_true", help=what)
    what = "Run browser tests that failed once more at the end, by themselves, and name them."
    parser.addoption("--again", action="store_true", help=what)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_BROWSER):
            item.add_marker(pytest.mark.browser)
        elif any(item.path.is_relative_to(ROOT / "tests" / name) for name in _SLOW):
            item.add_marker(pytest.mark.slow)
    # What waits for programs comes first: at the end one process would wait for it beside an idle one.
    items.sort(key=lambda item: item.path.parent != ROOT / "tests")
    if not config.getoption("--of-data"):
        return
    chosen = [item for item in items if _is_of_data(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def _is_of_data(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return not _OF_DATA.isdisjoint(names) or item.path.name in _WITHOUT_DATA


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over all that was imported, TensorFlow above all."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory):
    """No test touches the user's own runs."""
    os.environ["CNN_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    folder = Path(os.environ.get("CNN_DATA_DIR", "data"))
    if datasets.find("mnist", folder) is None:
        pytest.skip("MNIST is not on this machine (set CNN_DATA_DIR to a folder with its files)")
    return folder


@pytest.fixture(scope="session")
def classifier():
    """The bundled classifier."""
    return cnn.load_model()


@pytest.fixture(scope="session")
def second_model():
    """Branches, a nested block, a shared layer, batch normalisation, 20x30 RGB, five classes."""
    return nets.second()


@pytest.fixture(scope="session")
def second_path(second_model, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("models") / "second.keras"
    cnn.save_model(second_model, path)
    return path


@pytest.fixture(scope="session")
def seven() -> np.ndarray:
    """A 7 of the embedded digits, uint8 (28, 28, 1)."""
    return cnn.load_dataset("digits").sample(7, seed=1).pixels


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _SKIPPED.add(report.nodeid)
    if report.failed:
        _FAILED.add(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Run again what may be, and hold the skipped tests against the committed list."""
    if hasattr(session.config, "workerinput"):  # The process that collects the reports counts.
        return
    if session.config.getoption("--again") and session.exitstatus == pytest.ExitCode.TESTS_FAILED:
        session.exitstatus = _run_again(sorted(_FAILED))
    if session.exitstatus == 0 and session.config.args == session.config.getini("testpaths"):
        _compare_skipped(session)


def _run_again(names: list[str]) -> int:
    """Run browser tests that failed once more, beside nothing else: each is a fault to be mended."""
    folder = f"{_BROWSER.relative_to(ROOT)}/"
    if len(names) > _MOST_AGAIN or not all(name.startswith(folder) for name in names):
        return pytest.ExitCode.TESTS_FAILED
    print(f"\n{len(names)} browser tests failed and are run again:", *names, sep="\n  ", flush=True)
    return subprocess.call([sys.executable, "-m", "pytest", *names], cwd=ROOT)


def _compare_skipped(session: pytest.Session) -> None:
    expected = os.environ.get("CNN_EXPECTED_SKIPS")
    if not expected:
        return
    listed = set() if expected == "none" else set((ROOT / expected).read_text().split())
    wrong = sorted(_SKIPPED ^ listed)
    if wrong:
        print("\nSkipped tests differ from the committed list:", *wrong, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    """An application with the bundled classifier and the embedded digits, TensorFlow started."""
    home, data = tmp_path_factory.mktemp("app-home"), tmp_path_factory.mktemp("no-data")
    return _started(Settings(home=home, data_dir=data, download=False))


@pytest.fixture(scope="session")
def second_app(second_path, tmp_path_factory):
    """An application that opens the second model."""
    home, data = tmp_path_factory.mktemp("app-home"), tmp_path_factory.mktemp("no-data")
    return _started(Settings(home=home, data_dir=data, model=second_path, download=False))


def _started(settings: Settings):
    app = create_app(settings)
    runtime_of(app).wait()
    return app


@pytest.fixture
def request_of():
    """Enter a request of an application, as callbacks are called in one."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(app.server.test_request_context())
