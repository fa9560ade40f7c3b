"""The scripts and style sheets of the page: their order, and what the server tells them."""

from __future__ import annotations

import re
from pathlib import Path

import dash
import pytest
from dash import Dash, Input, Output
from flask import Flask

from dashboard.app import create_app, known
from dashboard.routes.versioned import edition, serve_assets, tell_edition
from dashboard.settings import Settings

ASSETS = Path(__file__).parent.parent.parent / "assets"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return create_app(Settings(home=tmp_path_factory.mktemp("assets"), download=False))


@pytest.mark.parametrize("kind", ["js", "css"])
def test_all_scripts_are_one_file_in_the_order_of_their_numbers_and_so_are_all_style_sheets(
    app, kind
):
    client = app.server.test_client()
    address = re.search(rf'"(/package/assets-{kind}-\w+)"', client.get("/").text)[1]
    served = client.get(address).text
    named = re.findall(rf"^/\* (\S+\.{kind}) \*/$", served, re.MULTILINE)
    files = sorted(path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob(f"*.{kind}"))
    assert named == files
    assert all(re.fullmatch(rf"\d\d-[a-z]+/[a-z-]+\.{kind}", name) for name in named)
    for name in files:
        assert (ASSETS / name).read_text(encoding="utf-8") in served


def test_of_the_scripts_of_dash_those_for_old_browsers_and_tables_are_not_loaded(app):
    names = re.compile(r"_dash-component-suites/(\S+?)(?:@\d+)?\.v\d")
    with app.server.test_request_context():
        all_of_dash = names.findall(app._generate_scripts_html())
    loaded = names.findall(app.server.test_client().get("/").text)
    dropped = [name for name in all_of_dash if name not in loaded]
    assert dropped == ["dash/deps/polyfill", "dash/dash_table/bundle"]
    assert "dash/dash-renderer/build/dash_renderer" in loaded


def test_scripts_of_another_content_have_another_address(tmp_path):
    (tmp_path / "one.js").write_text("1;")
    first = serve_assets(Flask("first"), tmp_path, "js")
    (tmp_path / "one.js").write_text("2;")
    assert serve_assets(Flask("second"), tmp_path, "js") != first


def test_every_answer_names_the_edition_that_pages_know(app):
    client, edition = app.server.test_client(), known(app)["edition"]
    for path in ("/", "/health", "/planted", "/_dash-dependencies"):
        assert client.get(path).headers["X-Edition"] == edition
    refused = client.post("/_dash-update-component", json={"output": "of-an-old-page.data"})
    told = [refused.headers[name] for name in ("X-Edition", "X-Refusal-Untold")]
    assert (refused.status_code, told) == (400, [edition, "yes"])


def test_an_edition_is_another_when_scripts_or_callbacks_are_others(tmp_path):
    (tmp_path / "one.js").write_text("1;")

    def found(*inputs):
        app = Dash("small")
        serve_assets(app.server, tmp_path, "js")
        for name in inputs:
            app.callback(Output(f"of-{name}", "data"), Input(name, "data"))(print)
        tell_edition(app)
        return edition(app.server)

    first = found("a")
    assert found("a") == first
    assert len({first, found("b"), found("a", "b")}) == 3
    (tmp_path / "one.js").write_text("2;")
    assert found("a") != first


def test_the_addresses_that_scripts_ask_are_those_of_the_server(app):
    for name, address in known(app)["addresses"].items():
        path = re.sub(r"<\w+>", "1", address)
        methods = ("GET", "POST")
        routes = app.server.url_map.bind("")
        assert name in [
            routes.match(path, method=method)[0]
            for method in methods
            if method in routes.allowed_methods(path)
        ]


def test_no_script_has_an_address_of_its_own(app):
    rules = [rule.rule for rule in app.server.url_map.iter_rules()]
    pages = [page["path"] for page in dash.page_registry.values()]
    first = {path.split("/")[1] for path in (*rules, *pages)} - {"", "<path:path>"}
    assert {"link", "values", "news", "upload", "labels", "glossary"} <= first
    literal = re.compile(rf"[\"'`]/(?:{'|'.join(map(re.escape, sorted(first)))})\b")
    scripts = {path.name: path.read_text(encoding="utf-8") for path in ASSETS.rglob("*.js")}
    assert {
        name: literal.findall(text) for name, text in scripts.items() if literal.search(text)
    } == {}


def test_every_address_that_a_script_names_is_told(app):
    told = known(app)["addresses"]
    for path in ASSETS.rglob("*.js"):
        calls = re.findall(r"addressOf\(([^,)]+)", path.read_text(encoding="utf-8"))
        named = [name for call in calls for name in re.findall(r'"(\w+)"', call)]
        assert set(named) <= set(told), path.name


def test_no_two_scripts_share_a_name():
    names = []
    for path in ASSETS.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        for shared in re.findall(r"root\.cnn = \{ \.\.\.root\.cnn,(.*?)\};\n", text, re.DOTALL):
            flat = re.sub(r"\{[^{}]*\}", "", shared)
            names += re.findall(r"(?:^|,)\s*(\w+)", flat)
    assert {name for name in names if names.count(name) > 1} == set()
    assert {"reset", "openPage", "openLayer", "plotly", "showNetwork"} <= set(names)


def test_no_style_of_the_whole_page_depends_on_what_is_in_it():
    """With such a rule each change of any part has the styles of all of them looked at anew."""
    rule = re.compile(
        r"(?:^|[\s,}])(?:html|body|main|:root|#main|#content)[^\s,{]*:has\(", re.MULTILINE
    )
    assert {path.name: rule.findall(path.read_text()) for path in ASSETS.rglob("*.css")} == {
        path.name: [] for path in ASSETS.rglob("*.css")
    }
