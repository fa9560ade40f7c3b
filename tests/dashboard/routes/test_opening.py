"""The route by which a reader opens a model file of their own."""

import os

import keras
import pytest
from filelock import FileLock
from keras import layers

import cnn
from cnn.files import content_hash
from cnn.models.card import Card
from cnn.models.enclosed import enclose_card
from dashboard.app import create_app, runtime_of
from dashboard.routes import opening
from dashboard.runtime.catalogue import Catalogue
from dashboard.settings import Settings
from dashboard.shell.panel import model_options
from tests import nets

NOTHING = b"no model at all"


@pytest.fixture(scope="module")
def mine(tmp_path_factory, second_path):
    """Applications of which each has a home of its own, and the second model as the operator's."""

    def mine(**settings):
        home = tmp_path_factory.mktemp("home")
        given = {"home": home, "data_dir": home / "no-data", "download": False, **settings}
        return create_app(Settings(model=second_path, **given))

    return mine


@pytest.fixture
def tried(monkeypatch):
    """Let no process be started: what would have been opened, by name."""
    names = []
    monkeypatch.setattr(opening, "open_apart", lambda path, limits: names.append(path.name))
    return names


def post(app, content, name="net.keras", headers=None, card=None, **how):
    query = {"name": name} if card is None else {"name": name, "card": len(card)}
    return app.server.test_client().post(
        "/models",
        query_string=query,
        data=content and (card or b"") + content,
        headers=headers,
        **how,
    )


def kept(app):
    folder = runtime_of(app).settings.models.folder
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_while_another_file_is_opened_it_is_said_when_to_try_again(mine, tried):
    app = mine()
    with FileLock(runtime_of(app).settings.jobs.path / "opening.lock"):
        answer = post(app, NOTHING)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json["problem"].startswith("This server is opening another file")
    assert (tried, kept(app)) == ([], [])


@pytest.fixture(scope="module")
def good_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.keras"
    cnn.save_model(nets.ending(layers.Dense(2, activation="softmax")), path)
    return path


@pytest.fixture(scope="module")
def lambda_path(tmp_path_factory):
    picture = keras.Input((8, 8, 1))
    x = layers.Flatten()(layers.Lambda(lambda t: t * 2)(picture))
    path = tmp_path_factory.mktemp("hostile") / "lambda.keras"
    keras.Model(picture, layers.Dense(2, activation="softmax")(x)).save(path)
    return path


def test_a_good_file_is_kept_for_all_processes_and_a_hostile_one_is_not(
    mine, good_path, lambda_path
):
    app = mine()
    answer = post(app, good_path.read_bytes(), "начало.keras")
    assert answer.status_code == 200, answer.text
    key = content_hash(good_path)
    assert answer.json["model"] == key
    assert {"label": "начало.keras", "value": key} in answer.json["options"]
    other = Catalogue(runtime_of(app).settings)
    assert other.get(key).path.read_bytes() == good_path.read_bytes()
    answer = post(app, lambda_path.read_bytes(), "lambda.keras")
    assert answer.status_code == 400
    assert answer.json["problem"].startswith("lambda.keras needs arbitrary Python code")
    assert kept(app) == [key]


def test_a_reader_takes_the_place_of_nobodys_model(mine, tried, second_path):
    app = mine()
    catalogue = runtime_of(app).catalogue
    before = catalogue.default()
    answer = post(app, second_path.read_bytes(), "mine.keras")
    assert answer.json["model"] == before.key
    assert (tried, kept(app)) == ([], [])
    key = post(app, NOTHING).json["model"]
    assert (tried, kept(app)) == (["net.keras"], [key])
    assert catalogue.default() == before
    shown = [option["value"] for option in model_options(runtime_of(app))]
    assert shown == [before.key, catalogue.bundled().key, key]


def test_the_model_that_was_looked_at_last_comes_first_and_names_are_told_apart(mine, tried):
    app = mine()
    first, second = (post(app, NOTHING + bytes(n)).json["model"] for n in range(2))
    for key in (first, second):
        os.utime(runtime_of(app).settings.models.folder / key, (0, 0))
    runtime_of(app).catalogue.get(first)
    assert model_options(runtime_of(app))[-2:] == [
        {"label": f"net.keras · {key[-4:]}", "value": key} for key in (first, second)
    ]


