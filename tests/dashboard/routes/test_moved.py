"""Addresses that lead to where the page is now."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("/lens", "/one-step"),
        ("/lens/conv2d?digit=3", "/one-step/conv2d?digit=3"),
        ("/network", "/"),
        ("/network?digit=3&index=2", "/?digit=3&index=2"),
    ],
)
def test_an_address_leads_to_where_the_page_is(app, old, now):
    answer = app.server.test_client().get(old)
    assert answer.status_code == 308
    assert answer.headers["Location"] == now
