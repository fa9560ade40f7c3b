"""What a reader, a trainer and an operator may do, and who is one."""

import base64
import io
import json
from types import SimpleNamespace

import pytest
from PIL import Image

import cnn
from cnn.runs.run import Note, create
from cnn.studies import Status
from dashboard.access.people import Role, line
from dashboard.access.refusals import NotAllowedError, TooManyError
from dashboard.access.roles import person
from dashboard.access.warning import warning
from dashboard.app import create_app, runtime_of
from dashboard.routes import opening
from dashboard.runs import queueing
from dashboard.runs.form import FIELDS, OWN
from dashboard.settings import Settings
from pages import training
from tests.conftest import ROOT
from tests.dashboard.test_server import ask

PASSWORD = "correct horse"
NAMES = {"rae": Role.READER, "tom": Role.TRAINER, "tim": Role.TRAINER, "ann": Role.OPERATOR}
ELSEWHERE = {"REMOTE_ADDR": "10.1.2.3"}
CONFIG = cnn.TrainingConfig("digits", epochs=1)


def signed(name, password=PASSWORD):
    given = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {given}"}


def picture():
    buffer = io.BytesIO()
    Image.new("L", (28, 28), 200).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An application with these settings, and what one of its readers is answered."""
    lines = [line(name, role, PASSWORD) for name, role in NAMES.items()]

    def served(*, auth=False, **settings):
        home = tmp_path_factory.mktemp("home")
        (home / "people").write_text("\n".join(lines))
        given = {"home": home, "data_dir": home / "none", "download": False, **settings}
        given |= {"auth": home / "people"} if auth else {}
        return create_app(Settings(**given))

    return served


@pytest.fixture(scope="module")
def with_logins(served):
    return served(auth=True)


def asked(app, **how):
    """The client's request, as a context in which functions of the server can be called."""
    how.setdefault("environ_overrides", {"REMOTE_ADDR": "127.0.0.1"})
    return app.server.test_request_context("/", **how)


def done(app, run, **how):
    """What somebody may do with a run of tom's, of the five things that need a role."""
    found = []
    with asked(app, **how):
        for name, action in (
            ("train", lambda: queueing.submit(CONFIG, None)),
            ("cancel", lambda: queueing.cancel(run)),
            ("name", lambda: queueing.write_note(run, "mine", "")),
            ("delete", lambda: queueing.delete(run)),
        ):
            try:
                action()
            except NotAllowedError as error:
                assert str(error).endswith((".", "here."))
                continue
            found.append(name)
    answer = app.server.test_client().post("/upload", data=picture(), **how)
    found += ["upload"] * (answer.status_code == 200)
    assert answer.status_code in (200, 401, 403)
    return found


LOOKS: list[str] = []
TRAINS = ["train", "upload"]
OWNS = ["train", "cancel", "name", "upload"]
ALL = ["train", "cancel", "name", "delete", "upload"]


@pytest.mark.parametrize(
    ("name", "may"), [("rae", LOOKS), ("tim", TRAINS), ("tom", OWNS), ("ann", ALL), ("eve", LOOKS)]
)
def test_with_logins_the_role_decides(with_logins, name, may):
    runs = runtime_of(with_logins).settings.jobs.runs_dir
    run = create(runs, CONFIG, note=Note(by="tom"))
    assert done(with_logins, run, headers=signed(name)) == may


@pytest.mark.parametrize(
    ("settings", "how", "may"),
    [
        ({}, {}, ALL),
        ({}, {"environ_overrides": ELSEWHERE}, TRAINS),
        ({}, {"headers": {"X-Forwarded-For": "10.1.2.3"}}, TRAINS),
        ({"host": "0.0.0.0"}, {}, TRAINS),
        ({"read_only": True}, {}, LOOKS),
    ],
)
def test_without_logins_the_place_decides(served, settings, how, may):
    app = served(**settings)
    run = create(runtime_of(app).settings.jobs.runs_dir, CONFIG)
    assert done(app, run, **how) == may


def test_who_does_not_sign_in_sees_nothing(with_logins):
    client = with_logins.server.test_client()
    for address in ("/", "/training", "/_dash-layout", "/_dash-dependencies", "/news", "/no/such"):
        answer = client.get(address)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert answer.text == "Sign in to use this server."
    assert client.get("/", headers=signed("tom")).status_code == 200
    for foreign in ("Bearer x", "Basic \xff", "Basic x"):
        assert client.get("/", headers={"Authorization": foreign}).status_code == 401
    assert client.get("/health").status_code == 200


def test_a_window_gets_the_sentence_as_a_page(with_logins):
    client = with_logins.server.test_client()
    window = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = client.get("/", headers=window)
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert "<p>Sign in to use this server.</p>" in answer.text
    planted = client.get("/", headers={**window, "Host": "<b>x"})
    assert planted.status_code == 421
    assert "not called &lt;b&gt;x:" in planted.text
    script = client.post("/upload", headers=window)
    assert (script.status_code, script.is_json) == (401, True)


