"""Tables of pictures: which columns are read, and what is said of others."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

import cnn
from cnn.data.sources import open_source
from tests.cnn.data.test_folders import picture


def table(folder: Path, text: str) -> str:
    for name in ("a.png", "b.png"):
        picture(folder / "files", name)
    (folder / "labels.csv").write_text(text)
    return str(folder / "labels.csv")


def test_a_table_says_which_file_is_what(tmp_path):
    lines = "File,Class\nfiles/b.png,dog\n\nfiles/a.png,cat\n"
    data = cnn.load_dataset(table(tmp_path, lines))
    assert [data[place].class_name for place in (0, 1)] == ["dog", "cat"]
    assert cnn.load_dataset(str(tmp_path)).class_names == ("cat", "dog")
    numbers = "label,filename,split\n10,files/b.png,train\n9,files/a.png,test\n"
    divided = cnn.load_dataset(table(tmp_path, numbers), "train")
    assert (len(divided), divided.class_names, divided[0].class_name) == (1, ("9", "10"), "10")


@pytest.mark.parametrize(
    "content",
    [
        "file;labels\nfiles/a.png;big, cat\n".encode("utf-8-sig"),
        "file\tlabel\nfiles/a.png\tbig, cat\n".encode("utf-16"),
    ],
)
def test_a_table_may_be_separated_and_written_otherwise(tmp_path, content):
    path = table(tmp_path, "")
    Path(path).write_bytes(content)
    assert cnn.load_dataset(path)[0].class_name == "big, cat"


def test_a_table_may_have_pictures_for_validation(tmp_path):
    path = table(tmp_path, "file,label,split\nfiles/a.png,x,train\nfiles/b.png,y,Val\n")
    assert cnn.load_dataset(path, "test")[0].class_name == "y"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,label\n.,cat\n", "line 2, names '.', which is no file"),
        ("file,label\n,cat\n", "line 2, names '', which is no file"),
        (
            "a.png,cat\n",
            "begins with 'a.png, cat'.* columns in the first line, file or path .*; label, class",
        ),
        ("file,label\n", "names no picture"),
        ("file,label\nfiles/c.png,cat\n", "line 2, names files/c.png, which is not there"),
        ("file,label\n../secret.png,cat\n", "line 2, names secret.png, which is outside"),
        ("file,label\n/etc/secret.png,cat\n", "line 2, names secret.png, which is outside"),
        ("file,label\nfiles/a.png\n", "line 2, has too few columns"),
        ("file,label\nfiles/a.png,cat\nfiles/b.png,\n", "line 3, has no label, and others have"),
        ("file,label,split\nfiles/a.png,x,dev\n", "has the splits 'dev': expected train and test"),
        ("file,label\nfiles/\xe9.png,cat\n", "cannot be read as a table"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_a_sentence(tmp_path, text, words):
    path = table(tmp_path, "")
    Path(path).write_bytes(text.encode("latin1"))
    with pytest.raises(cnn.DatasetError, match=rf"^labels\.csv.*{words}"):
        cnn.load_dataset(path)


@pytest.mark.parametrize(
    "head",
    [
        "file,label_idx",
        "Path;ClassId",
        "image_name,class_id",
        "id,target",
        "file,y,class_index",
        "img,category-id",
    ],
)
def test_columns_may_be_called_in_the_usual_ways(tmp_path, head):
    separator = ";" if ";" in head else ","
    more = separator.join(["7"] * (head.count(separator) - 1) + [""])
    rows = [
        separator.join([f"files/{n}.png", more + label]) for n, label in (("a", "12"), ("b", "9.0"))
    ]
    path = table(tmp_path, "\n".join([head, *rows]))
    data = cnn.load_dataset(path)
    assert [data[place].class_name for place in (0, 1)] == ["12", "9"]
    assert data.class_names == ("9", "12")


def test_a_column_for_each_class_has_a_one_at_the_class_of_a_picture(tmp_path):
    text = ",image_id,Healthy,Black rot,empty\n0,files/a,0,1,0\n1,files/b,1.0,0.0,False\n"
    source = open_source(Path(table(tmp_path, text)))
    read = source.read("all")
    assert (read.class_names, read.labels.tolist()) == (("Healthy", "Black rot", "empty"), [1, 0])
    assert source.notes == ()


def test_the_only_other_column_is_taken_for_labels_and_told(tmp_path):
    source = open_source(Path(table(tmp_path, "id,breed\nfiles/a,pug\nfiles/b,collie\n")))
    assert source.read("all").class_names == ("collie", "pug")
    assert source.notes == (
        "The column breed of labels.csv is taken for the labels, as no other is.",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "file,age,sex\nfiles/a.png,42,f\n",
            "has the columns file, age, sex, and none is known to have labels: expected file or path",
        ),
        (
            "file,cat,dog\nfiles/a.png,0,1\nfiles/b.png,1,1\n",
            "line 3, marks 2 of 2 classes with a 1",
        ),
        ("file,cat,dog\nfiles/a.png,0,0\n", "line 2, marks 0 of 2 classes"),
        ("file,label\n..\\secret.png,cat\n", "line 2, names secret.png, which is outside"),
    ],
)
def test_columns_that_are_not_known_are_refused_with_those_that_are(tmp_path, text, words):
    with pytest.raises(cnn.DatasetError, match=rf"^labels\.csv.*{words}"):
        cnn.load_dataset(table(tmp_path, text))


def test_files_may_be_spelt_as_windows_and_a_mac_spell_them(tmp_path):
    picture(tmp_path / "files", unicodedata.normalize("NFD", "é, “two”.png"), grey=9)
    text = 'file,label\r\n"files\\é, “two”.png","big\r\ncat"\r\n'
    path = table(tmp_path, "")
    Path(path).write_bytes(text.encode("utf-8-sig"))
    data = cnn.load_dataset(path)
    assert (data[0].pixels.max(), data[0].class_name) == (9, "big\r\ncat")


def test_a_table_that_is_no_utf8_is_refused_where_its_folder_is_given(tmp_path):
    path = Path(table(tmp_path, ""))
    path.write_bytes("file,label\nfiles/a.png,Rüde\n".encode("latin1"))
    with pytest.raises(
        cnn.DatasetError, match=r"^labels\.csv cannot be read as a table .* in UTF-8"
    ):
        open_source(tmp_path)


@pytest.mark.parametrize("first", ["1", "0", "cat", "cat/", ""])
def test_a_table_of_other_things_is_none_of_pictures(tmp_path, first):
    picture(tmp_path / "cat", "0.png")
    (tmp_path / "people.csv").write_text(f"id,name\n{first},me\n")
    assert open_source(tmp_path).read("all").class_names == ("cat",)


def test_a_class_may_be_called_by_a_sign(tmp_path):
    path = table(tmp_path, "file,+,-,×\nfiles/a.png,0,0,1\n")
    assert (cnn.load_dataset(path)[0].class_name, len(cnn.load_dataset(path).class_names)) == (
        "×",
        3,
    )


@pytest.mark.parametrize(
    ("folder", "head"), [("train", "id"), ("images", "id"), ("jpg", "image_path")]
)
def test_the_files_of_a_table_may_be_in_the_folder_beside_it(tmp_path, folder, head):
    picture(tmp_path / folder, "a.JPG", grey=7)
    picture(tmp_path / "test", "b.jpg")
    (tmp_path / "sample_submission.csv").write_text("id,breed\nb,pug\n")
    (tmp_path / "train.csv").write_text(f"{head},breed\na,collie\n")
    source = open_source(tmp_path)
    assert (source.name, source.read("all").class_names) == ("train.csv", ("collie",))
    assert source.notes == (
        "The column breed of train.csv is taken for the labels, as no other is.",
        f"The files of train.csv are those in {folder}.",
        "Left out: sample_submission.csv, beside train.csv.",
    )


@pytest.mark.parametrize("before", ["sep=;\r\n", "# made by hand\n# twice\n", "#\nSEP=;\n"])
def test_lines_before_the_names_of_the_columns_are_no_rows(tmp_path, before):
    path = table(tmp_path, f"{before}file;label\nfiles/a.PNG;cat\n")
    assert cnn.load_dataset(path)[0].class_name == "cat"


def test_a_refusal_is_one_line_whatever_the_file_is_called(tmp_path):
    with pytest.raises(cnn.DatasetError, match="names a.png\ufffd, which is outside"):
        cnn.load_dataset(table(tmp_path, "file,label\nfiles/a.png\0,cat\n"))


def test_other_columns_of_numbers_are_kept_and_those_of_words_are_told(tmp_path):
    text = (
        "file;label;Age;note;split;flag;empty;Age\nfiles/a.png;pug;0,5;old;train;true;;1\n"
        "files/b.png;pug;;new;test;False;;2\n"
    )
    source = open_source(Path(table(tmp_path, text)))
    assert source.notes == (
        "Columns of labels.csv beside the pictures: flag. A network with an input called so gets what "
        "there is for each picture; others make no use of it.",
        "Left out: note (no number in line 2: 'old'), empty (no numbers) and Age (another column is "
        "called so).",
    )
    assert source.read("train").beside.row("flag", 0) == 1
    assert source.read("test").beside.row("flag", 0) == 0


@pytest.mark.parametrize(
    ("separator", "cells", "numbers"),
    [
        (",", ("42", "-1.5e3"), [42, -1500]),
        (";", ("0,5", ".25"), [0.5, 0.25]),
        ("\t", ("NA", "+7."), [np.nan, 7]),
        (",", ("1_000", "2"), None),
        (",", ('"0,5"', "2"), None),
        (",", ("inf", "2"), None),
    ],
)
def test_a_number_is_read_as_tables_write_it(tmp_path, separator, cells, numbers):
    rows = [
        ["file", "label", "age"],
        ["files/a.png", "x", cells[0]],
        ["files/b.png", "y", cells[1]],
    ]
    source = open_source(Path(table(tmp_path, "\n".join(map(separator.join, rows)) + "\n")))
    beside = source.read("all").beside
    found = [float(beside.row("age", n)) for n in range(2)] if beside.called("age") else None
    np.testing.assert_equal(found, numbers)


def test_a_table_with_another_number_has_other_pictures(tmp_path):
    path, keys = Path(table(tmp_path, "")), []
    for age in (1, 1, 2):
        path.write_text(f"file,label,age\nfiles/a.png,x,{age}\n")
        keys.append(open_source(path).key)
    assert keys[0] == keys[1] != keys[2]
