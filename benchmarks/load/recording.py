"""What a real browser sends when a reader does something: recorded once, then sent by many."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from playwright.sync_api import Page
from playwright.sync_api import Request as Sent

from benchmarks.browsing import open_page, real_browser, running_server

PAGE = "/activations/conv2d"
_MOVES = 12
_STEPS = 8
_FRAME_MILLISECONDS = 40
# Compressed answers are what browsers accept and servers work for.
_HEADERS = ("accept", "accept-encoding", "content-type")
_INDEX = re.compile(r"""(index(?:=|":\s*"))\d+""")


@dataclass(frozen=True)
class Asked:
    """One request of a browser."""

    method: str
    address: str
    body: bytes | None
    headers: dict[str, str]

    def of_another_picture(self, most: int) -> Asked:
        """Return the same request of a picture chosen by chance, of so many."""
        index = str(random.randrange(most))
        address = _INDEX.sub(rf"\g<1>{index}", self.address)
        is_text = self.headers.get("content-type", "").startswith("application/json")
        if self.body is None or not is_text:
            return replace(self, address=address)
        body = _INDEX.sub(rf"\g<1>{index}", self.body.decode()).encode()
        return replace(self, address=address, body=body)


Actions = dict[str, list[Asked]]


def record() -> Actions:
    """Return the requests of a reader by what he does: a digit, a layer, a stroke, a scrubbing."""
    with running_server() as server, real_browser() as browser:
        server.start()
        page = open_page(browser, server, PAGE)
        page.get_by_role("button", name="1", exact=True).click()
        page.wait_for_timeout(1000)
        return {name: _asked(page, server.url, do) for name, do in _ACTIONS.items()}


def _asked(page: Page, root: str, do: Callable[[Page], None]) -> list[Asked]:
    """Return what the page asks its server for while something is done; not for what is new."""
    sent: list[Sent] = []

    def hear(request: Sent) -> None:
        sent.append(request)

    page.on("request", hear)
    do(page)
    page.wait_for_timeout(1500)
    page.remove_listener("request", hear)
    asked = [_of(one, root) for one in sent if one.url.startswith(root) and "/news" not in one.url]
    assert asked, "the browser asked for nothing: the controls have other names"
    return asked


def _of(sent: Sent, root: str) -> Asked:
    headers = {name: value for name, value in sent.all_headers().items() if name in _HEADERS}
    # Of the form of a browser's own, which it does not tell of what it sends itself.
    headers.setdefault("accept-encoding", "gzip, deflate, br, zstd")
    return Asked(sent.method, sent.url.removeprefix(root), sent.post_data_buffer, headers)


def _digit(page: Page) -> None:
    page.get_by_role("button", name="7", exact=True).click()


def _layer(page: Page) -> None:
    page.get_by_role("link", name="conv2d_1", exact=True).first.click()


def _stroke(page: Page) -> None:
    page.get_by_role("button", name="Draw").click()
    pad = page.locator("#drawing canvas").first
    pad.wait_for()
    box = pad.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] / 4
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(_MOVES):
        page.mouse.move(x + 5 * step, y + 4 * step)
        page.wait_for_timeout(_FRAME_MILLISECONDS)
    page.mouse.up()


def _scrubbing(page: Page) -> None:
    page.locator("#epochs input[type=range]").first.focus()
    for _ in range(_STEPS):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(_FRAME_MILLISECONDS)


_ACTIONS: dict[str, Callable[[Page], None]] = {
    "digit": _digit,
    "layer": _layer,
    "stroke": _stroke,
    "scrubbing": _scrubbing,
}