def test_passwords_cannot_be_guessed_for_long(served):
    app = served(auth=True, limit_logins="3 per hour")
    client = app.server.test_client()
    wrong = [client.get("/", headers=signed("tom", f"guess {n}")) for n in range(4)]
    assert [answer.status_code for answer in wrong] == [401, 401, 401, 429]
    assert 0 < int(wrong[-1].headers["Retry-After"]) <= 3600
    assert client.get("/", headers=signed("tom")).status_code == 429
    from_elsewhere = client.get("/", headers=signed("tom"), environ_overrides=ELSEWHERE)
    assert from_elsewhere.status_code == 200
    assert client.get("/", headers=signed("tom")).status_code == 200


def test_a_proxy_says_who_it_is_and_nobody_else(served):
    app = served(auth=True, auth_header="X-Remote-User", auth_role="trainer")
    client = app.server.test_client()
    for name, role in (("rae", "reader"), ("ann", "operator"), ("somebody", "trainer")):
        with asked(app, headers={"X-Remote-User": name}):
            assert (person().name, person().role.called) == (name, role)
    assert client.get("/").status_code == 401
    assert client.get("/", headers=signed("ann")).status_code == 401
    forged = {"headers": {"X-Remote-User": "ann"}, "environ_overrides": ELSEWHERE}
    assert client.get("/", **forged).status_code == 403
    trusted = served(auth_header="X-Remote-User", auth_proxies="10.1.0.0/16")
    assert trusted.server.test_client().get("/", **forged).status_code == 200


def test_models_are_opened_for_operators_alone(with_logins, served, monkeypatch):
    monkeypatch.setattr(opening, "open_apart", lambda path, limits: None)
    for name, status in (("rae", 403), ("tom", 403), ("ann", 200)):
        answer = with_logins.server.test_client().post(
            "/models?name=net.keras", data=b"none", headers=signed(name)
        )
        assert answer.status_code == status
        assert status == 200 or "needs the role operator" in answer.json["problem"]
    read_only = served(read_only=True, upload_models=True).server.test_client()
    answer = read_only.post("/models?name=net.keras", data=b"none")
    assert (answer.status_code, "read-only" in answer.json["problem"]) == (403, True)


def shown(app, **how):
    """What the page of trainings and the panel show: what is hidden, and the sentence of who one is."""
    with asked(app, **how):
        page = json.loads(json.dumps(training.layout().to_plotly_json(), default=_as_json))
    section = next(part for part in _parts(page) if part.get("type") == "Section")
    panel = app.server.test_client().get("/_dash-layout", **how).json
    who = next(part for part in _parts(panel) if part.get("props", {}).get("id") == "who")
    upload = next(p for p in _parts(panel) if _child_id(p) == "upload")
    return SimpleNamespace(
        form=not section["props"]["hidden"], upload=not upload["props"]["hidden"],
        who=who["props"]["children"], models="open-model" in json.dumps(panel),
    )  # fmt: skip


def _as_json(component):
    return component.to_plotly_json()


def _child_id(part):
    child = part.get("props", {}).get("children")
    return child.get("props", {}).get("id") if isinstance(child, dict) else None


