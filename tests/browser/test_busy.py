"""A server with more to do than it can: the page says so and catches up by itself."""

from __future__ import annotations

import http.client
import threading
from contextlib import contextmanager, suppress

import pytest
from playwright.sync_api import TimeoutError, expect

from tests.browser.conftest import answered, seen

SENTENCE = "The server has more to do than it can do at once. This page asks again by itself."
COMPUTING = "The server computes what this page shows next …"
# A step against the network for every picture: what takes the server longest.
LONG = "/values/panel?data=digits&split=all&epsilon=0.1&index="


@pytest.fixture(scope="module")
def small_server(start_server):
    """One request computes at a time, and none waits."""
    return start_server(CNN_THREADS="2")


@contextmanager
def flood(port: int, clients: int):
    """Have many others ask without a pause, until the block ends."""
    over = threading.Event()

    def ask(first: int) -> None:
        index = first
        while not over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", f"{LONG}{index % 1797}")
            assert connection.getresponse().status in (200, 503)
            connection.close()
            index += clients

    others = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        over.set()
        for other in others:
            other.join()


@pytest.mark.parametrize("path", ["/activations/conv2d", "/"])
def test_a_page_says_that_the_server_is_busy_and_catches_up(visit, small_server, path):
    visitor = visit(small_server, path)
    page = visitor.page
    answered(page)
    busy = page.locator("#busy")
    expect(busy).to_be_hidden()
    before = seen(page)
    with flood(small_server.port, 12):
        for digit in "1234567890" * 3:
            page.get_by_role("button", name=digit, exact=True).click()
            with suppress(TimeoutError):
                busy.wait_for(state="visible", timeout=1000)
                break
        expect(busy).to_have_text(SENTENCE)
    expect(busy).to_be_hidden()
    answered(page)
    expect(page.locator("body.late")).to_have_count(0)
    assert seen(page) != before
    # The browser itself writes a line for each refusal.
    assert all("503" in error for error in visitor.errors)
    visitor.errors.clear()


def test_what_takes_long_to_compute_is_told_until_it_is_there(visit, digits_server):
    page, held = visit(digits_server, "/activations/conv2d").page, []
    over = threading.Event()
    answered(page)
    busy = page.locator("#busy")
    page.route(
        "**/values/**", lambda route: route.continue_() if over.is_set() else held.append(route)
    )
    page.get_by_role("button", name="Another", exact=True).first.click()
    expect(busy).to_have_text(COMPUTING)
    over.set()
    for route in held:
        route.continue_()
    expect(busy).to_be_hidden()
    answered(page)


def test_a_page_that_opens_meanwhile_is_whole_in_the_end(visit, small_server):
    visitor = visit(small_server, None)
    page = visitor.page
    with flood(small_server.port, 12):
        page.goto(f"{small_server.url}/activations/conv2d")
        expect(page.locator("#busy")).to_have_text(SENTENCE)
    page.locator("#activations-main .gtitle").wait_for()
    answered(page)
    expect(page.locator("#busy")).to_be_hidden()
    assert all("503" in error for error in visitor.errors)
    visitor.errors.clear()
