"""What a client sends to a callback: whatever it is, no error, nothing stored, nothing given back."""

import io
import json

import pytest

from dashboard.app import runtime_of
from dashboard.bodies import MOST_BYTES
from dashboard.runs import form

IFRAME = {
    "type": "Iframe",
    "namespace": "dash_html_components",
    "props": {"src": "https://planted.example"},
}
POISONS = [
    IFRAME, [IFRAME], {"a": [IFRAME]}, {"planted": 1}, ["planted"], [], {}, True, -1, 1.5, 10**20,
    "planted", "planted" * 5000, "../../planted", "planted\0", [["planted"]] * 3,
    {"model": "planted", "names": [1], "classes": [], "opening": "", "weighted": []},
]  # fmt: skip


@pytest.fixture(scope="module")
def client(app):
    client = app.server.test_client()
    client.get("/")
    return client


def bodies(app):
    """A body for each callback, as a page would send it before anything is known."""
    for output, callback in app.callback_map.items():
        if "callback" not in callback:
            continue
        names = output.strip(".").split("...")
        places = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
        for place in places:
            if place["id"].startswith("{"):
                place["id"] = json.loads(place["id"])
        outputs = [[] if "ALL" in str(place["id"]) else place for place in places]
        parts = {
            part: [
                [] if "ALL" in place["id"] else {**place, "value": None} for place in callback[part]
            ]
            for part in ("inputs", "state")
        }
        yield {
            "output": output,
            "outputs": outputs if output.startswith("..") else outputs[0],
            "changedPropIds": [],
            **parts,
        }


def body_of(app, part: str):
    return next(body for body in bodies(app) if part in body["output"])


def send(client, body):
    return client.post("/_dash-update-component", json=body)


def with_value(body, place, value):
    """The body with another value at (part, number)."""
    part, number = place
    row = list(body[part])
    row[number] = {**row[number], "value": value}
    return {**body, part: row}


def refused(answer, words: str) -> None:
    assert answer.status_code == 400
    assert answer.mimetype == "text/plain"
    assert words in answer.text
    assert "planted" not in answer.text


def test_what_the_pages_send_at_first_is_answered(app, client):
    for body in bodies(app):
        assert send(client, body).status_code in (200, 204), body["output"]


@pytest.mark.parametrize(
    "held",
    ["planted", ["planted"], 7, True, {}, {"view": "planted", "messages": []}, {"view": {}},
     {"view": {}, "messages": "planted"}, {"view": {}, "messages": [3]},
     {"view": {"model": 3}, "messages": []}],
)  # fmt: skip
def test_what_became_of_a_link_is_a_view_and_sentences(app, client, held):
    body = next(one for one in bodies(app) if "panel-data.data" in one["output"])
    view = runtime_of(app).default_view().to_query()
    asked = with_value(body, ("inputs", 0), {"view": view, "number": 1})
    place = next(i for i, one in enumerate(body["state"]) if one["id"] == "repaired")
    refused(
        send(client, with_value(asked, ("state", place), held)), "repaired.data is of another type"
    )
    for link in (None, {"view": view, "messages": []}, {"view": view, "messages": ["It was."]}):
        assert send(client, with_value(asked, ("state", place), link)).status_code == 200


def test_no_argument_of_any_callback_breaks_it_or_comes_back(app, client):
    """The pages' own router is asked too: it gives the address to the layouts."""
    before = set(runtime_of(app).settings.jobs.runs())
    tried = 0
    for body in bodies(app):
        places = [(p, i) for p in ("inputs", "state") for i, _ in enumerate(body[p])]
        for place in places:
            if isinstance(body[place[0]][place[1]], list):
                continue
            for poison in POISONS:
                answer = send(client, with_value(body, place, poison))
                told = (body["output"], place, poison)
                assert answer.status_code in (200, 204, 400), told
                assert "Iframe" not in answer.text, told
                tried += 1
    assert tried > 1000
    assert set(runtime_of(app).settings.jobs.runs()) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"output": "planted.children"}, "no callback with its output"),
        ({"output": ["planted"]}, "no callback with its output"),
        ({"inputs": "planted"}, "its inputs are others"),
        ({"inputs": []}, "its inputs are others"),
        ({"inputs": [{"id": "planted", "property": "data"}]}, "its inputs are others"),
        ({"inputs": [{"id": "layers", "property": "planted"}]}, "its inputs are others"),
        ({"inputs": [None]}, "its inputs are others"),
        ({"state": [{"id": "view", "property": "data"}]}, "its state are others"),
        ({"outputs": [1, 2]}, "its outputs are others"),
        ({"outputs": {"id": "planted", "property": "data"}}, "its outputs are others"),
        ({"changedPropIds": ["planted.data"]}, "what has changed"),
        ({"changedPropIds": None}, "what has changed"),
    ],
)  # fmt: skip
def test_a_body_that_no_page_sends_is_refused_with_a_sentence(app, client, change, words):
    refused(send(client, {**body_of(app, "network-structure"), **change}), words)