def _parts(tree):
    if isinstance(tree, dict):
        yield tree
        for inner in tree.values():
            yield from _parts(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from _parts(inner)


def test_what_a_role_is_refused_is_not_shown(with_logins, served):
    rae, tom, ann = (shown(with_logins, headers=signed(name)) for name in ("rae", "tom", "ann"))
    assert (rae.form, rae.upload, rae.models, rae.who) == (
        False,
        False,
        False,
        "You are rae, a reader.",
    )
    assert (tom.form, tom.upload, tom.models, tom.who) == (
        True,
        True,
        False,
        "You are tom, a trainer.",
    )
    assert (ann.form, ann.upload, ann.models, ann.who) == (
        True,
        True,
        True,
        "You are ann, an operator.",
    )
    anybody = shown(served(read_only=True))
    assert (anybody.form, anybody.upload, anybody.models) == (False, False, False)
    assert anybody.who.startswith("This server is read-only")
    assert shown(served()).who == ""


def test_the_guide_quotes_the_sentences_of_refusal(with_logins, served):
    guide = " ".join((ROOT / "docs" / "guide.md").read_text("utf-8").split())
    somebody_elses = create(
        runtime_of(with_logins).settings.jobs.runs_dir, CONFIG, note=Note(by="ann")
    )
    for app, how, action in (
        (with_logins, {"headers": signed("rae")}, lambda: queueing.submit(CONFIG, None)),
        (with_logins, {"headers": signed("tom")}, lambda: queueing.cancel(somebody_elses)),
        (served(read_only=True), {}, lambda: queueing.submit(CONFIG, None)),
        (served(host="0.0.0.0"), {}, lambda: queueing.delete(somebody_elses)),
    ):
        with asked(app, **how), pytest.raises(NotAllowedError) as refused:
            action()
        assert f"*{refused.value}*" in guide


def test_the_queue_has_an_end_for_one_reader_and_for_all(served):
    app = served(host="0.0.0.0", most_trainings=3, most_trainings_each=2)
    from_first, from_second = (
        {"environ_overrides": {"REMOTE_ADDR": a}} for a in ("10.0.0.1", "10.0.0.2")
    )
    with asked(app, **from_first):
        queueing.submit(CONFIG, None)
        run = queueing.submit(CONFIG, None)
        with pytest.raises(
            TooManyError, match="2 trainings wait already of one reader, and at most 2"
        ):
            queueing.submit(CONFIG, None)
    with asked(app, **from_second):
        queueing.submit(CONFIG, None)
        with pytest.raises(TooManyError, match="3 trainings wait already, and at most 3 may"):
            queueing.submit(CONFIG, None)
        with pytest.raises(NotAllowedError, match="Somebody else asked for that training"):
            queueing.cancel(run)
    assert len(runtime_of(app).settings.jobs.runs()) == 3


def test_studies_that_wait_have_an_end_for_one_reader_and_for_all(served):
    app = served(most_studies=3, most_studies_each=2)
    client = app.server.test_client()
    jobs, pending = runtime_of(app).settings.jobs, runtime_of(app).queue.pending

    def ask(layer, address="10.0.0.1"):
        body = {"kind": "rank", "layer": layer}
        where = {"REMOTE_ADDR": address}
        answer = client.post("/studies?data=digits", json=body, environ_overrides=where)
        return answer.status_code, answer.json.get("problem") or answer.json["id"]

    status, first = ask("conv2d")
    assert (status, ask("conv2d_1")[0]) == (200, 200)
    status, problem = ask("dense")
    assert (status, problem[:53]) == (429, "2 studies wait already of one reader, and at most 2 m")
    # What is in hand, or was found out, can be asked for by everybody.
    assert ask("conv2d", "10.0.0.2") == (200, first)
    assert ask("dense", "10.0.0.2")[0] == 200
    status, problem = ask("dense_1", "10.0.0.2")
    assert (status, problem[:36]) == (429, "3 studies wait already, and at most ")
    assert [jobs.study(one).status.by for one in pending()] == ["10.0.0.1"] * 2 + ["10.0.0.2"]
    assert "10.0.0" not in client.get(f"/studies/{first}?data=digits").text
    runtime_of(app).queue._huey.dequeue()
    jobs.study(first).write_status(Status("finished"))
    assert ask("dense_1")[0] == 200


def test_what_is_asked_too_often_is_answered_with_429_and_a_time(served):
    app = served(limit_uploads="2 per hour; 3 per hour in all")
    client = app.server.test_client()
    answers = [client.post("/upload", data=picture()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "one reader may do it 2 times in 1 hour" in answers[-1].json["problem"]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
    others = [
        client.post("/upload", data=picture(), environ_overrides=ELSEWHERE).status_code
        for _ in range(2)
    ]
    assert others == [200, 429]


def train(app, **settings):
    """Press the button of the form, with these settings in it."""
    form = [field.in_control(settings.get(field.name, field.default)) for field in FIELDS]
    state = [OWN, runtime_of(app).default_view().to_query(), *form]
    return ask(app.server.test_client(), app, "training-arrived.data", [1], state)


BUSY = "redis://127.0.0.1:1/0"
REFUSED = [
    ({"read_only": True}, 403, None, "This server is read-only"),
    ({"most_trainings": 0}, 429, "60", "0 trainings wait already, and at most 0 may"),
    ({"redis_url": BUSY}, 503, "60", "The queue cannot be reached"),
]


@pytest.mark.parametrize(("settings", "status", "later", "sentence"), REFUSED)
def test_a_training_that_is_refused_has_the_status_of_a_refusal_and_the_sentence_for_the_page(
    served, settings, status, later, sentence
):
    app = served(**settings)
    answer = train(app, dataset="digits")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, later)
    assert answer.headers["X-Refusal-Told"] == "yes"
    shown = answer.json["response"]["training-answer"]
    assert sentence in shown["children"]
    assert shown["className"] == "refused"
    assert runtime_of(app).settings.jobs.runs() == []


def test_a_training_that_cannot_be_is_the_answer_of_the_form_and_no_refusal(served):
    answer = train(served(), dataset="digits", epochs=0)
    assert (answer.status_code, "X-Refusal-Told" in answer.headers) == (200, False)
    assert answer.json["response"]["training-answer"]["children"].startswith("Epochs: 0 was given")


def test_limits_hold_while_redis_is_away(served):
    app = served(redis_url=BUSY, limit_uploads="1 per hour")
    client = app.server.test_client()
    answers = [client.post("/upload", data=picture()).status_code for _ in range(2)]
    assert answers == [200, 429]


def test_a_limit_that_is_none_is_refused_at_the_start():
    with pytest.raises(ValueError, match="limit_models"):
        Settings(limit_models="often")


@pytest.mark.parametrize(
    ("settings", "warns"),
    [
        ({}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "192.168.1.5"}, True),
        ({"host": "0.0.0.0", "read_only": True}, False),
        ({"host": "0.0.0.0", "auth": "people"}, False),
        ({"host": "::1"}, False),
    ],
)
def test_a_server_for_all_without_logins_says_so(settings, warns):
    assert bool(warning(Settings(**settings))) == warns
