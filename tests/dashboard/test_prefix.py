"""Everything below a path, which the operator sets or a proxy says."""

import json
import re
from html.parser import HTMLParser

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from dashboard.app import create_app
from dashboard.cli import app as command_line
from dashboard.settings import Settings

PROXIED = {"X-Forwarded-Prefix": "/cnn"}


class Named(HTMLParser):
    """The addresses that a page names."""

    def __init__(self, text):
        super().__init__()
        self.addresses = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.addresses += [v for name, v in attributes if name in ("href", "src")]


def client(home, **settings):
    return create_app(Settings(home=home, download=False, **settings)).server.test_client()


@pytest.fixture(scope="module")
def set_up(tmp_path_factory):
    return client(tmp_path_factory.mktemp("set"), prefix="/cnn/")


@pytest.fixture(scope="module")
def believing(tmp_path_factory):
    return client(tmp_path_factory.mktemp("believing"), proxies=1)


@pytest.fixture(params=["--prefix", "X-Forwarded-Prefix"])
def get(request):
    """GET of what a browser calls `/cnn` and the path, in both ways of serving it."""
    if request.param == "--prefix":
        set_up = request.getfixturevalue("set_up")
        return lambda path: set_up.get(f"/cnn{path}")
    believing = request.getfixturevalue("believing")
    return lambda path: believing.get(path, headers=PROXIED)


def addresses(tree):
    """All `href` of a tree of components."""
    if isinstance(tree, list):
        return [one for part in tree for one in addresses(part)]
    if not isinstance(tree, dict):
        return []
    own = [tree["href"]] if isinstance(tree.get("href"), str) else []
    return own + [one for part in tree.values() for one in addresses(part)]


def test_all_that_a_page_names_is_below_the_path_and_there(get):
    named = [a for a in Named(get("/activations/conv2d").text).addresses if a.startswith("/")]
    assert len(named) > 8
    for address in named:
        assert address.startswith("/cnn/")
        assert get(address.removeprefix("/cnn")).status_code == 200, address


def test_what_the_scripts_are_told_is_below_the_path(get):
    text = get("/").text
    rules = json.loads(re.search(r'id="view-rules">(.*?)</script>', text)[1])
    assert rules["pages"] == {"base": "/cnn/", "first": "network"}
    assert rules["addresses"]["layer_values"] == "/cnn/values/<page>/<layer>"
    assert all(address.startswith("/cnn/") for address in rules["addresses"].values())
    config = json.loads(re.search(r'id="_dash-config"[^>]*>(.*?)</script>', text)[1])
    assert config["requests_pathname_prefix"] == "/cnn/"
    assert 'data-plotly="/cnn/package/plotly-' in text


def test_links_of_the_shell_are_below_the_path(get):
    links = [a for a in addresses(get("/_dash-layout").json) if a.startswith("/")]
    assert {"/cnn/", "/cnn/training", "/cnn/glossary"} <= set(links)
    assert all(link.startswith("/cnn/") for link in links)


def test_an_old_address_leads_to_one_below_the_path(get):
    assert get("/lens/conv2d?index=3").headers["Location"] == "/cnn/one-step/conv2d?index=3"


def test_without_a_path_nothing_is_below_one(believing):
    links = addresses(believing.get("/_dash-layout").json)
    assert "/training" in links


def test_two_proxies_behind_each_other_add_their_paths(tmp_path):
    both = client(tmp_path, prefix="cnn", proxies=1)
    text = both.get("/cnn/", headers={"X-Forwarded-Prefix": "/school"}).text
    assert '"base": "/school/cnn/"' in text


def test_what_is_not_below_the_prefix_is_explained(set_up):
    for path in ("/", "/health", "/cnnx/health"):
        answer = set_up.get(path)
        assert answer.status_code == 404
        assert "below /cnn/" in answer.text
        assert answer.mimetype == "text/plain"


def test_the_prefix_without_its_stroke_leads_to_the_first_page(set_up):
    answer = set_up.get("/cnn?index=3")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/cnn/?index=3")


def test_a_proxy_that_is_not_counted_is_not_believed(tmp_path):
    text = client(tmp_path).get("/", headers=PROXIED).text
    assert '"base": "/"' in text
    assert "/cnn" not in text


@pytest.mark.parametrize(
    "said",
    ["//elsewhere.example", "elsewhere", "/a b", "/<script>", "/a/../b", "https://x.example"],
)
def test_what_a_proxy_says_is_a_path_or_refused(believing, said):
    answer = believing.get("/", headers={"X-Forwarded-Prefix": said})
    assert answer.status_code == 400
    assert answer.text.startswith("X-Forwarded-Prefix is no path")
    assert said not in answer.text


@pytest.mark.parametrize(
    ("given", "prefix"),
    [("cnn", "/cnn/"), ("/cnn", "/cnn/"), ("/a/b/", "/a/b/"), ("/", "/"), ("", "/")],
)
def test_a_prefix_is_written_in_any_of_these_ways(given, prefix):
    assert Settings(prefix=given).prefix == prefix


@pytest.mark.parametrize("given", ["//cnn", "a b", "/../", "/a/./b", "http://x/", "/a?b", "/a//b"])
def test_a_prefix_that_is_no_path_is_refused(given):
    with pytest.raises(ValidationError, match="expected a path of letters"):
        Settings(prefix=given)


def test_the_command_line_says_what_a_prefix_is():
    done = CliRunner().invoke(command_line, ["serve", "--prefix", "a b"], env={"COLUMNS": "300"})
    assert done.exit_code == 2
    assert "prefix is 'a b'" in done.output
    assert "such as /cnn/" in done.output