def test_nothing_half_written_is_left(mine, monkeypatch):
    app = mine(upload_model_megabytes=0.001)

    def refuse(path, limits):
        assert path.read_bytes() == NOTHING
        raise cnn.ModelError("It is none.")

    monkeypatch.setattr(opening, "open_apart", refuse)
    assert post(app, NOTHING).json == {"problem": "It is none."}
    assert post(app, NOTHING, "net.pkl").status_code == 400
    unannounced = {"wsgi.input": Endless(), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    for content, given in ((bytes(2000), {}), (None, unannounced)):
        answer = post(app, content, environ_overrides=given)
        assert answer.status_code == 413
        assert "net.keras is too large: this server takes models of up to 0.001 MB" in answer.text
    assert post(app, NOTHING, environ_overrides={"CONTENT_LENGTH": "500"}).status_code == 400
    assert kept(app) == []


class Endless:
    """A body that never ends, and whose length nobody has announced."""

    def read(self, size: int) -> bytes:
        return bytes(size)


def test_one_file_is_opened_at_a_time(mine, monkeypatch):
    app = mine()
    answers = []
    monkeypatch.setattr(opening, "open_apart", lambda *_, **__: answers.append(post(app, b"2")))
    assert post(app, NOTHING).status_code == 200
    assert [answer.status_code for answer in answers] == [503]
    assert "try again in some seconds" in answers[0].text


@pytest.mark.parametrize(
    ("settings", "how", "allowed"),
    [
        ({}, {}, True),
        ({}, {"base_url": "http://[::1]:8050", "environ_overrides": {"REMOTE_ADDR": "::1"}}, True),
        ({"upload_models": False}, {}, False),
        ({"host": "0.0.0.0"}, {}, False),
        ({"host": "::"}, {}, False),
        ({"host": "192.168.1.5"}, {}, False),
        ({"host": "cnn.school.example"}, {}, False),
        ({"host": "localhost"}, {}, True),
        ({"host": "LocalHost"}, {}, True),
        ({"host": "::1"}, {}, True),
        ({"host": "127.0.0.2"}, {"base_url": "http://127.0.0.2:8050"}, True),
        ({}, {"environ_overrides": {"REMOTE_ADDR": "::ffff:127.0.0.1"}}, True),
        ({}, {"environ_overrides": {"REMOTE_ADDR": "::ffff:10.1.2.3"}}, False),
        ({"host": "0.0.0.0", "upload_models": True}, {}, True),
        ({}, {"environ_overrides": {"REMOTE_ADDR": "10.1.2.3"}}, False),
        ({}, {"headers": {"X-Forwarded-For": "10.1.2.3"}}, False),
        ({}, {"headers": {"Origin": "http://stranger.example"}}, False),
        ({}, {"headers": {"Origin": "null"}}, False),
        ({}, {"headers": {"Sec-Fetch-Site": "cross-site"}}, False),
        ({}, {"headers": {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}}, True),
        ({"upload_models": True}, {"headers": {"Sec-Fetch-Site": "same-site"}}, False),
    ],
)
def test_who_may_open_a_file(mine, tried, settings, how, allowed):
    app = mine(**settings)
    answer = post(app, NOTHING, **how)
    assert (answer.status_code, kept(app) != []) == ((200, True) if allowed else (403, False))
    assert allowed or answer.json["problem"]


def test_the_control_is_there_for_those_who_may(mine):
    for settings, is_there in (({}, True), ({"upload_models": False}, False)):
        layout = mine(**settings).server.test_client().get("/_dash-layout").text
        assert ("open-model" in layout) == is_there


CARD = b'{"class_names": ["cat", "dog"], "scale": "-1..1", "facts": {"maker": "a stranger"}}'


def test_a_card_that_is_sent_with_the_network_gives_it_its_names_and_leaves_it_elsewhere(
    mine, tried, good_path
):
    app = mine()
    without = post(app, good_path.read_bytes()).json["model"]
    answer = post(app, good_path.read_bytes(), card=CARD)
    assert answer.status_code == 200, answer.text
    catalogue = runtime_of(app).catalogue
    model = catalogue.load(answer.json["model"])
    card = cnn.models.card_of(model)
    assert (cnn.class_names(model), card.scale, card.facts) == (("cat", "dog"), "-1..1", None)
    assert cnn.class_names(catalogue.load(without)) == ("0", "1")
    assert post(app, good_path.read_bytes(), card=CARD).json["model"] == answer.json["model"]


@pytest.mark.parametrize(
    ("card", "name", "words"),
    [
        (b"{", "net.keras", "The card of net.keras is no JSON"),
        (b"[]", "net.keras", "The card of net.keras is no model card"),
        (b'{"class_names": "cat"}', "net.keras", "expected a list of strings"),
        (b'{"scale": "1/255"}', "net.keras", "1/255"),
    ],
)
def test_a_card_that_cannot_be_used_is_a_sentence(mine, tried, good_path, card, name, words):
    app = mine()
    answer = post(app, good_path.read_bytes(), name, card=card)
    assert answer.status_code == 400
    assert words in answer.json["problem"]
    assert not tried
    assert not kept(app)


def test_a_card_that_comes_with_a_file_of_hdf5_is_kept_beside_it(mine, tried):
    app = mine()
    key = post(app, NOTHING, "net.h5", card=CARD).json["model"]
    path = runtime_of(app).settings.models.find(key)
    assert path.name == "net.h5"
    card = cnn.models.read_card(cnn.models.card_path(path))
    assert (card.class_names, card.scale, card.facts) == (("cat", "dog"), "-1..1", {})
    assert post(app, NOTHING, "net.h5", card=CARD).json["model"] == key
    other = post(app, NOTHING, "net.h5", card=CARD.replace(b"cat", b"cow"))
    assert "net.h5 is open here already, with another card" in other.json["problem"]
    assert post(app, NOTHING, "net.h5").json["model"] == key


def test_what_has_a_card_inside_takes_no_second_one_and_no_archive_takes_none(
    mine, tried, good_path, tmp_path
):
    app, path = mine(), tmp_path / "named.keras"
    path.write_bytes(good_path.read_bytes())
    enclose_card(Card(class_names=("cat", "dog")), path)
    assert "has a card inside" in post(app, path.read_bytes(), card=CARD).json["problem"]
    assert "is no .keras file" in post(app, NOTHING, card=CARD).json["problem"]
    large = app.server.test_client().post("/models?name=net.keras&card=99999999", data=CARD)
    assert "The card of net.keras is too large" in large.json["problem"]
