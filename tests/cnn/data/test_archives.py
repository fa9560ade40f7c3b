import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

import cnn
from cnn.data import archives
from cnn.data.sources import open_source

IMAGES = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)
LABELS = np.array([2, 0, 1, 2, 0, 1])


def saved(tmp_path, **arrays) -> str:
    np.savez(tmp_path / "own.npz", **arrays)
    return str(tmp_path / "own.npz")


@pytest.mark.parametrize(
    "names", [("x", "y"), ("images", "labels"), ("X", "Y"), ("data", "targets")]
)
def test_an_archive_of_all_pictures_has_parts_that_share_none(tmp_path, names):
    path = saved(tmp_path, **dict(zip(names, (IMAGES, LABELS), strict=True)))
    data = cnn.load_dataset(path)
    np.testing.assert_array_equal(data.images, IMAGES)
    assert (data.split, data.labels.tolist()) == ("all", LABELS.tolist())
    assert cnn.load_dataset(path, "test").labels.tolist() == [2, 1]
    assert cnn.load_dataset(path, "train").labels.tolist() == [0, 1, 2, 0]


def test_pictures_without_labels_are_of_no_class(tmp_path):
    data = cnn.load_dataset(saved(tmp_path, x=IMAGES))
    np.testing.assert_array_equal(data.images, IMAGES)
    assert (data.is_labelled, data.class_names, set(data.labels.tolist())) == (False, (), {-1})
    assert (data[3].label, data[3].class_name) == (None, None)
    assert len(cnn.load_dataset(saved(tmp_path, x=IMAGES), "test")) == 2


def test_a_split_without_labels_is_left_out_where_another_has_some(tmp_path):
    path = saved(tmp_path, x_train=IMAGES, y_train=LABELS, x_test=IMAGES)
    assert cnn.load_dataset(path).split == "train"
    divided = saved(tmp_path, x_train=IMAGES, x_test=IMAGES[:2])
    assert (len(cnn.load_dataset(divided)), cnn.load_dataset(divided).is_labelled) == (2, False)


@pytest.mark.parametrize("form", ["{}_{}", "{1}_{0}"])
def test_an_archive_with_splits_has_those(tmp_path, form):
    arrays = {}
    for split, count in (("train", 4), ("test", 2)):
        arrays[form.format("images", split)] = IMAGES[:count]
        arrays[form.format("labels", split)] = LABELS[:count]
    path = saved(tmp_path, **arrays)
    data = cnn.load_dataset(path)
    assert (data.split, len(data), len(cnn.load_dataset(path, "train"))) == ("test", 2, 4)
    with pytest.raises(cnn.DatasetError, match=r"^own\.npz has no split 'all': .* test, train"):
        cnn.load_dataset(path, "all")


def test_pictures_for_validation_are_those_of_the_test_where_there_are_no_others(tmp_path):
    parts = {"x_train": IMAGES[:4], "y_train": LABELS[:4], "x_val": IMAGES[4:], "y_val": LABELS[4:]}
    path = saved(tmp_path, **parts)
    assert cnn.load_dataset(path, "test").labels.tolist() == [0, 1]
    assert open_source(Path(path)).notes == ("val is shown as the split test.",)
    path = saved(tmp_path, **parts, x_test=IMAGES[:1], y_test=LABELS[:1])
    assert cnn.load_dataset(path, "test").labels.tolist() == [2]
    assert open_source(Path(path)).notes == ("Left out: val, beside test and train.",)


@pytest.mark.parametrize(
    ("pictures", "expected"),
    [
        (IMAGES[..., 0], IMAGES[..., :1]),
        (np.moveaxis(IMAGES, -1, 1), IMAGES),
        (IMAGES.astype(np.int64), IMAGES),
        (IMAGES.astype(np.float32), IMAGES),
        (IMAGES / 255, IMAGES),
    ],
)
def test_pictures_of_other_types_and_shapes_become_bytes(tmp_path, pictures, expected):
    data = cnn.load_dataset(saved(tmp_path, x=pictures, y=LABELS))
    np.testing.assert_array_equal(data.images, expected)


