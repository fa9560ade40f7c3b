"""Trainings from the browser: they outlive the page and the web processes; runs can be dealt with."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import START_MILLISECONDS


@pytest.fixture(scope="module")
def server(start_server):
    return start_server(CNN_PROCESSES="2")


def fill(page, **fields) -> None:
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(str(value))


def train(page) -> None:
    page.get_by_role("button", name="Train", exact=True).click()


def first_row(page):
    return page.locator("#training-runs tbody tr").first


def test_a_training_survives_its_browser_and_its_server_and_is_cancelled_and_resumed(server, visit):
    first = visit(server, "/training").page
    fill(first, Epochs=900, Batch_size=16)
    train(first)
    expect(first.locator(".run-progress")).to_contain_text("of 900", timeout=START_MILLISECONDS)
    run = first_row(first).locator("th").text_content()
    visitor = visit(server, "/training")
    page = visitor.page
    told = page.locator(".run-progress")
    expect(told).to_contain_text("of 900")
    expect(first_row(page).locator("th")).to_have_text(run)
    first.close()
    server.kill()
    expect(page.locator("#silence")).to_contain_text("does not answer")
    server.start()
    expect(page.locator("#silence")).to_be_empty()
    expect(first_row(page).locator("th")).to_have_text(run)
    before = told.inner_text()
    expect(told).not_to_have_text(before)
    expect(page.locator("#training-loss .legendtext").first).to_be_visible(
        timeout=START_MILLISECONDS
    )
    page.get_by_role("button", name="Cancel").click()
    expect(first_row(page)).to_contain_text("cancelled")
    expect(first_row(page)).to_contain_text(re.compile("[1-9][0-9]* of 900"))
    expect(page.locator("#training-which")).to_contain_text("was cancelled")
    page.reload()
    expect(page.locator("#training-which")).to_contain_text(
        "was cancelled", timeout=START_MILLISECONDS
    )
    expect(first_row(page).get_by_role("checkbox")).to_be_checked()
    expect(page.locator("#training-loss .gtitle")).to_contain_text("· 900 epochs")
    first_row(page).get_by_role("button", name="Resume").click()
    expect(told).to_contain_text(re.compile("Epoch [1-9][0-9]* of 900"))
    page.get_by_role("button", name="Cancel").click()
    expect(first_row(page)).to_contain_text("cancelled")
    visitor.errors.clear()


def test_a_finished_training_is_named_used_compared_taken_away_and_deleted(server, visit):
    visitor = visit(server, "/training")
    page = visitor.page
    page.get_by_label("Start from").select_option("Learning rate too low")
    expect(page.locator("#training-watch")).to_contain_text("almost flat")
    expect(page.get_by_label("Learning rate", exact=True)).to_have_value(
        re.compile("0.000001|1e-0?6")
    )
    fill(page, Epochs=2, Batch_size=128)
    train(page)
    row = first_row(page)
    expect(row).to_contain_text("finished", timeout=START_MILLISECONDS)
    expect(row.locator("th")).to_contain_text("Learning rate too low")
    row.get_by_role("button", name="Use this model").click()
    expect(row).to_contain_text("in use")
    expect(page.locator("#training-settings")).to_contain_text("accuracy on embedded digits test")
    expect(page.locator("#training-loss .gtitle")).to_contain_text("Learning rate too low")

    row.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Snail")
    dialog.get_by_label("Note").fill("It hardly moves.")
    dialog.get_by_role("button", name="Save").click()
    expect(row.locator("th")).to_contain_text("Snail")
    expect(row).to_contain_text("It hardly moves.")
    expect(page.locator("#training-loss .gtitle")).to_contain_text("Snail")

    page.get_by_label("Compare bundled digit classifier").check()
    page.get_by_label("Compare Snail").check()
    expect(page.locator("#training-loss .gtitle")).to_have_text("Loss of 2 runs")
    expect(page.locator("#training-settings")).to_contain_text("learning rate")
    expect(page).to_have_url(re.compile("runs=.*pretrained"))

    with page.expect_download() as taken:
        row.get_by_role("link", name="History").click()
    assert taken.value.path().read_text().startswith("epoch,loss")

    server.kill()
    server.start()
    page.reload()
    expect(row).to_contain_text("in use", timeout=START_MILLISECONDS)
    expect(page.locator("#prediction .class")).not_to_be_empty(timeout=START_MILLISECONDS)

    row.get_by_role("button", name="Delete").click()
    expect(dialog).to_contain_text("Snail: its model, its history and")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.locator("#training-runs")).not_to_contain_text("Snail")
    visitor.errors.clear()


def test_what_cannot_be_trained_is_marked_while_it_is_typed_and_what_is_queued_comes_into_view(
    server, visit
):
    page = visit(server, "/training").page
    epochs, answer = page.get_by_label("Epochs", exact=True), page.locator("#training-answer")
    fill(page, Epochs=0)
    expect(answer).to_have_text("Epochs: 0 was given; a whole number from 1 to 1000 is accepted.")
    expect(answer).to_be_in_viewport()
    expect(epochs).to_have_class(re.compile("is-invalid"))
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()
    fill(page, Epochs=900)
    expect(answer).to_be_empty()
    expect(epochs).not_to_have_class(re.compile("is-invalid"))
    train(page)
    expect(answer).to_contain_text("“embedded digits · Adam 0.001 · 900 epochs")
    row = first_row(page)
    expect(row).to_contain_text("embedded digits · Adam 0.001 · 900 epochs")
    expect(row).to_be_in_viewport()
    expect(row.get_by_role("checkbox")).to_be_checked()
    expect(page.locator("#training-which")).to_contain_text("· 900 epochs")
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("cancelled", timeout=START_MILLISECONDS)


def test_the_diagram_follows_and_an_impossible_network_cannot_be_trained(server, visit):
    page = visit(server, "/training").page
    told = page.locator("#training-diagram-caption")
    expect(told).to_contain_text("8 layers, 121,930 parameters")
    fill(page, Conv_blocks=1)
    expect(told).to_contain_text("6 layers")
    fill(page, Conv_blocks=5)
    expect(told).to_contain_text("choose fewer blocks")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()
    page.get_by_label("Padding").select_option("same")
    fill(page, Conv_blocks=3)
    expect(told).to_contain_text("10 layers")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()
