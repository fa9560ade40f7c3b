"""What changes something comes from a page of this server, or is not done."""

import re

import pytest

from dashboard.app import create_app
from dashboard.settings import Settings

STRANGER = "http://stranger.example"
FOREIGN = (
    {"Origin": STRANGER},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": "http://localhost:9999"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
)
OWN = ({"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {})


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return create_app(Settings(home=home, download=False))


def writing(app):
    """Every address and method of the application that is not made for looking."""
    for rule in app.server.url_map.iter_rules():
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}:
            address = re.sub(r"<int:\w+>", "0", rule.rule)
            yield method, re.sub(r"<(\w+:)?\w+>", "x", address)


def test_no_address_that_changes_something_listens_to_another_site(app):
    client = app.server.test_client()
    addresses = list(writing(app))
    known = {"/upload", "/models", "/studies", "/studies/x/take/0", "/take/x"}
    assert known | {"/_dash-update-component"} <= {address for _, address in addresses}
    for method, address in addresses:
        assert app.server.url_map.bind("").match(address, method), address
        for headers in FOREIGN:
            answer = client.open(address, method=method, headers=headers, json={})
            assert answer.status_code == 403, (method, address, headers)
            assert "another site" in answer.json["problem"]
        for headers in OWN:
            answer = client.open(address, method=method, headers=headers, json={})
            assert answer.status_code != 403, (method, address, headers)


def test_a_question_of_a_callback_or_a_study_is_json(app):
    client = app.server.test_client()
    of_studies = ("/studies", "/studies/x/cancel", "/studies/x/take/0", "/take/counterfactual")
    for address, status in (("/_dash-update-component", 400), *((one, 415) for one in of_studies)):
        answer = client.post(address, data="{}", content_type="text/plain")
        assert answer.status_code == status


def test_another_site_may_link_here(app):
    answer = app.server.test_client().get("/", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
