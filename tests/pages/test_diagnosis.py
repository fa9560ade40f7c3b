"""The page "Diagnosis" as the plain functions it is made of."""

import json

import numpy as np
import pytest
from keras import layers

import cnn
from cnn.captions import diagnosis as words
from cnn.inspection.diagnosis import selection
from dashboard.app import runtime_of
from pages import diagnosis
from tests import nets
from tests.screens import application_of, call, screen, unpacked


@pytest.fixture
def query(app, request_of):
    request_of(app)
    return runtime_of(app).default_view().to_query()


def texts(part) -> str:
    """Return all that is written in components."""
    if isinstance(part, list | tuple):
        return "".join(map(texts, part))
    return part if isinstance(part, str) else texts(getattr(part, "children", "") or "")


def links(part):
    """Return the links in components."""
    if isinstance(part, list | tuple):
        return [link for one in part for link in links(one)]
    own = [part] if getattr(part, "href", None) else []
    return own + links(getattr(part, "children", None) or [])


def test_the_page_says_what_was_found_over_which_pictures_and_by_which_checks(query, classifier):
    shown = screen(diagnosis, query)
    made = cnn.diagnose(classifier, cnn.load_dataset("digits"))
    assert shown.texts[diagnosis.SUMMARY] == words.diagnosis(made)
    assert "1,000 of the 1,797 pictures of embedded digits," in shown.texts[diagnosis.SAMPLE]
    found = shown.properties[diagnosis.FINDINGS]["children"]
    assert len(found) == len(made.findings)
    for item, one in zip(found, made.findings, strict=True):
        assert words.finding(one) in texts(item)
        assert f" {one.severity}{one.layer}" in texts(item)
    names = [texts(part) for part in shown.properties[diagnosis.CHECKS]["children"][::2]]
    assert names == [words.check_name(one.name) for one in made.checked]


def test_the_page_follows_the_epochs(query):
    first, last = (screen(diagnosis, {**query, "epoch": epoch}).around() for epoch in ("0", "24"))
    assert str(first) != str(last)
    assert screen(diagnosis, {**query, "index": "42"}).texts == screen(diagnosis, query).texts


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """An application whose model has units that are dead, and a softmax twice."""
    model = nets.ending(
        layers.Dense(20, activation="relu", name="units"),
        layers.Dense(10, activation="softmax", name="classes"),
        layers.Softmax(name="again"),
    )
    kernel, bias = model.get_layer("units").get_weights()
    kernel = np.abs(kernel)
    kernel[:, 4:18], bias[4:18] = 0, -1
    model.get_layer("units").set_weights([kernel, bias])
    return application_of(model, tmp_path_factory.mktemp("planted"))


def test_a_finding_leads_to_what_shows_it(planted, request_of):
    request_of(planted)
    query = runtime_of(planted).default_view().to_query()
    shown = screen(diagnosis, query)
    assert shown.texts[diagnosis.SUMMARY] == "1 fault, 1 warning and 1 note."
    fault, warning, note = shown.properties[diagnosis.FINDINGS]["children"]
    assert (fault.className, warning.className) == ("finding fault", "finding warning")
    assert "does not say what its own are" in texts(note)
    assert [link.href for link in links(fault)] == ["/why/again"]
    dead = links(warning)
    assert {link.href for link in dead} == {"/activations/units"}
    assert [json.loads(getattr(link, "data-parts")) for link in dead] == [
        {"channel": str(i)} for i in range(4, 16)
    ]
    assert texts(warning).endswith("and 2 more")
    assert texts(warning).startswith("▲ warningunits")
    assert "units 20  ·  pictures 1,000" in texts(warning)


def test_where_nothing_is_found_the_page_names_what_was_looked_for(query, monkeypatch):
    from cnn.inspection import diagnosis as checks

    monkeypatch.setattr(checks, "CHECKS", {name: lambda case: [] for name in checks.CHECKS})
    shown = screen(diagnosis, {**query, "epoch": "3"})
    assert shown.texts[diagnosis.SUMMARY] == "Nothing was found: 9 checks of 9 could look."
    assert shown.properties[diagnosis.FINDINGS]["children"] == []
    assert len(shown.properties[diagnosis.CHECKS]["children"]) == 18


def test_a_large_network_is_left_to_a_worker(query, monkeypatch):
    monkeypatch.setattr(selection, "_OF_A_NUMBER", 1e6)
    shown = screen(diagnosis, query)
    assert shown.hidden == {diagnosis.LARGE: False, diagnosis.HERE: True}
    assert shown.texts[diagnosis.SUMMARY].startswith("This network needs ")
    assert shown.texts[diagnosis.SAMPLE] == ""
    monkeypatch.undo()
    assert screen(diagnosis, query).hidden == {diagnosis.LARGE: True, diagnosis.HERE: False}


def test_what_moves_does_not_wait_for_it_and_what_rests_gets_it(app, query):
    client = app.server.test_client()
    asked = {**query, "form": screen(diagnosis, query).form}
    facts, _ = unpacked(client.get("/values/diagnosis", query_string=asked).data)
    assert facts["page"]["texts"] == screen(diagnosis, query).texts
    assert facts["page"]["charts"] == {}
    moving, _ = unpacked(
        client.get("/values/diagnosis", query_string={**asked, "moving": "epoch"}).data
    )
    assert moving["page"] == {"form": None}


def test_dash_brings_the_page_without_a_figure(app, query):
    got = call(app, diagnosis, query, None, "/diagnosis", ())
    held = got.get_json()["response"]["diagnosis-screen"]["data"]
    assert held["texts"] == screen(diagnosis, query).texts
    items = held["properties"][diagnosis.FINDINGS]["children"]
    expected = screen(diagnosis, query).properties[diagnosis.FINDINGS]["children"]
    assert json.dumps(items, sort_keys=True) == json.dumps(
        expected, sort_keys=True, default=lambda part: part.to_plotly_json()
    )
    assert np.array(held["places"]).size == 0
