"""Nonsense at every door: each route and each callback of the application, as it lists them itself.

Nothing is answered with 500, nothing is written into the log as an error, and what is refused, or
only looked at, changes nothing. `CNN_FUZZ_CASES` says how many cases are tried (`make fuzz`: 10,000,
others each time).
"""

import json
import logging
import os

import dash
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

import cnn
from cnn import runs
from cnn.runs.configuration import TrainingConfig
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings
from tests.dashboard import nonsense
from tests.dashboard.test_arguments import bodies

CASES = int(os.environ.get("CNN_FUZZ_CASES", "500"))
UPDATE = "/_dash-update-component"
# What changes the state of the server, when it says yes.
DOORS = {"upload", "open_model", "studies", "cancel_study"}
DOORS_OF_DASH = (
    "training-start", "run-cancel", "run-resume", "training-edited-go", "training-deleted-go"
)  # fmt: skip
# What is made anew when it is missing.
CACHES = ("compressed", "kept")
OF_QUEUE = (".lock", ".db", ".db-wal", ".db-shm")


class Doors:
    """The application under test, and what its pages hold."""

    def __init__(self, home):
        self.app = create_app(Settings(home=home, data_dir=home / "no-data", download=False))
        self.runtime = runtime_of(self.app)
        self.runtime.wait()
        self.home = self.runtime.settings.jobs
        self.run = runs.create(self.home.runs_dir, TrainingConfig())
        self.upload = self.runtime.settings.uploads.put(cnn.load_dataset("digits").sample(7).pixels)
        self.client = self.app.server.test_client()
        self.view = self.runtime.default_view().to_query()
        self.rules = sorted(self.app.server.url_map.iter_rules(), key=lambda rule: rule.rule)
        self.bodies = list(bodies(self.app))
        self.values = self._values()
        self._before = self._state()

    def _values(self):
        """What the pages hold, by id: values of controls, and what the stores are given."""
        wanted = {"view": self.view, "number": 1}
        asked = next(one for one in self.bodies if "panel-data.data" in one["output"])
        asked = {**asked, "inputs": [{**asked["inputs"][0], "value": wanted}]}
        given = self.client.post(UPDATE, json=asked).json["sideUpdate"]
        values = {name: held["data"] for name, held in given.items() if "data" in held}
        assert values["layers"]["names"]
        for page in dash.page_registry.values():
            for part in page["layout"]()._traverse():
                if isinstance(getattr(part, "id", None), str) and hasattr(part, "value"):
                    values[part.id] = part.value
        return {**values, "view": self.view, "ready": "ready"}

    def near(self, place):
        """What a page could hold at a place (id, property), as a strategy."""
        identity, name = place["id"], place["property"]
        if isinstance(identity, dict) or name == "n_clicks":
            return st.sampled_from([None, 1, 2])
        if name == "pathname":
            return nonsense.addresses(self).map(lambda address: address[1])
        if name == "search":
            return nonsense.queries(self).map(lambda query: f"?{query}")
        if identity == "view":
            return nonsense.views(self)
        if identity.endswith("wanted"):
            return st.fixed_dictionaries(
                {"view": nonsense.views(self), "number": st.integers(0, 3)}
            )
        return st.just(self.values.get(identity))

    def endpoint(self, path, method):
        with self.app.server.test_request_context() as context:
            try:
                return context.url_adapter.match(path, method)[0]
            except (HTTPException, RequestRedirect):
                return ""

    def try_out(self, caplog, *, may_change, **request):
        """Send a request, and look at all that must never come of one."""
        caplog.clear()
        with self.client.open(**request) as answer:
            told = (request, answer.status, answer.get_data()[:300])
        assert answer.status_code < 500, told
        errors = [one for one in caplog.records if one.levelno >= logging.ERROR or one.exc_info]
        assert not errors, (told, caplog.text[-3000:])
        before, self._before = self._before, self._state()
        is_change = self._before != before
        assert not is_change or (may_change and answer.status_code in (200, 204)), told

    def _state(self):
        """The files of the server with their sizes and times, and what waits."""
        home = self.home.path
        files = (
            path.relative_to(home)
            for path in home.rglob("*")
            if path.is_file() and path.suffix not in OF_QUEUE
        )
        kept = [(str(path), (home / path).stat()) for path in files if path.parts[0] not in CACHES]
        return {(name, stat.st_size, stat.st_mtime_ns) for name, stat in kept}, tuple(
            self.runtime.queue.pending()
        )


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    return Doors(tmp_path_factory.mktemp("fuzz-home"))


half_of_the_cases = settings(
    max_examples=max(1, CASES // 2),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=CASES <= 500,
    database=None,
)


@half_of_the_cases
@given(data=st.data())
def test_whatever_comes_to_a_route(doors, caplog, data):
    method, path = data.draw(nonsense.addresses(doors))
    path += data.draw(st.just("") | st.just("") | nonsense.TEXT)
    assume(path.startswith("/"))
    query, headers = data.draw(nonsense.queries(doors)), data.draw(nonsense.headers())
    doors.try_out(
        caplog,
        may_change=doors.endpoint(path, method) in DOORS,
        method=method,
        data=data.draw(nonsense.payloads()),
        content_type=data.draw(nonsense.CONTENT_TYPES),
        environ_overrides=nonsense.environment(path, query, headers),
    )


@half_of_the_cases
@given(data=st.data())
def test_whatever_comes_to_a_callback(doors, caplog, data):
    whole = body = held(doors, data)
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(nonsense.one_of(list(nonsense.spots(body))))
        how = data.draw(st.sampled_from(["other", "other", "other", "gone", "more"]))
        body = nonsense.changed(body, at, how, data.draw(nonsense.ANYTHING))
    doors.try_out(
        caplog,
        may_change=any(name in json.dumps(whole) for name in DOORS_OF_DASH),
        path=UPDATE,
        method="POST",
        data=nonsense.as_json(body),
        content_type="application/json",
    )


def held(doors, data):
    """A body that a page could send: a callback's, with what its places could hold."""
    body = dict(data.draw(nonsense.one_of(doors.bodies)))
    for part in ("inputs", "state"):
        body[part] = [
            place if isinstance(place, list) else {**place, "value": data.draw(doors.near(place))}
            for place in body[part]
        ]
    names = [f"{one['id']}.{one['property']}" for one in body["inputs"] if isinstance(one, dict)]
    if names:
        body["changedPropIds"] = data.draw(st.lists(st.sampled_from(names), unique=True))
    return body