@pytest.mark.parametrize(
    ("labels", "more", "names"),
    [
        (LABELS[:, None], {}, ("0", "1", "2")),
        (np.eye(3)[LABELS], {}, ("0", "1", "2")),
        (LABELS.astype(np.float32), {"class_names": np.array(["a", "b", "c", "d"])}, tuple("abcd")),
        (np.array(["a", "b", "c"])[LABELS], {}, tuple("abc")),
    ],
)
def test_labels_are_numbers_rows_or_names(tmp_path, labels, more, names):
    data = cnn.load_dataset(saved(tmp_path, x=IMAGES, y=labels, **more))
    assert (data.labels.tolist(), data.class_names) == (LABELS.tolist(), names)


@pytest.mark.parametrize(
    ("labels", "numbers", "names"),
    [
        (
            [20250101, 20250102, 20250103, 1, 1, 1],
            [1, 2, 3, 0, 0, 0],
            "1 20250101 20250102 20250103",
        ),
        ([0, 1e9, 2e9, 3e9, 0, 0], [0, 1, 2, 3, 0, 0], "0 1000000000 2000000000 3000000000"),
        ([5, 900, 12, 7, 5, 5], [0, 3, 2, 1, 0, 0], "5 7 12 900"),
        ([0, 1, 9, 3, 9, 9], [0, 1, 9, 3, 9, 9], "0 1 2 3 4 5 6 7 8 9"),
    ],
)
def test_large_numbers_tell_classes_apart_and_small_ones_are_places(
    tmp_path, labels, numbers, names
):
    data = cnn.load_dataset(saved(tmp_path, x=IMAGES, y=np.array(labels)))
    assert (data.labels.tolist(), data.class_names) == (numbers, tuple(names.split()))


@pytest.mark.parametrize("labels", [np.array([900, 5, 7]), np.array(["c", "a", "b"])])
def test_a_class_has_the_same_number_in_every_split(tmp_path, labels):
    path = saved(tmp_path, x_train=IMAGES[:3], y_train=labels, x_test=IMAGES[:1], y_test=labels[:1])
    test, train = (cnn.load_dataset(path, split) for split in ("test", "train"))
    assert (test.labels.tolist(), train.labels.tolist()) == ([2], [2, 0, 1])
    assert test.class_names == train.class_names == tuple(map(str, sorted(labels.tolist())))


def test_labels_that_are_words_are_those_of_the_class_names_in_their_order(tmp_path):
    words, names = np.array(["dog", "cat"] * 3), np.array(["dog", "emu", "cat"])
    data = cnn.load_dataset(saved(tmp_path, x=IMAGES, y=words, class_names=names))
    assert (data.labels.tolist(), data.class_names) == ([0, 2] * 3, ("dog", "emu", "cat"))


def test_an_array_that_is_called_an_archive_is_named_as_one(tmp_path):
    with (tmp_path / "own.npz").open("wb") as file:
        np.save(file, IMAGES)
    with pytest.raises(cnn.DatasetError, match="it is one array, as np.save writes it"):
        cnn.load_dataset(str(tmp_path / "own.npz"))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": IMAGES}, "holds a, and no pictures: expected .* x and y"),
        ({"y": LABELS}, "holds y, and no pictures"),
        ({"x": IMAGES, "y": LABELS[:4]}, "6 pictures but 4 labels"),
        (
            {"x": np.zeros((6, 4, 5, 65), np.uint8), "y": LABELS},
            r"of shape \(6, 4, 5, 65\): expected",
        ),
        ({"x": IMAGES - 300.0, "y": LABELS}, "from -300 to .* whole numbers from 0 to 255"),
        ({"x": IMAGES, "y": LABELS - 1}, "expected one class number from 0"),
        ({"x": IMAGES, "y": LABELS / 2}, "expected one class number from 0"),
        ({"x": np.array([None] * 6), "y": LABELS}, "x is an array of Python objects.* as numbers"),
        (
            {"x": IMAGES, "y": LABELS.astype(object)},
            r"y is an array of .* names as y.astype\(str\)",
        ),
        ({"x": IMAGES, "y": LABELS, "class_names": np.array(["a"])}, "names that do not fit"),
        ({"x": IMAGES, "y": LABELS * 1e30}, "expected one class number from 0"),
    ],
)
def test_an_archive_that_cannot_be_used_is_refused_in_a_sentence(tmp_path, arrays, words):
    with pytest.raises(cnn.DatasetError, match=rf"^own\.npz.*{words}"):
        cnn.load_dataset(saved(tmp_path, **arrays))


