import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnn
from cnn.data import picture_files
from cnn.data.sources import open_source


def picture(folder: Path, name: str, shape=(6, 7), grey=0, **options) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, grey, np.uint8)).save(folder / name, **options)
    return folder / name


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that were decoded."""
    names = []
    decode = picture_files.PictureFiles.decoded

    def counted(self, place, *longest):
        names.append(self.name(place))
        return decode(self, place, *longest)

    monkeypatch.setattr(picture_files.PictureFiles, "decoded", counted)
    return names


def test_a_folder_of_pictures_has_a_class_per_sub_folder(tmp_path, decoded):
    for name, grey in (("cat", 10), ("dog", 200)):
        picture(tmp_path / name, "one.png", (4, 5), grey)
    data = cnn.load_dataset(str(tmp_path))
    assert decoded == []
    assert data.images.shape == (2, 4, 5, 1)
    assert data.class_names == ("cat", "dog")
    assert data[1].class_name == "dog"
    assert data[1].pixels.max() == 200


def test_pictures_beside_each_other_have_no_labels(tmp_path):
    for grey in (10, 200):
        picture(tmp_path, f"{grey:03}.png", grey=grey)
    data = cnn.load_dataset(str(tmp_path))
    assert (data.is_labelled, data.class_names, data.images[:, 0, 0, 0].tolist()) == (
        False,
        (),
        [10, 200],
    )
    assert (data[1].label, data[1].class_name, data[1].index) == (None, None, 1)
    picture(tmp_path / "cat", "0.png")
    assert cnn.load_dataset(str(tmp_path)).class_names == ("cat",)


def test_splits_may_hold_pictures_without_labels(tmp_path):
    picture(tmp_path / "train", "0.png")
    picture(tmp_path / "test", "1.png", grey=9)
    data = cnn.load_dataset(str(tmp_path))
    assert (data.split, len(data), data[0].label, data[0].pixels.max()) == ("test", 1, None, 9)


def test_a_table_of_files_alone_has_no_labels(tmp_path):
    picture(tmp_path, "a.png")
    (tmp_path / "files.csv").write_text("file\na.png\n")
    data = cnn.load_dataset(str(tmp_path))
    assert (len(data), data.is_labelled) == (1, False)


def test_opening_many_files_decodes_none_and_looking_at_one_decodes_one(tmp_path, decoded):
    first = picture(tmp_path / "0", "0.png")
    for label in range(4):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        for number in range(500):
            if label or number:
                os.link(first, tmp_path / str(label) / f"{number}.png")
    data = cnn.load_dataset(str(tmp_path))
    assert (len(data), decoded) == (2000, [])
    assert data[1003].class_name == "2"
    assert decoded == ["2/100.png"]


def test_folders_called_train_and_test_are_splits_with_the_same_classes(tmp_path):
    picture(tmp_path / "train" / "cat", "0.png")
    picture(tmp_path / "train" / "dog", "0.png")
    picture(tmp_path / "test" / "dog", "1.png")
    data = cnn.load_dataset(str(tmp_path))
    assert (data.split, len(data), data[0].class_name) == ("test", 1, "dog")
    assert cnn.load_dataset(str(tmp_path), "train").class_names == data.class_names


def test_a_class_that_is_called_as_a_split_is_one_beside_other_classes(tmp_path):
    for name in ("bus", "car", "train"):
        picture(tmp_path / name, "0.png")
    data = cnn.load_dataset(str(tmp_path))
    assert (data.split, data.class_names, len(data)) == ("all", ("bus", "car", "train"), 3)


@pytest.mark.parametrize(
    ("folders", "splits", "notes"),
    [
        (("train", "val"), {"train": "train", "test": "val"}, ("val is shown as the split test.",)),
        (("Train", "Test"), {"train": "Train", "test": "Test"}, ()),
        (
            ("training", "validation"), {"train": "training", "test": "validation"},
            ("validation is shown as the split test.",),
        ),
        (
            ("train", "val", "test"), {"train": "train", "test": "test"},
            ("Left out: val, beside test and train.",),
        ),
    ],
)  # fmt: skip
def test_splits_have_any_of_their_usual_names_and_what_is_left_out_is_told(
    tmp_path, folders, splits, notes
):
    for name in folders:
        picture(tmp_path / name / "cat", f"{name}.png")
        picture(tmp_path / name / "dog", f"{name}.png")
    source = open_source(tmp_path)
    assert (sorted(source.splits), source.notes) == (sorted(splits), notes)
    for split, name in splits.items():
        pictures = cnn.load_dataset(str(tmp_path), split).pictures
        assert pictures.name(0) == f"{name}/cat/{name}.png"


def test_what_a_mac_puts_beside_pictures_is_none_and_no_class(tmp_path):
    picture(tmp_path / "cat", "0.png")
    for place in ("cat/._0.png", "__MACOSX/1.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(b"\0\5\x16\7")
    data = cnn.load_dataset(str(tmp_path))
    assert (len(data), data.class_names) == (1, ("cat",))


def test_pictures_below_the_folder_of_a_class_are_named(tmp_path):
    picture(tmp_path / "pets" / "cat", "0.png")
    with pytest.raises(cnn.DatasetError, match=r"and pictures in pets/cat: .*\.png, \.jpg"):
        open_source(tmp_path)
    picture(tmp_path / "more" / "data" / "train" / "dog", "0.png")
    with pytest.raises(cnn.DatasetError, match="and pictures in data/train/dog: expected"):
        open_source(tmp_path / "more")
    shutil.rmtree(tmp_path / "more")
    picture(tmp_path / "pets", "0.png")
    assert open_source(tmp_path).notes == (
        "Left out: pictures in pets/cat, below the folder of a class.",
    )


ENDS = ".png, .jpg, .jpeg, .bmp, .gif, .webp"


@pytest.mark.parametrize(
    ("pictures", "others", "notes"),
    [
        (
            ("cat/0.png",), ("cat/1.TIF", "cat/2.tif", "dog/3.heic", "cat/Thumbs.db", "cat/.hidden"),
            (
                "Left out: dog, without a picture that can be read.",
                f"Left out: 3 files of other kinds (2 .tif, 1 .heic); pictures are read from {ENDS}.",
            ),
        ),
        (("0.png",), ("1.tiff", "notes"), (
            "Left out: 2 files of other kinds (1 .tiff, 1 without an ending); "
            f"pictures are read from {ENDS}.",
        )),
        (("cat/0.png", "1.png", "2.png"), (), (
            "Left out: 2 pictures beside the folders of pictures, such as 1.png.",
        )),
        (("train/cat/0.png", "test/cat/1.png", "2.png", "more/dog/3.png"), ("papers/a.txt",), (
            "Left out: 1 picture beside the folders of pictures, such as 2.png.",
            "Left out: more, beside test and train.",
        )),
        (("train/cat/0.png", "test/dog/1.png"), ("test/cat/2.avif",), (
            f"Left out: 1 file of other kinds (1 .avif); pictures are read from {ENDS}.",
        )),
    ],
)  # fmt: skip
def test_what_is_left_out_of_a_folder_is_counted_and_told(tmp_path, pictures, others, notes):
    for name in pictures:
        picture((tmp_path / name).parent, Path(name).name)
    for name in others:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"II*")
    source = open_source(tmp_path)
    assert source.notes == notes


def test_a_folder_of_other_kinds_alone_is_told_what_came(tmp_path):
    picture(tmp_path / "cat", "0.png").rename(tmp_path / "cat" / "0.tif")
    with pytest.raises(
        cnn.DatasetError,
        match=r"holds no data set, and 1 file of other kinds \(1 \.tif\): expected",
    ):
        open_source(tmp_path)


def test_links_that_lead_nowhere_stop_no_other_picture(tmp_path):
    picture(tmp_path / "cat", "0.png")
    for name, to in (("cat/1.png", "nothing.png"), ("cat/2.png", "2.png"), ("around", "around")):
        (tmp_path / name).symlink_to(to)
    source = open_source(tmp_path)
    assert len(source.read("all").labels) == 1
    assert source.notes == (
        f"Left out: 3 files of other kinds (3 broken); pictures are read from {ENDS}.",
    )


def test_a_class_is_the_same_however_its_accents_are_written(tmp_path):
    picture(tmp_path / "train" / "caf\u00e9", "0.png")
    picture(tmp_path / "test" / "cafe\u0301", "1.png")
    data = cnn.load_dataset(str(tmp_path))
    assert (data.class_names, data[0].class_name) == (("caf\u00e9",), "caf\u00e9")


def test_names_that_are_no_text_can_be_written_all_the_same(tmp_path):
    root = tmp_path / os.fsdecode(b"r\xfcde")
    picture(root / os.fsdecode(b"h\xfcnd"), os.fsdecode(b"\xfc.png")).write_bytes(b"damaged")
    picture(root, os.fsdecode(b"\xe4.png"))
    source = open_source(root)
    assert (source.name, source.read("all").class_names) == ("r\ufffdde", ("h\ufffdnd",))
    assert source.notes[0].endswith("such as \ufffd.png.")
    with pytest.raises(cnn.DatasetError, match="^h\ufffdnd/\ufffd.png cannot be used"):
        _ = source.read("all").pictures[0]


def test_other_tables_and_archives_beside_classes_are_left_out(tmp_path):
    (tmp_path / "notes.csv").write_text("who,when\nme,now\n")
    np.savez(tmp_path / "more.npz", a=np.zeros(3))
    with pytest.raises(cnn.DatasetError, match="more.npz holds a, and no pictures"):
        open_source(tmp_path)
    picture(tmp_path / "cat", "0.png")
    source = open_source(tmp_path)
    assert source.read("all").class_names == ("cat",)
    assert source.notes == (
        f"Left out: notes.csv and more.npz, beside the pictures in {tmp_path.name}.",
        "A table of pictures has the columns file and label in its first line.",
    )
    (tmp_path / "pictures.csv").write_text("file\ncat/0.png\n")
    assert open_source(tmp_path).name == "pictures.csv"


def test_of_a_folder_that_is_not_divided_no_picture_is_in_both_parts(tmp_path):
    for grey in range(11):
        picture(tmp_path / "cat", f"{grey:02}.png", grey=grey)
    parts = {split: cnn.load_dataset(str(tmp_path), split) for split in ("all", "test", "train")}
    greys = {split: data.images[:, 0, 0, 0].tolist() for split, data in parts.items()}
    assert cnn.load_dataset(str(tmp_path)).split == "all"
    assert greys["test"] == [0, 5, 10]
    assert sorted(greys["test"] + greys["train"]) == greys["all"] == list(range(11))


def test_the_key_of_a_folder_is_another_when_a_file_is(tmp_path):
    path = picture(tmp_path / "cat", "0.png")
    picture(tmp_path / "dog", "0.png")
    keys = [open_source(tmp_path).key, open_source(tmp_path).key]
    os.utime(path, ns=(0, 1))
    keys.append(open_source(tmp_path).key)
    path.rename(path.with_name("1.png"))
    keys.append(open_source(tmp_path).key)
    (tmp_path / "dog").rename(tmp_path / "wolf")
    keys.append(open_source(tmp_path).key)
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


def test_a_file_that_was_changed_is_not_shown_as_what_it_was(tmp_path):
    path = picture(tmp_path / "cat", "0.png")
    data = cnn.load_dataset(str(tmp_path))
    picture(tmp_path / "cat", "0.png", grey=9)
    os.utime(path, ns=(0, 1))
    with pytest.raises(cnn.DatasetError, match=r"^cat/0\.png was changed since"):
        data[0]


@pytest.mark.parametrize(
    ("shape", "more", "words"),
    [((10_000, 4_001), 0, "at most 40,000,000"), ((6, 7), 10_000_001, "at most 10,000,000")],
)
def test_what_is_larger_than_an_upload_may_be_is_refused_by_its_name(tmp_path, shape, more, words):
    path = picture(tmp_path / "cat", "0.png", shape, compress_level=1)
    path.write_bytes(path.read_bytes() + bytes(more))
    with pytest.raises(cnn.DatasetError, match=rf"^cat/0\.png cannot be used: .* {words}"):
        cnn.load_dataset(str(tmp_path))[0]


def test_more_pictures_than_there_is_room_for_are_refused(tmp_path, monkeypatch, decoded):
    for number in range(4):
        picture(tmp_path / "cat", f"{number}.png")
    monkeypatch.setattr(picture_files, "MOST_BYTES", 3 * 42 - 1)
    with pytest.raises(cnn.DatasetError, match="take more than"):
        _ = cnn.load_dataset(str(tmp_path)).images
    assert len(decoded) == 3


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_picture_is_named_and_stops_no_other(tmp_path, data):
    picture(tmp_path / "cat", "0.png").write_bytes(data)
    picture(tmp_path / "dog", "1.png", grey=7)
    found = cnn.load_dataset(str(tmp_path))
    with pytest.raises(cnn.DatasetError, match=r"^cat/0\.png cannot be used: "):
        found[0]
    assert found[1].pixels.max() == 7
    whole = found.decoded()
    assert (len(whole), whole.damaged, whole[0].class_name) == (1, 1, "dog")


def test_a_random_sample_is_one_that_can_be_read(tmp_path):
    for number in range(8):
        path = picture(tmp_path / "cat", f"{number}.png", grey=number)
        if number != 5:
            path.write_bytes(b"damaged")
    picture(tmp_path / "dog", "0.png").write_bytes(b"damaged")
    data = cnn.load_dataset(str(tmp_path))
    assert {data.sample(seed=seed).index for seed in range(9)} == {5}
    with pytest.raises(cnn.DatasetError, match=r"^No picture of the class dog of .* can be read"):
        data.sample(1)


def test_pictures_of_several_sizes_are_looked_at_one_by_one_and_not_put_together(tmp_path):
    picture(tmp_path / "cat", "0.png")
    picture(tmp_path / "cat", "1.png", (5, 5))
    data = cnn.load_dataset(str(tmp_path))
    assert [sample.pixels.shape for sample in (data[0], data[1])] == [(6, 7, 1), (5, 5, 1)]
    with pytest.raises(cnn.DatasetError, match="2 sizes, among them 5×5 and 7×6"):
        _ = data.images


def test_grey_pictures_among_coloured_ones_become_coloured(tmp_path):
    picture(tmp_path / "cat", "0.png", (4, 4), 9)
    Image.new("RGB", (4, 4), (1, 2, 3)).save(tmp_path / "cat" / "1.png")
    images = cnn.load_dataset(str(tmp_path)).images
    assert images[:, 0, 0].tolist() == [[9, 9, 9], [1, 2, 3]]


@pytest.mark.parametrize("kind", ["folder", "file", "nothing"])
def test_what_holds_no_data_set_is_told_what_is_accepted(tmp_path, kind):
    path = tmp_path / "here"
    if kind == "folder":
        path.mkdir()
    if kind == "file":
        path.write_text("nothing")
    with pytest.raises(
        cnn.DatasetError, match=r"here.*a folder of pictures \(a sub-folder per class"
    ):
        cnn.load_dataset(str(path))
