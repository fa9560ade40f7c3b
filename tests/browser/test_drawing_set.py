"""The recorded drawings are what the canvas gives today."""

import numpy as np
import pytest

from tests.browser.conftest import START_MILLISECONDS
from tests.drawings.make import RECORDED, record
from tests.drawings.strokes import drawings

_SOME = [27, 75, 189]


@pytest.fixture(scope="module")
def again(digits_server, browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{digits_server.url}/activations/conv2d")
    page.wait_for_selector("#content:not(.waiting)", timeout=START_MILLISECONDS)
    made = drawings()
    yield record(page, [made[number] for number in _SOME]).astype(float)
    page.close()


def test_drawings_made_again_have_the_same_ink(again):
    with np.load(RECORDED) as kept:
        before = kept["ink"][_SOME].astype(float)
    difference = np.abs(again - before).sum(axis=(1, 2))
    assert (difference < 0.1 * before.sum(axis=(1, 2))).all()
