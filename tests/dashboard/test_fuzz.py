"""Nonsense at every door: each route and each callback of the application, as it lists them itself.

Nothing is answered with 500, nothing is written into the log as an error, and what is refused, only
looked at, or not for the role of who asks, changes nothing. The cases are shared among several
applications. `CNN_FUZZ_CASES` says how many are tried (`make fuzz`: 10,000, others each time).
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
from dashboard.access.people import Role, line
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings
from tests.dashboard import nonsense
from tests.dashboard.access.test_roles import PASSWORD, signed
from tests.dashboard.routes.test_damaged_studies import KINDS, asked
from tests.dashboard.test_arguments import bodies

CASES = int(os.environ.get("CNN_FUZZ_CASES", "500"))
UPDATE = "/_dash-update-component"
# What changes the state of the server when it says yes, and whose role it says that to at least.
DOORS = {
    "studies": Role.READER, "cancel_study": Role.READER, "upload": Role.TRAINER, "take": Role.TRAINER,
    "take_made": Role.TRAINER,
    "open_model": Role.OPERATOR, "names": Role.OPERATOR, "keep_range": Role.OPERATOR,
    "keep_sums": Role.OPERATOR,
}  # fmt: skip
DOORS_OF_DASH = {
    "training-start": Role.TRAINER, "run-cancel": Role.TRAINER, "run-resume": Role.TRAINER,
    "training-edited-go": Role.TRAINER, "training-deleted-go": Role.OPERATOR,
}  # fmt: skip
NOBODY = max(Role) + 1
NAMES = {"rae": Role.READER, "tom": Role.TRAINER, "ann": Role.OPERATOR}
# What is made anew when it is missing.
CACHES = ("compressed", "kept")
OF_QUEUE = (".lock", ".db", ".db-wal", ".db-shm")


class Doors:
    """The application under test, what its pages hold, and who asks it: their role and login."""

    def __init__(self, home, **chosen):
        given = {"home": home, "data_dir": home / "no-data", "download": False, **chosen}
        self.app = create_app(Settings(**given))
        self.runtime = runtime_of(self.app)
        self.runtime.wait()
        self.prefix = self.runtime.settings.prefix.rstrip("/")
        self.senders = self._senders()
        self.home = self.runtime.settings.jobs
        self.run = runs.create(self.home.runs_dir, TrainingConfig())
        self.upload = self.runtime.settings.uploads.put(cnn.load_dataset("digits").sample(7).pixels)
        self.client = self.app.server.test_client()
        # These of the bundled network come by themselves: nobody is asked for them.
        asked_for = KINDS.keys() - {"maps", "turn"}
        self.studies = [self._finished(kind) for kind in sorted(asked_for)]
        self.view = self.runtime.default_view().to_query()
        self.rules = sorted(self.app.server.url_map.iter_rules(), key=lambda rule: rule.rule)
        self.bodies = list(bodies(self.app))
        self.values = self._values()
        self._before = self._state()

    def _finished(self, kind):
        """The id of a study that was asked for and is finished."""
        query, body = asked(self.runtime, kind)
        _, login = self.senders[-1]
        told = self.client.post(
            f"{self.prefix}/studies", query_string=query, json=body, headers=login
        )
        study = self.home.study(told.json["id"])
        study.finish(KINDS[kind][1])
        return study.id

    def _senders(self):
        settings = self.runtime.settings
        if settings.auth:
            return [(role, signed(name)) for name, role in NAMES.items()]
        return [(Role.READER if settings.read_only else Role.OPERATOR, {})]

    def _values(self):
        """What the pages hold, by id: values of controls, and what the stores are given."""
        wanted = {"view": self.view, "number": 1}
        asked = next(one for one in self.bodies if "panel-data.data" in one["output"])
        asked = {**asked, "inputs": [{**asked["inputs"][0], "value": wanted}]}
        _, login = self.senders[-1]
        answer = self.client.post(self.prefix + UPDATE, json=asked, headers=login)
        given = answer.json["sideUpdate"]
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
            return nonsense.addresses(self).map(lambda address: self.prefix + address[1])
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
def all_doors(tmp_path_factory, second_path):
    """Applications as operators start them: as it is, behind a proxy, with logins, and so on."""
    people = tmp_path_factory.mktemp("people") / "people"
    people.write_text("\n".join(line(name, role, PASSWORD) for name, role in NAMES.items()))
    often = {"limit_uploads": "9999 per minute", "limit_studies": "9999 per minute"}
    often |= {"most_studies": 9999, "most_studies_each": 9999}
    started = (
        often, {"prefix": "/cnn/", "proxies": 1, **often}, {"auth": people, **often},
        {"read_only": True}, {"model": second_path},
    )  # fmt: skip
    return [Doors(tmp_path_factory.mktemp("fuzz-home"), **chosen) for chosen in started]


half_of_the_cases = settings(
    max_examples=max(1, CASES // 2),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=CASES <= 500,
    database=None,
)


@half_of_the_cases
@given(data=st.data())
def test_whatever_comes_to_a_route(all_doors, caplog, data):
    doors = data.draw(nonsense.one_of(all_doors))
    role, login = data.draw(nonsense.one_of(doors.senders))
    method, path = data.draw(nonsense.addresses(doors))
    path += data.draw(st.just("") | st.just("") | nonsense.TEXT)
    assume(path.startswith("/"))
    prefix = data.draw(st.sampled_from([doors.prefix, doors.prefix, doors.prefix, ""]))
    query, headers = data.draw(nonsense.queries(doors)), data.draw(nonsense.headers())
    doors.try_out(
        caplog,
        may_change=role >= DOORS.get(doors.endpoint(path, method), NOBODY),
        method=method,
        data=data.draw(nonsense.payloads()),
        content_type=data.draw(nonsense.CONTENT_TYPES),
        environ_overrides=nonsense.environment(prefix + path, query, {**login, **headers}),
    )


@half_of_the_cases
@given(data=st.data())
def test_whatever_comes_to_a_callback(all_doors, caplog, data):
    doors = data.draw(nonsense.one_of(all_doors))
    role, login = data.draw(nonsense.one_of(doors.senders))
    whole = body = held(doors, data)
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(nonsense.one_of(list(nonsense.spots(body))))
        how = data.draw(st.sampled_from(["other", "other", "other", "gone", "more"]))
        body = nonsense.changed(body, at, how, data.draw(nonsense.ANYTHING))
    doors.try_out(
        caplog,
        may_change=any(
            n in json.dumps(whole) and role >= least for n, least in DOORS_OF_DASH.items()
        ),
        path=doors.prefix + UPDATE,
        method="POST",
        data=nonsense.as_json(body),
        content_type="application/json",
        headers=login,
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
