"""Uploaded pictures on the disk, and the two routes that take and prepare them."""

import io
import os

import numpy as np
import pytest
from PIL import Image

import cnn
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings
from dashboard.state import pixels
from dashboard.state.uploads import Uploads


def noise(seed: int, shape=(40, 30, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def uploads(tmp_path) -> Uploads:
    return Uploads(tmp_path, most_bytes=10_000, most_days=1)


@pytest.mark.parametrize("shape", [(40, 30, 3), (40, 30, 1)])
def test_a_picture_is_kept_to_the_last_pixel_under_its_content(uploads, shape):
    key = uploads.put(noise(0, shape))
    np.testing.assert_array_equal(uploads.get(key), noise(0, shape))
    assert uploads.put(noise(0, shape)) == key
    assert uploads.put(noise(1, shape)) != key


def test_the_oldest_go_when_the_room_is_full(uploads, tmp_path):
    keys = []
    for seed in range(4):
        keys.append(uploads.put(noise(seed)))
        os.utime(tmp_path / f"{keys[-1]}.png", times=(1e9 + seed, 2e9 + seed))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 10_000
    with pytest.raises(cnn.ImageError, match="does not have or has removed"):
        uploads.get(keys[0])
    np.testing.assert_array_equal(uploads.get(keys[-1]), noise(3))


def test_a_picture_larger_than_all_the_room_is_refused_and_nothing_is_lost(uploads):
    kept = uploads.put(noise(0))
    with pytest.raises(cnn.ImageError, match="keeps 10,000 bytes of uploads in all"):
        uploads.put(noise(1, (200, 200, 3)))
    np.testing.assert_array_equal(uploads.get(kept), noise(0))


def test_a_picture_goes_after_its_days(uploads, tmp_path):
    old, new = uploads.put(noise(0)), uploads.put(noise(1))
    stat = (tmp_path / f"{old}.png").stat()
    os.utime(tmp_path / f"{old}.png", times=(stat.st_atime, stat.st_mtime - 90_000))
    with pytest.raises(cnn.ImageError, match="has removed after a time"):
        uploads.get(old)
    np.testing.assert_array_equal(uploads.get(new), noise(1))


def test_a_damaged_file_is_as_good_as_none(uploads, tmp_path):
    key = uploads.put(noise(0))
    (tmp_path / f"{key}.png").write_bytes(b"no picture")
    with pytest.raises(cnn.ImageError, match="upload it again"):
        uploads.get(key)


@pytest.fixture(scope="module")
def client(app):
    return app.server.test_client()


def file_of(array: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array).save(buffer, kind)
    return buffer.getvalue()


def photo(digit: np.ndarray) -> np.ndarray:
    """A dark digit on bright paper, off the middle."""
    paper = np.full((300, 400), 215.0)
    ink = np.asarray(Image.fromarray(digit[..., 0]).resize((140, 140))) / 255
    paper[100:240, 210:350] -= 170 * ink
    return paper.astype(np.uint8)[..., None]


def test_a_photo_of_a_digit_is_prepared_step_by_step(client, app, seven):
    answer = client.post("/upload", data=file_of(photo(seven), "JPEG"))
    assert answer.status_code == 200
    view = runtime_of(app).default_view()
    way = client.get(f"/upload/{answer.json['upload']}?model={view.model}").json
    assert [step["name"] for step in way["steps"]][0::6] == ["picture", "digit"]
    assert all(step["src"].startswith("data:image/png") for step in way["steps"])
    seen = pixels.decode(way["pixels"])
    assert cnn.predict(cnn.load_model(), seen).top(1)[0][0] == "7"


def test_of_several_digits_the_one_asked_for_is_prepared(client, app):
    data, view = cnn.load_dataset("digits"), runtime_of(app).default_view()
    digits = [data.sample(label, seed=3).pixels for label in (3, 7, 0)]
    wide = np.hstack([photo(digit)[60:280, 180:380] for digit in digits])
    key = client.post("/upload", data=file_of(wide)).json["upload"]
    for part, label in enumerate("370", 1):
        way = client.get(f"/upload/{key}?model={view.model}&part={part}").json
        step = next(step for step in way["steps"] if step["name"] == "digits")
        assert (len(step["boxes"]), step["taken"]) == (3, part - 1)
        assert np.ravel(step["boxes"]).min() >= 0
        assert np.ravel(step["boxes"]).max() <= 1
        assert cnn.predict(cnn.load_model(), pixels.decode(way["pixels"])).winner == label
    refused = client.get(f"/upload/{key}?model={view.model}&part=4")
    assert refused.status_code == 400
    assert "it has 3" in refused.json["problem"]


def test_without_centring_the_whole_picture_is_made_small(client, app, seven):
    key = client.post("/upload", data=file_of(photo(seven))).json["upload"]
    view = runtime_of(app).default_view()
    way = client.get(f"/upload/{key}?model={view.model}&centre=off").json
    assert [step["name"] for step in way["steps"]] == ["Picture", "Crop", "Size"]
    assert pixels.decode(way["pixels"])[0, 0, 0] == pytest.approx(215, abs=2)


def test_for_a_larger_model_the_picture_stays_with_the_server(second_app):
    client = second_app.server.test_client()
    view = runtime_of(second_app).default_view()
    key = client.post("/upload", data=file_of(noise(0, (60, 200, 3)))).json["upload"]
    way = client.get(f"/upload/{key}?model={view.model}").json
    assert way["pixels"] == ""
    with second_app.server.test_request_context():
        shown = runtime_of(second_app).look(type(view)(model=view.model, upload=key))
    assert shown.seen.shape == (20, 30, 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"hello", "text, not a picture"), (file_of(noise(0))[:200], "breaks off")],
)
def test_what_is_no_picture_is_refused_in_a_sentence(client, data, words):
    answer = client.post("/upload", data=data)
    assert answer.status_code == 400
    assert words in answer.json["problem"]


def test_limits_are_settings(tmp_path):
    settings = Settings(
        home=tmp_path, data_dir=tmp_path, download=False,
        upload_megabytes=0.001, upload_megapixels=0.0001,
    )  # fmt: skip
    client = create_app(settings).server.test_client()
    large = client.post("/upload", data=bytes(2000))
    assert (large.status_code, "up to 0.001 MB" in large.json["problem"]) == (413, True)
    wide = client.post("/upload", data=file_of(np.zeros((11, 10, 1), np.uint8)))
    assert wide.status_code == 400
    assert "pixels" in wide.json["problem"]


def test_a_file_a_byte_too_large_is_said_to_be_larger_than_the_limit(tmp_path):
    given = {"home": tmp_path, "data_dir": tmp_path, "download": False, "upload_megabytes": 1}
    client = create_app(Settings(**given)).server.test_client()
    problem = client.post("/upload", data=bytes(1_000_001)).json["problem"]
    assert problem.startswith("A file of 1.1 MB was given: this server takes up to 1 MB.")


def test_an_upload_that_this_server_lacks_is_said(client, app):
    view = runtime_of(app).default_view()
    answer = client.get(f"/upload/{'0' * 32}?model={view.model}")
    assert answer.status_code == 400
    assert "which this server does not have" in answer.json["problem"]