def test_an_array_that_unpacks_to_more_than_there_is_room_for_is_not_unpacked(
    tmp_path, monkeypatch
):
    path = saved(tmp_path, x=IMAGES, y=LABELS)
    monkeypatch.setattr(archives, "MOST_BYTES", 100)
    monkeypatch.setattr(archives, "as_levels", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(cnn.DatasetError, match="x takes .* GB are read"):
        cnn.load_dataset(path)


def test_an_archive_that_is_cut_short_is_refused_at_any_length(tmp_path):
    buffer = io.BytesIO()
    np.savez(buffer, x=IMAGES[:2, :1, :1], y=LABELS[:2])
    whole = buffer.getvalue()
    for length in range(0, len(whole), 23):
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        with pytest.raises(cnn.DatasetError, match=r"^cut\.npz cannot be read as a data set"):
            cnn.load_dataset(str(tmp_path / "cut.npz"))
    assert zipfile.is_zipfile(io.BytesIO(whole))


GIVEN = (
    "Arrays beside the pictures: {}. A network with an input called so gets what there is for each "
    "picture; others make no use of it."
)


def test_arrays_with_a_row_for_each_picture_are_kept_beside_them_and_others_are_told(tmp_path):
    path = saved(
        tmp_path, x=IMAGES, y=LABELS, age=np.arange(6), Second=IMAGES, few=np.arange(5),
        words=np.array(list("abcdef")), one=np.array(3), class_names=np.array(["a", "b", "c"]),
        objects=np.array([None] * 6),
    )  # fmt: skip
    assert open_source(Path(path)).notes == (
        GIVEN.format("age and Second"),
        "Left out: few (5 rows for 6 pictures), words (no numbers), one (1 row for 6 pictures) and "
        "objects (no numbers).",
    )
    data = cnn.load_dataset(path)
    assert [data.beside.called(name) for name in ("age", "AGE", "second", "few", "y", "words")] == [
        "age", "age", "Second", None, None, None,
    ]  # fmt: skip
    assert data.beside.row("age", 4) == 4
    np.testing.assert_array_equal(data.beside.picture("Second", 4), IMAGES[4])
    training = cnn.load_dataset(path, "train")
    assert [int(training.beside.row("age", n)) for n in range(4)] == [1, 2, 3, 4]
    np.testing.assert_array_equal(training.beside.picture("Second", 3), IMAGES[4])


def test_what_is_no_array_beside_pictures_is_left_out_and_harms_nothing(tmp_path):
    path = saved(tmp_path, x=IMAGES, odd=np.zeros(6, [(f"field{n}", "f4") for n in range(900)]))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("broken.npy", b"no array")
        archive.writestr("readme.txt", b"what these are")
    assert open_source(Path(path)).notes == (
        "Left out: odd (no numbers), broken (no numbers) and readme.txt (no numbers).",
    )
    np.testing.assert_array_equal(cnn.load_dataset(path).images, IMAGES)


def test_a_split_has_the_arrays_that_are_called_as_it_is(tmp_path):
    path = saved(
        tmp_path, x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:2], y_test=LABELS[:2],
        age_train=np.arange(6), test_age=np.array([7, 8]), sex=np.arange(6), size_test=np.arange(6),
    )  # fmt: skip
    assert open_source(Path(path)).notes == (
        GIVEN.format("age"),
        "Left out: sex (of no split: call it sex_train or sex_test) and size_test (6 rows for 2 "
        "pictures).",
    )
    ages = [cnn.load_dataset(path, split).beside.row("age", 1) for split in ("train", "test")]
    assert ages == [1, 8]


def test_an_array_beside_pictures_is_not_read_from_a_file_that_became_another(tmp_path):
    path = saved(tmp_path, x=IMAGES, age=np.arange(6))
    data = cnn.load_dataset(path)
    saved(tmp_path, x=IMAGES, age=np.arange(6), other=np.arange(9))
    with pytest.raises(cnn.DatasetError, match=r"own\.npz was changed since it was opened"):
        data.beside.row("age", 0)
