"""The card inside a `.keras` file."""

import zipfile

import keras
import pytest

import cnn
from cnn.models.card import Card
from cnn.models.enclosed import enclose_card, enclosed_card

CARD = Card(class_names=("cat", "dog"), scale="caffe", facts={"maker": "somebody"})


@pytest.fixture
def path(tmp_path):
    picture = keras.Input((8, 8, 3))
    x = keras.layers.Dense(2, "softmax")(keras.layers.Flatten()(picture))
    cnn.save_model(keras.Model(picture, x), tmp_path / "net.keras")
    return tmp_path / "net.keras"


def test_a_file_has_its_card_inside_and_keras_reads_past_it(path):
    assert enclosed_card(path) == Card()
    enclose_card(CARD, path)
    model = cnn.load_model(path)
    card = cnn.models.card_of(model)
    assert (card.class_names, card.scale, card.facts) == (("cat", "dog"), "caffe", None)
    assert keras.models.load_model(path).count_params() == model.count_params()


def test_the_card_beside_a_file_counts_before_the_one_inside(path):
    enclose_card(CARD, path)
    cnn.models.write_card(Card(class_names=("a", "b")), cnn.models.card_path(path))
    assert cnn.class_names(cnn.load_model(path)) == ("a", "b")


@pytest.mark.parametrize("content", [b"{", b"\xff", b"3", b'{"class_names": [1, 2]}'])
def test_a_damaged_card_is_a_sentence(path, content):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("card.json", content)
    with pytest.raises(cnn.ModelError, match="card.json in net.keras"):
        cnn.load_model(path)