@pytest.mark.parametrize("data", [b"", b"[1, 2]", b"null", b"{", b"[" * 100_000, b"\xff", b'"x"'])
def test_a_body_that_is_no_object_is_refused_with_a_sentence(client, data):
    answer = client.post("/_dash-update-component", data=data, content_type="application/json")
    refused(answer, "its body is no")


def test_a_body_of_another_type_is_refused_with_a_sentence(client):
    refused(client.post("/_dash-update-component", data={"a": "planted"}), "its body is no JSON")


@pytest.mark.parametrize("path", ["", "planted", "?"])
def test_a_path_that_no_page_has_is_refused(app, client, path):
    body = with_value(body_of(app, "_pages_content"), ("inputs", 0), path)
    refused(send(client, {**body, "changedPropIds": ["_pages_location.pathname"]}), "of no page")


def test_the_id_of_a_button_is_held_to_its_pattern(app, client):
    body = body_of(app, "training-deleted-message")

    def clicked(run, **more):
        place = {"id": {"type": "run-delete", "run": run, **more}, "property": "n_clicks"}
        name = json.dumps(place["id"], sort_keys=True, separators=(",", ":")) + ".n_clicks"
        return {**body, "inputs": [[{**place, "value": 1}]], "changedPropIds": [name]}

    for run in (IFRAME, ["planted"], None, 1.5):
        refused(send(client, clicked(run)), "its inputs are others")
    refused(send(client, clicked("x", planted=1)), "its inputs are others")
    for run in ("..", "", ".hidden", "planted\0", "a/b", "x" * 900):
        assert send(client, clicked(run)).status_code == 204, run


def test_a_button_that_has_left_the_page_meanwhile_can_have_changed(app, client):
    body = {**body_of(app, "training-deleted-message"), "inputs": [[]]}
    for name, is_sent in (
        ('{"run":"x","type":"run-delete"}.n_clicks', True),
        ('{"run":"x","type":"run-delete"}.planted', False),
        ('{"run":"x","type":"planted"}.n_clicks', False),
        ('{"run":["x"],"type":"run-delete"}.n_clicks', False),
        ("{.n_clicks", False),
    ):
        answer = send(client, {**body, "changedPropIds": [name]})
        if is_sent:
            assert answer.status_code == 204
        else:
            refused(answer, "what has changed is none of its inputs")


@pytest.mark.parametrize("number", [1e16, 10**20, 1.7e308])
def test_any_number_that_can_be_typed_is_answered_by_the_form(app, client, number):
    body = body_of(app, "training-epochs-message")
    typed = {form.identity(field): field.in_control(field.default) for field in form.FIELDS}
    typed |= {"ready": "ready", "training-epochs": number}
    inputs = [{**one, "value": typed[one["id"]]} for one in body["inputs"]]
    answer = send(client, {**body, "inputs": inputs})
    assert answer.status_code == 200
    told = answer.json["response"]["training-epochs-message"]["children"]
    assert told == f"{number:,g} was given; a whole number from 1 to 1000 is accepted."


def test_a_training_whose_data_set_is_a_component_is_refused(app, client):
    body = body_of(app, "training-arrived.data")
    numbers = [n for n, one in enumerate(body["state"]) if one["id"] == "training-dataset"]
    refused(send(client, with_value(body, ("state", numbers[0]), IFRAME)), "training-dataset.value")


def chunked(body: bytes) -> dict:
    """The arguments of a request that does not announce its length, as gunicorn hands it on."""
    told = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    return {"input_stream": io.BytesIO(body), "environ_overrides": told}


def test_no_route_takes_a_body_above_the_limit(client):
    large = b" " * (MOST_BYTES + 1)
    for path, options in (
        ("/_dash-update-component", {"data": large}),
        ("/_dash-update-component", chunked(large)),
        ("/values/network", {"data": large}),
        ("/values/network", chunked(large)),
    ):
        answer = client.post(path, content_type="application/json", **options)
        assert answer.status_code == 413, (path, *options)
        assert answer.text == "The request is too large: this address takes up to 1 MB."


def test_an_upload_has_a_limit_of_its_own_whether_or_not_it_announces_its_length(app, client):
    most = runtime_of(app).settings.limits.bytes
    assert most > MOST_BYTES
    for options in ({"data": b" " * (most + 1)}, chunked(b" " * (most + 1))):
        answer = client.post("/upload", **options)
        assert answer.status_code == 413
        assert answer.json["problem"].endswith("Reduce the picture and try again.")
    assert client.post("/upload", data=b"x" * (MOST_BYTES + 1)).status_code == 400
