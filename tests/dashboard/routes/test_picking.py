"""Pictures to choose from, a page at a time: through the routes, over a folder of pictures."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest
from PIL import Image

import cnn
from dashboard.app import create_app, runtime_of
from dashboard.runtime import links
from dashboard.runtime.runtime import Runtime
from dashboard.settings import Settings

DIGITS = cnn.load_dataset("digits")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder of sixty digits under the names of their classes, one of them damaged."""
    folder = tmp_path_factory.mktemp("own digits")
    for label in range(10):
        (folder / str(label)).mkdir()
        for number, place in enumerate(DIGITS.indices(label)[:6]):
            path = folder / str(label) / f"{number}.png"
            Image.fromarray(DIGITS[int(place)].pixels[..., 0]).save(path)
    # A 3 that is filed as a 5 is told wrongly.
    (folder / "5" / "0.png").write_bytes((folder / "3" / "0.png").read_bytes())
    (folder / "2" / "1.png").write_bytes(b"damaged")
    return folder


@pytest.fixture(scope="module")
def client(own, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    app = create_app(Settings(home=home, data_dir=home, data=str(own), download=False))
    runtime_of(app).wait()
    with app.server.test_request_context():
        yield app.server.test_client()


@pytest.fixture
def link(client):
    """The query of what the server shows first."""
    return client.get("/link").json["view"]


def test_own_pictures_are_shown_first_under_a_name_that_says_what_is_in_them(client, link):
    assert link["data"].startswith("own:")
    assert link["split"] == "all"
    assert client.get(f"/classes/{link['data']}").json == list("0123456789")
    labels = client.get(f"/labels/{link['data']}/all").data
    assert np.frombuffer(labels, "<u2").tolist() == np.repeat(np.arange(10), 6).tolist()


def test_a_page_has_its_pictures_and_on_demand_what_the_network_says(client, link):
    page = client.get("/pictures", query_string=link).json
    assert (page["count"], page["pages"], page["page"]) == (60, 2, 0)
    assert page["items"][7] == {"index": 7, "label": 1}
    marked = client.get("/pictures", query_string={**link, "marks": "1"}).json["items"]
    assert (marked[7]["index"], marked[7]["label"], marked[7]["said"]) == (7, 1, 1)
    assert marked[7]["right"] is True
    assert marked[30]["right"] is False
    assert marked[13]["damaged"].startswith("2/1.png cannot be used")


def test_ranges_are_tried_with_the_pictures_that_are_not_damaged(client, link):
    hint = client.get("/ranges", query_string=link).json["hint"]
    assert hint.startswith("Recognised of 59 pictures: ")


def test_wrong_ones_come_first_and_it_is_said_of_how_many_that_is_known(client, link):
    page = client.get("/pictures", query_string={**link, "pick": ",,wrong,0"}).json
    right = [item["right"] for item in page["items"]]
    assert 30 in [item["index"] for item in page["items"] if not item["right"]]
    assert right == sorted(right)
    wrong = right.count(False)
    assert page["note"] == (
        f"The network was asked about all 60 pictures (1 damaged left out): {wrong} wrong."
    )
    assert (page["count"], page["judges"]) == (59, True)


def test_pictures_of_a_class_that_are_taken_for_another_are_found(client, link):
    page = client.get("/pictures", query_string={**link, "pick": "5,3,stored,0"}).json
    assert 30 in [item["index"] for item in page["items"]]
    assert {(item["label"], item["said"]) for item in page["items"]} == {(5, 3)}
    beyond = client.get("/pictures", query_string={**link, "pick": "5,,stored,99"}).json
    assert (beyond["page"], beyond["count"]) == (0, 6)
    none = client.get("/pictures", query_string={**link, "pick": "0,7,wrong,0"}).json
    assert (none["items"], none["pages"]) == ([], 1)


def test_small_pictures_come_in_one_file_that_is_kept(client, link):
    answer = client.get(f"/thumbnails/{link['data']}/all?places=0,13,59")
    sheet = Image.open(io.BytesIO(answer.data))
    assert sheet.size == (3 * 96, 96)
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert client.get(f"/thumbnails/{link['data']}/all?places=x").status_code == 404


def test_a_link_to_other_pictures_says_so_and_shows_none_in_their_place(client, link):
    other = {**link, "data": "own:0123456789ab", "index": "3"}
    followed = client.get("/link", query_string=other).json
    assert (followed["view"]["data"], followed["messages"]) == (other["data"], [])
    answer = client.get("/pictures", query_string=other)
    assert answer.status_code == 400
    assert "own:0123456789ab" in answer.json["problem"]


def test_files_that_are_others_after_the_start_are_not_shown_under_the_old_name(own, tmp_path):
    settings = Settings(home=tmp_path, data_dir=tmp_path, data=str(own), download=False)
    sets = Runtime(settings).sets
    name = sets.own_name
    os.utime(own / "9" / "0.png", ns=(0, 1))
    data = sets.load(name, "all")
    assert data[53].class_name == "8"
    with pytest.raises(cnn.DatasetError, match=r"9/0\.png was changed since"):
        data[54]
    assert Runtime(settings).sets.own_name != name


def test_pictures_that_cannot_be_opened_are_told_and_others_shown(tmp_path):
    settings = Settings(home=tmp_path, data_dir=tmp_path, data=str(tmp_path), download=False)
    runtime = Runtime(settings)
    assert runtime.default_view().data == "digits"
    assert "holds no data set: expected a folder" in runtime.problem
    assert str(tmp_path) not in runtime.problem


def served(tmp_path, *damaged):
    """A server of a folder with two sound pictures of a class, but for those that are damaged."""
    folder = tmp_path / "own"
    (folder / "cat").mkdir(parents=True)
    for name in ("0.png", "1.png"):
        Image.new("L", (8, 8), 9).save(folder / "cat" / name)
    for name in damaged:
        (folder / "cat" / name).write_bytes(b"damaged")
    settings = Settings(home=tmp_path, data_dir=tmp_path, data=str(folder), download=False)
    return Runtime(settings)


def test_the_first_picture_that_can_be_read_is_shown(tmp_path):
    runtime = served(tmp_path, "0.png")
    view = runtime.default_view()
    assert (view.data, view.index) == (runtime.sets.own_name, 1)
    assert links.follow(runtime, {"data": view.data}).view.index == 1
    assert runtime.picture(view).pixels.max() == 9


def test_where_no_picture_can_be_read_others_are_shown(tmp_path):
    runtime = served(tmp_path, "0.png", "1.png")
    assert runtime.default_view().data == "digits"
    assert runtime.problem.startswith("No picture of own (all) can be read: replace them. Other")


def test_of_some_pictures_the_first_that_is_not_damaged_is_told(client, link):
    address = f"/readable/{link['data']}/all"
    for places, index in (
        ("13,14,12", 14),
        ("13", None),
        ("14,13", 14),
        ("-1,999,3", 3),
        ("999", None),
    ):
        assert client.get(address, query_string={"places": places}).json == {"index": index}
    for places in ("", "one", "1,,2"):
        assert client.get(address, query_string={"places": places}).status_code == 404
    assert client.get("/readable/own:0123456789ab/all?places=1").status_code == 404


def test_a_link_to_a_split_without_a_readable_picture_is_no_problem_of_the_server(tmp_path):
    for number in range(3):
        path = tmp_path / "pets" / "cat" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(path)
    path.with_name("0.png").write_bytes(b"damaged")
    settings = Settings(
        home=tmp_path, data_dir=tmp_path, data=str(tmp_path / "pets"), download=False
    )
    runtime = Runtime(settings)
    assert runtime.default_view().index == 1
    followed = links.follow(runtime, {"data": runtime.sets.own_name, "split": "test"})
    assert (followed.view.split, followed.view.index) == ("test", 0)
    assert runtime.problem == ""
