"""A training from the browser: it outlives the page and the web process, and can be cancelled."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def server(start_server):
    return start_server()


def fill(page, **fields) -> None:
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(str(value))


def test_a_training_survives_reload_and_restart_and_is_cancelled(server, visit):
    visitor = visit(server, "/training")
    page = visitor.page
    fill(page, Epochs=900, Batch_size=16)
    page.get_by_role("button", name="Train", exact=True).click()
    told = page.locator("#training-told")
    expect(told).to_contain_text("of 900", timeout=60_000)
    run = page.locator("#training-runs tbody th").inner_text()
    page.reload()
    expect(told).to_contain_text("of 900", timeout=30_000)
    server.kill()
    server.start()
    page.reload()
    expect(told).to_contain_text("of 900", timeout=30_000)
    expect(page.locator("#training-runs tbody th")).to_have_text([run])
    before = told.inner_text()
    expect(told).not_to_have_text(before)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#training-runs")).to_contain_text("cancelled", timeout=30_000)
    expect(page.locator("#training-progress")).to_be_hidden()
    visitor.errors.clear()


def test_a_finished_training_can_be_used_and_is_there_after_a_restart(server, visit):
    visitor = visit(server, "/training")
    page = visitor.page
    fill(page, Epochs=2, Batch_size=128)
    page.get_by_role("button", name="Train", exact=True).click()
    row = page.locator("#training-runs tbody tr").first
    expect(row).to_contain_text("finished", timeout=120_000)
    row.get_by_role("button", name="Use this model").click()
    expect(row).to_contain_text("in use")
    expect(page.locator("#training-settings")).to_contain_text("accuracy on digits test")
    expect(page.locator("#training-loss .gtitle")).to_contain_text(row.locator("th").inner_text())
    server.kill()
    server.start()
    page.reload()
    expect(row).to_contain_text("in use", timeout=60_000)
    expect(page.locator("#prediction .class")).not_to_be_empty(timeout=60_000)
    visitor.errors.clear()


def test_settings_that_cannot_be_trained_are_explained(server, visit):
    page = visit(server, "/training").page
    fill(page, Epochs=0)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator("#training-problem")).to_contain_text("epochs is 0: give a whole number")
