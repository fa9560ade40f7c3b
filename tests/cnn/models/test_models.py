import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.models.card import Card, attach_card, card_of, class_names, miscounted, unclear_names
from cnn.models.loading import as_functional


def test_the_seed_architecture_is_exact():
    model = cnn.build_classifier()
    described = [(info.kind, info.output_shape) for info in cnn.layer_infos(model)]
    assert described == [
        ("InputLayer", (28, 28, 1)),
        ("Conv2D", (26, 26, 32)),
        ("MaxPooling2D", (13, 13, 32)),
        ("Conv2D", (11, 11, 64)),
        ("MaxPooling2D", (5, 5, 64)),
        ("Flatten", (1600,)),
        ("Dense", (64,)),
        ("Dense", (10,)),
    ]
    assert [info.activation for info in cnn.layer_infos(model) if info.weight_shapes] == [
        "relu", "relu", "relu", "softmax",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_recurrent_layer_that_keeps_its_state_begins_anew_with_each_picture(
    tmp_path, name, wrapped
):
    keras.utils.set_random_seed(6)
    picture = keras.Input(batch_shape=(1, 8, 8))
    layer = layers.LSTM(3, stateful=True)
    x = (layers.Bidirectional(layer) if wrapped else layer)(picture)
    built = keras.Model(picture, layers.Dense(3, activation="softmax")(x))
    built.save(tmp_path / name)
    model = cnn.load_model(tmp_path / name)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    expected = np.asarray(built(pixels[None] / np.float32(255), training=False))[0]
    for _ in range(2):
        np.testing.assert_allclose(cnn.predict(model, pixels).probabilities, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_weights_in_bfloat16_are_read(tmp_path, name):
    picture = keras.Input((4, 4, 1), dtype="bfloat16")
    row = layers.Flatten(dtype="bfloat16")(picture)
    built = keras.Model(picture, layers.Dense(2, dtype="bfloat16")(row))
    kernel = np.arange(32, dtype=np.float32).reshape(16, 2)
    built.set_weights([kernel, np.array([0.5, -3], np.float32)])
    built.save(tmp_path / name)
    kept, bias = cnn.load_model(tmp_path / name).get_weights()
    np.testing.assert_array_equal(kept.astype(np.float32), kernel)
    np.testing.assert_array_equal(bias.astype(np.float32), [0.5, -3])


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_saved_model_comes_back_the_same(tmp_path, second_model, name):
    names = ("a", "b", "c", "d", "e")
    path = tmp_path / name
    cnn.save_model(second_model, path, card=Card(class_names=names))
    loaded = cnn.load_model(path)
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    expected, found = cnn.predict(second_model, picture), cnn.predict(loaded, picture)
    np.testing.assert_allclose(found.probabilities, expected.probabilities, rtol=1e-5)
    assert found.class_names == names
    assert card_of(loaded).class_names == names


def test_a_sequential_model_is_normalised(tmp_path):
    model = keras.Sequential([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(2)])
    model.save(tmp_path / "s.keras")
    assert [i.kind for i in cnn.layer_infos(cnn.load_model(tmp_path / "s.keras"))] == [
        "InputLayer", "Flatten", "Dense",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no Keras model or is cut short"),
        (b"hello", "no Keras model or is cut short"),
        (b"PK\x05\x06" + b"\x00" * 18, "there is no config.json in the archive"),
    ],
)
def test_a_file_that_is_no_model_gives_one_sentence(tmp_path, content, words):
    path = tmp_path / "m.keras"
    path.write_bytes(content)
    with pytest.raises(cnn.ModelError, match=words) as error:
        cnn.load_model(path)
    assert "\n" not in str(error.value)


def test_a_truncated_model_is_refused(tmp_path):
    whole = (cnn.pretrained_run() / "model.keras").read_bytes()
    (tmp_path / "m.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(cnn.ModelError, match="cut short"):
        cnn.load_model(tmp_path / "m.keras")


def test_a_model_that_needs_arbitrary_code_is_refused(tmp_path):
    picture = keras.Input((4, 4, 1))
    x = layers.Lambda(lambda t: t * 2)(picture)
    keras.Model(picture, layers.Dense(2)(layers.Flatten()(x))).save(tmp_path / "m.keras")
    with pytest.raises(cnn.ModelError, match="needs arbitrary Python code"):
        cnn.load_model(tmp_path / "m.keras")


def test_a_missing_file_and_a_foreign_ending_are_named(tmp_path):
    with pytest.raises(cnn.ModelError, match="There is no file m.keras"):
        cnn.load_model(tmp_path / "m.keras")
    (tmp_path / "m.txt").write_text("x")
    with pytest.raises(cnn.ModelError, match="expected a .keras or .h5"):
        cnn.load_model(tmp_path / "m.txt")
    with pytest.raises(cnn.ModelError, match="must end in"):
        cnn.save_model(cnn.build_classifier(), tmp_path / "m.txt")


def test_a_model_that_takes_no_picture_is_refused():
    numbers = keras.Input((5,))
    with pytest.raises(cnn.ModelError, match="expected one picture"):
        as_functional(keras.Model(numbers, layers.Dense(2)(numbers)))


def test_a_subclass_without_a_graph_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    picture = np.zeros((6, 6, 1), np.uint8)
    for model in (Own(), keras.Sequential([layers.Dense(2)])):
        for asked in (
            as_functional, cnn.layer_infos, lambda model: cnn.predict(model, picture),
            lambda model: cnn.receptive_field(model, layer="dense", row=0, column=0),
            lambda model: cnn.synthesise(model, layer="dense", channel=0),
        ):  # fmt: skip
            with pytest.raises(cnn.ModelError, match="no graph of layers"):
                asked(model)
    with pytest.raises(cnn.ModelError) as refused:
        as_functional(Own(name="n\x1b" * 10**5))
    assert len(str(refused.value)) < 400
    assert str(refused.value).isprintable()


def test_a_sequential_model_is_looked_at_as_it_is(tmp_path):
    model = keras.Sequential([layers.Conv2D(2, 3, name="conv"), layers.Flatten(name="flat"),
                              layers.Dense(3, activation="softmax", name="classes")])  # fmt: skip
    model.build((None, 6, 6, 1))
    picture = np.full((6, 6, 1), 200, np.uint8)
    names = [info.name for info in cnn.layer_infos(model)][1:]
    assert names == ["conv", "flat", "classes"]
    said = model.predict(picture[None] / np.float32(255), verbose=0)[0]
    np.testing.assert_allclose(cnn.predict(model, picture).probabilities, said, atol=1e-6)
    off = cnn.ablate(model, {"conv": {0: 0.0}})
    assert not cnn.activations(off, picture)["conv_operated"][..., 0].any()
    cnn.save_model(model, tmp_path / "m.keras")
    assert [layer.name for layer in cnn.load_model(tmp_path / "m.keras").layers][1:] == names


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch, second_model):
    path = tmp_path / "m.keras"
    path.write_text("old")

    def fail(self, target, **_):
        target.write_text("half")
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.Model, "save", fail)
    with pytest.raises(OSError, match="No space"):
        cnn.save_model(second_model, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[1", r"is no model card \("),
        ("[1]", r"is no model card \(expected an object, such as \{\"class_names\":"),
        (" " * 17_000_000, r"has a configuration of 17\.0 MB: expected at most 16\.0 MB"),
        ('{"losses": "x"}', "gives 'x' as losses: expected them by the layers"),
        ('{"losses": {"classes": "own"}}', "gives 'own' as the loss of 'classes': expected one of"),
    ],
)
def test_what_is_wrong_with_a_card_is_named_once(tmp_path, second_model, content, said):
    cnn.save_model(second_model, tmp_path / "m.keras")
    (tmp_path / "m.card.json").write_text(content)
    with pytest.raises(cnn.ModelError, match=rf"^m\.card\.json {said}"):
        cnn.load_model(tmp_path / "m.keras")


def test_names_that_do_not_fit_the_outputs_are_not_used_and_it_is_said():
    picture = keras.Input((4, 4, 1))
    flat = layers.Flatten()(picture)
    outputs = [layers.Dense(units, activation="softmax")(flat) for units in (3, 2)]
    one, both = keras.Model(picture, outputs[0]), keras.Model(picture, outputs)
    for model in (one, both):
        attach_card(model, Card(class_names=("a", "b")))
    assert class_names(one) == ("0", "1", "2")
    assert miscounted(one).startswith("The card gives 2 class names, and the output has 3")
    assert miscounted(both) == ""
    attach_card(one, Card(class_names=("a", "a", "")))
    assert (class_names(one), miscounted(one)) == (("a", "a", "2"), "")
    assert unclear_names(one) == "Not each class has a name of its own on the card ('a', '')."
    attach_card(one, Card(class_names=("a", "b", "c")))
    assert miscounted(one) == unclear_names(one) == ""
