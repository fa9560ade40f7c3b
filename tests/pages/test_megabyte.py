"""No answer about a large picture is larger than a megabyte, whatever the page and the network."""

import keras
import pytest
from plotly.io.json import to_json_plotly

import cnn
from dashboard.app import runtime_of
from dashboard.screens.request import Request
from dashboard.screens.screen import _whole
from dashboard.state.view import parse
from pages import PAGES, explain
from tests import nets
from tests.screens import application_of, unpacked

MEGABYTE = 1_000_000
SIDE = 512


def _pictures() -> keras.Model:
    """A colour picture made anew of four maps."""
    picture = keras.Input((SIDE, SIDE, 3), name="picture")
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="maps")(picture)
    x = keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid", name="image")(x)
    return keras.Model(picture, x, name="pictures")


NETWORKS = {
    "classes": lambda: nets.few_weights(SIDE),
    "segments": lambda: nets.segmenting(classes=5, side=SIDE),
    "pictures": _pictures,
}
# The maps of Explain take long; they have their own test beside other large networks.
SHOWN = [page for page in PAGES if hasattr(page, "show") and page is not explain]


@pytest.fixture(scope="module", params=NETWORKS)
def large(request, tmp_path_factory):
    """An application that opens a network of large pictures."""
    return application_of(NETWORKS[request.param](), tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("scale", ["layer", "channel"])
@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.PAGE)
def test_every_answer_of_a_page_is_below_a_megabyte(large, request_of, page, scale):
    request_of(large)
    query = {**runtime_of(large).default_view().to_query(), "scale": scale, "quiz": "1"}
    request = Request(parse(query)[0])
    whole = _whole(page.show, request, (), page.PAGE)
    assert whole is not None
    assert len(to_json_plotly(whole)) < MEGABYTE
    asked = {**query, "form": whole["around"]["form"]}
    client, address = large.server.test_client(), f"/values/{page.PAGE}"
    body = client.get(address, query_string=asked).data
    assert b'"charts"' in body and len(body) < MEGABYTE


def test_every_answer_of_the_network_page_is_below_a_megabyte(large, request_of):
    request_of(large)
    query = runtime_of(large).default_view().to_query()
    left = [info.name for info in cnn.layer_infos(Request(parse(query)[0]).model)]
    while left:
        body = (
            large.server.test_client()
            .get("/values/network", query_string={**query, "layer": left})
            .data
        )
        assert len(body) < MEGABYTE
        left = left[len(unpacked(body)[0]["page"]["layers"]) :]
