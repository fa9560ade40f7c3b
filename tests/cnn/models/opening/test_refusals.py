"""What files of strangers can carry ends in one sentence, and in nothing else."""

import io
import json
import pickle
import shutil
import sys
import zipfile
import zlib
from contextlib import nullcontext

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

import cnn
from cnn.models.opening import Limits, building, opened
from cnn.models.opening.classes import named
from tests.memory import memory_at_most

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
STATED = Limits()
MOST_TAKEN = 400_000_000
BOTH = pytest.mark.parametrize("suffix", [".keras", ".h5"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one small network in both formats."""
    made = tmp_path_factory.mktemp("files")
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            layers.Conv2D(2, 3, name="conv"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    model.save(made / "m.keras")
    model.save(made / "m.h5")
    return made


def refusal(path, limits=STATED):
    """The sentence with which a file is refused, which takes no gigabyte of memory."""
    with memory_at_most(MOST_TAKEN), pytest.raises(cnn.ModelError) as error:
        opened(path, limits)
    sentence = str(error.value)
    assert path.name in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def with_members(path, target, change):
    """Copy a `.keras` file with other members; `change` gets them by name."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def with_configuration(folder, target, change):
    """Copy a file of the folder with another configuration; `change` gets it."""
    source = folder / f"m{target.suffix}"
    if target.suffix == ".h5":
        shutil.copy(source, target)
        with h5py.File(target, "a") as file:
            configuration = json.loads(file.attrs["model_config"])
            change(configuration)
            file.attrs["model_config"] = json.dumps(configuration)
        return target

    def change_member(members):
        configuration = json.loads(members["config.json"])
        change(configuration)
        members["config.json"] = json.dumps(configuration)

    return with_members(source, target, change_member)


def with_weights(folder, target, change):
    """Copy a file of the folder with other arrays; `change` gets the HDF5 file."""
    if target.suffix == ".h5":
        shutil.copy(folder / "m.h5", target)
        with h5py.File(target, "a") as file:
            change(file)
        return target

    def change_member(members):
        stream = io.BytesIO(members["model.weights.h5"])
        with h5py.File(stream, "a") as file:
            change(file)
        members["model.weights.h5"] = stream.getvalue()

    return with_members(folder / "m.keras", target, change_member)


def conv_of(configuration):
    return next(p for p in configuration["config"]["layers"] if p["class_name"] == "Conv2D")


def first_array(file):
    found = []
    file.visititems(
        lambda name, part: found.append(name) if isinstance(part, h5py.Dataset) else None
    )
    return found[0]


@BOTH
def test_what_is_not_changed_is_opened(folder, tmp_path, suffix):
    path = with_configuration(folder, tmp_path / f"m{suffix}", lambda configuration: None)
    assert opened(path, Limits())[0].count_params() == 38


@settings(max_examples=60, deadline=None)
@given(suffix=st.sampled_from([".keras", ".h5"]), part=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_anywhere_is_refused(folder, suffix, part):
    whole = (folder / f"m{suffix}").read_bytes()
    path = folder / f"cut{suffix}"
    path.write_bytes(whole[: int(part * len(whole))])
    assert "cut short" in refusal(path)


def test_a_file_that_breaks_the_library_is_refused_and_ends_no_process_of_ours(folder, tmp_path):
    content = (folder / "m.h5").read_bytes()
    of_text, of_nothing = (
        b"weight_names" + bytes(4) + b"\x19" + kind for kind in (b"\x01", b"\xf9")
    )
    assert of_text in content
    path = tmp_path / "m.h5"
    path.write_bytes(content.replace(of_text, of_nothing))
    assert "the library that reads HDF5 files breaks on it" in refusal(path)


def test_weights_in_an_archive_that_break_the_library_are_refused_so_too(folder, tmp_path):
    def change(members):
        stream = io.BytesIO(members["model.weights.h5"])
        with h5py.File(stream, "a") as file:
            file[first_array(file)].attrs["dtype"] = "bfloat16"
        content = stream.getvalue()
        of_text, of_nothing = (b"dtype" + bytes(3) + b"\x19" + kind for kind in (b"\x01", b"\xf9"))
        assert of_text in content
        members["model.weights.h5"] = content.replace(of_text, of_nothing)

    path = with_members(folder / "m.keras", tmp_path / "m.keras", change)
    assert "the library that reads HDF5 files breaks on it" in refusal(path)


@settings(max_examples=40, deadline=None)
@given(
    suffix=st.sampled_from([".keras", ".h5"]),
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4
    ),
)
def test_a_file_with_other_bytes_anywhere_is_opened_or_refused(folder, suffix, changes):
    content = bytearray((folder / f"m{suffix}").read_bytes())
    for part, change in changes:
        content[int(part * len(content))] ^= change
    damaged = folder / f"damaged{suffix}"
    damaged.write_bytes(content)
    try:
        model = cnn.load_model(damaged)
    except cnn.ModelError as error:
        sentence = str(error)
        assert damaged.name in sentence
        assert "\n" not in sentence
        assert sentence.endswith(".")
    else:
        assert model.count_params() == 38


# Code, classes and functions.


@BOTH
@pytest.mark.parametrize("nested", [False, True])
def test_a_lambda_is_refused(tmp_path, suffix, nested):
    picture = keras.Input((4, 4, 1))
    x = layers.Lambda(lambda t: t * 2, name="twice")(picture)
    if nested:
        x = keras.Model(picture, x)(picture)
    keras.Model(picture, x).save(tmp_path / f"m{suffix}")
    sentence = refusal(tmp_path / f"m{suffix}")
    assert "needs arbitrary Python code" in sentence
    assert "'twice'" in sentence


class Elsewhere(layers.Layer):
    """A layer that only its author has."""

    def call(self, x):
        return x


@BOTH
def test_a_class_that_is_not_registered_is_named_with_the_line_that_registers_it(tmp_path, suffix):
    keras.Sequential([keras.Input((4, 4, 1)), Elsewhere(name="elsewhere")]).save(
        tmp_path / f"m{suffix}"
    )
    sentence = refusal(tmp_path / f"m{suffix}")
    assert "the class 'Elsewhere'" in sentence
    assert '@keras.saving.register_keras_serializable("Custom", "Elsewhere")' in sentence
    with keras.saving.custom_object_scope({"Elsewhere": Elsewhere}):
        assert opened(tmp_path / f"m{suffix}", Limits())[0].layers[0].name == "elsewhere"


@BOTH
@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"module": "antigravity", "class_name": "Popen"}, "the class 'Popen'"),
        ({"module": "keras_hub.layers", "class_name": "Sampler"}, "the class 'Sampler'"),
        ({"module": "keras.src.saving.saving_api", "class_name": "load_model"}, "does not have"),
        ({"module": "keras.utils", "class_name": "get_file"}, "does not have"),
        ({"module": "keras.layers", "class_name": "Conv9D"}, r"keras.layers.Conv9D"),
        ({"module": "keras.layers", "class_name": "TFSMLayer"}, "reads a SavedModel"),
        ({"module": "keras.layers", "class_name": "StringLookup"}, "in a vocabulary"),
        ({"module": "keras.layers", "class_name": "TorchModuleWrapper"}, "arbitrary Python code"),
        ({"class_name": "QuantizeWrapperV2"}, "for quantisation by another package"),
        ({"class_name": "QConv2D"}, "for quantisation by another package"),
        ({"class_name": "PruneLowMagnitude"}, "strip_pruning"),
        ({"class_name": ["Conv2D"]}, "no name of a class"),
    ],
)
def test_what_keras_alone_cannot_make_is_named(folder, tmp_path, suffix, part, words):
    def change(configuration):
        conv_of(configuration).update({"module": None, "registered_name": None} | part)

    assert words in refusal(with_configuration(folder, tmp_path / f"x{suffix}", change))
    assert "antigravity" not in sys.modules
    assert "keras_hub" not in sys.modules


@pytest.mark.parametrize(
    "module",
    [
        "constraints", "dtype_policies", "initializers", "layers", "quantizers", "random",
        "regularizers",
    ],
)  # fmt: skip
def test_whatever_keras_writes_into_layers_is_known(module):
    """An InputSpec is the only class there of which no file speaks."""
    space = vars(getattr(keras, module))
    written = [
        name for name, one in space.items() if isinstance(one, type) and hasattr(one, "from_config")
    ]
    unknown = [name for name in written if named(name) is None]
    assert written
    assert set(unknown) <= {"InputSpec"}


@BOTH
@pytest.mark.parametrize("module", ["os", "builtins", "keras.utils", "keras.src.utils.file_utils"])
def test_a_function_that_is_no_activation_is_refused(folder, tmp_path, suffix, module):
    def change(configuration):
        conv_of(configuration)["config"]["activation"] = {
            "module": module, "class_name": "function", "config": "get_file",
        }  # fmt: skip

    assert "get_file" in refusal(with_configuration(folder, tmp_path / f"m{suffix}", change))


@BOTH
@pytest.mark.parametrize(
    ("setting", "value"), [("activation", "my_mish"), ("kernel_initializer", "my_init")]
)
def test_what_is_named_by_a_text_alone_gets_the_line_that_registers_it_too(
    folder, tmp_path, suffix, setting, value
):
    def change(configuration):
        conv_of(configuration)["config"][setting] = value

    sentence = refusal(with_configuration(folder, tmp_path / f"m{suffix}", change))
    assert f"needs the function {value!r}, which is not of Keras" in sentence
    assert f'@keras.saving.register_keras_serializable("Custom", "{value}")' in sentence


@BOTH
def test_names_of_keras_by_a_text_alone_are_taken(folder, tmp_path, suffix):
    def change(configuration):
        conv_of(configuration)["config"] |= {
            "activation": "swish", "kernel_initializer": "he_normal", "bias_regularizer": "l2",
            "kernel_constraint": "max_norm",
        }  # fmt: skip

    model, _ = opened(with_configuration(folder, tmp_path / f"m{suffix}", change), Limits())
    assert model.get_layer("conv").activation is keras.activations.silu


@BOTH
def test_a_type_of_tensorflow_is_no_class_to_be_registered(folder, tmp_path, suffix):
    def change(configuration):
        conv_of(configuration)["config"]["name"] = {
            "class_name": "__typespec__", "spec_name": "TensorSpec", "module": "tensorflow",
            "registered_name": None, "config": [[2], "float32"],
        }  # fmt: skip

    sentence = refusal(with_configuration(folder, tmp_path / f"m{suffix}", change))
    assert "names a type of TensorFlow" in sentence
    assert "register" not in sentence


def test_a_graph_that_begins_with_an_operation_is_opened_from_an_h5_file(tmp_path):
    picture = keras.Input((4, 4, 1))
    keras.Model(picture, layers.Flatten()(picture / 4 - 1)).save(tmp_path / "m.h5")
    answer = opened(tmp_path / "m.h5", Limits())[0](np.full((1, 4, 4, 1), 2.0, np.float32))
    assert np.asarray(answer).tolist() == [[-0.5] * 16]


# Memory.


@BOTH
@pytest.mark.parametrize("kind", ["__numpy__", "__tensor__"])
@pytest.mark.parametrize(
    "dtype", ["U200000000", "V2000000000", "(30000,30000)f4", "O", "string", 4]
)
def test_an_array_of_anything_but_numbers_is_refused_before_it_is_made(
    folder, tmp_path, monkeypatch, suffix, kind, dtype
):
    def change(configuration):
        value = {"class_name": kind, "config": {"value": ["a"] * 8, "dtype": dtype}}
        constant = {"class_name": "Constant", "config": {"value": value}}
        conv_of(configuration)["config"]["bias_initializer"] = constant

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", None)
    sentence = refusal(with_configuration(folder, tmp_path / f"m{suffix}", change))
    assert f"an array of the type {dtype!r}: expected numbers, such as float32" in sentence


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_array_of_numbers_is_taken(folder, tmp_path, suffix, dtype):
    def change(configuration):
        value = {"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": dtype}}
        constant = {
            "module": "keras.initializers",
            "class_name": "Constant",
            "registered_name": None,
        }
        conv_of(configuration)["config"]["bias_initializer"] = constant | {
            "config": {"value": value}
        }

    path = with_configuration(folder, tmp_path / f"m{suffix}", change)
    assert opened(path, Limits())[0].count_params() == 38


def test_an_archive_that_would_unpack_to_too_much_is_refused_by_its_directory(folder, tmp_path):
    path = with_members(
        folder / "m.keras", tmp_path / "bomb.keras", lambda m: m.update({"x": bytes(30_000_000)})
    )
    assert path.stat().st_size < 100_000
    sentence = refusal(path, Limits(bytes=10_000_000))
    assert "unpacks to 30.0 MB: at most 10.0 MB are opened" in sentence


@BOTH
def test_a_huge_layer_is_refused_before_keras_is_asked(folder, tmp_path, monkeypatch, suffix):
    def change(configuration):
        conv_of(configuration)["config"]["filters"] = 10**9

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", None)
    sentence = refusal(with_configuration(folder, tmp_path / f"m{suffix}", change))
    assert "declares 1,000,000,000 weights or more for the layer 'conv'" in sentence


def of_two_layers(folder, target, *, units):
    """A file of a network with units² weights that holds 100,038 numbers."""

    def change(configuration):
        first, conv, flatten, dense = configuration["config"]["layers"]
        wide = json.loads(json.dumps(dense).replace('"dense"', '"wide"'))
        wide["config"] |= {"units": units, "name": "wide"}
        dense["config"]["units"] = units
        del dense["build_config"]
        configuration["config"]["layers"] = [first, conv, flatten, wide, dense]

    path = with_configuration(folder, target.with_name("small.keras"), change)
    return with_weights_of(path, target, np.zeros(100_000, np.float32))


def test_what_is_huge_only_once_it_is_joined_is_refused_before_an_array_is_made(folder, tmp_path):
    sentence = refusal(of_two_layers(folder, tmp_path / "huge.keras", units=60_000))
    assert "weights or more for the network, and holds 100,038 numbers" in sentence


def test_memory_that_a_refusal_takes_would_be_seen(folder, tmp_path, monkeypatch):
    """Also by a process that has had more of it before."""
    np.ones(150_000_000, np.float32).sum()
    monkeypatch.setattr(building, "without_values", nullcontext)
    path = of_two_layers(folder, tmp_path / "huge.keras", units=12_000)
    with pytest.raises(AssertionError, match="MB were taken, at most 400 MB expected"):
        refusal(path)


def test_an_archive_takes_no_memory_for_what_it_would_unpack_to(folder, tmp_path):
    path = with_members(
        folder / "m.keras", tmp_path / "m.keras", lambda members: members.pop("model.weights.h5")
    )
    zeros = bytes(1_000_000)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("model.weights.h5", "w", force_zip64=True) as member,
    ):
        for _ in range(700):
            member.write(zeros)
    assert path.stat().st_size < 5_000_000
    sentence = refusal(path, Limits(bytes=600_000_000))
    assert "unpacks to 700.0 MB: at most 600.0 MB are opened" in sentence


def attending(kind, **settings):
    picture = keras.Input((64, 64, 1))
    places = layers.Reshape((4096, 1))(picture)
    attended = getattr(layers, kind)(**settings)([places, places])
    return keras.Model(picture, layers.GlobalAveragePooling1D()(attended))


def attending_in_heads(kind, **settings):
    picture = keras.Input((64, 64, 1))
    places = layers.Reshape((4096, 1))(picture)
    return keras.Model(picture, getattr(layers, kind)(**settings)(places, places))


def of_open_size(*inside):
    picture = keras.Input((None, None, 1))
    x = picture
    for layer in inside:
        x = layer(x)
    return keras.Model(picture, layers.GlobalAveragePooling2D()(x))


def wrapped():
    picture = keras.Input((8, 8, 1))
    inner = keras.Sequential([keras.Input((8, 1)), layers.UpSampling1D(10_000_000)], name="inner")
    enlarged = layers.TimeDistributed(inner)(picture)
    return keras.Model(picture, layers.GlobalAveragePooling2D()(enlarged))


@pytest.mark.parametrize(
    ("make", "layer", "size"),
    [
        (lambda: attending("Attention", name="wide"), "wide", "67.1 MB"),
        (lambda: attending("AdditiveAttention", name="wide"), "wide", "67.1 MB"),
        (lambda: attending_in_heads("MultiHeadAttention", num_heads=3, key_dim=1, name="wide"), "wide",
         "201.3 MB"),
        (lambda: of_open_size(layers.UpSampling2D(1000, name="wide")), "wide", "4.1 GB"),
        (lambda: of_open_size(keras.Sequential([layers.UpSampling2D(1000, name="wide")])), "wide",
         "4.1 GB"),
        (lambda: of_open_size(layers.Pipeline(
            [layers.Resizing(10_000, 10_000), layers.Resizing(8, 8)], name="wide")), "wide", "400.0 MB"),
        (wrapped, "up_sampling1d", "320.0 MB"),
    ],
    ids=["attention", "additive", "heads", "open", "open inside", "pipeline", "wrapped"],
)  # fmt: skip
def test_what_a_layer_makes_on_its_way_is_counted_before_it_is_computed(
    tmp_path, make, layer, size
):
    make().save(tmp_path / "m.keras")
    sentence = refusal(tmp_path / "m.keras", Limits(bytes=50_000_000))
    assert f"declares {size} for one picture (the layer '{layer}" in sentence
    assert opened(tmp_path / "m.keras", Limits(bytes=10**11))


def with_weights_of(path, target, array):
    def change(members):
        stream = io.BytesIO(members["model.weights.h5"])
        with h5py.File(stream, "a") as file:
            file["more"] = array
        members["model.weights.h5"] = stream.getvalue()

    return with_members(path, target, change)


@BOTH
@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_network_that_was_never_built_is_told_so(tmp_path, suffix):
    model = keras.Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3)])
    model.save(tmp_path / f"m{suffix}")
    sentence = refusal(tmp_path / f"m{suffix}")
    assert "was saved before the network was built, and has no weights" in sentence
    assert "and save it again" in sentence
    model.build((None, 6, 6, 1))
    model.save(tmp_path / f"m{suffix}")
    assert opened(tmp_path / f"m{suffix}", STATED)[0].count_params() == model.count_params()


@BOTH
def test_a_window_without_weights_needs_none_in_the_file(tmp_path, suffix):
    picture = keras.Input((6, 6, 1))
    blurred = layers.RandomGaussianBlur(kernel_size=3)(picture)
    keras.Model(picture, layers.Flatten()(blurred)).save(tmp_path / f"m{suffix}")
    assert opened(tmp_path / f"m{suffix}", STATED)[0].count_params() == 0


@BOTH
def test_an_input_or_an_output_beyond_the_limit_is_refused(folder, tmp_path, suffix):
    def change(configuration):
        configuration["config"]["layers"][0]["config"]["batch_shape"] = [None, 10**6, 10**6, 1]

    path = with_configuration(folder, tmp_path / f"m{suffix}", change)
    assert "an input of 4.0 TB" in refusal(path)
    sentence = refusal(folder / f"m{suffix}", Limits(bytes=60))
    assert "at most 60 bytes are opened" in sentence


@BOTH
def test_an_array_that_says_more_than_the_file_holds_is_refused(folder, tmp_path, suffix):
    def change(file):
        name = first_array(file)
        del file[name]
        file.create_dataset(name, (1 << 20,), "f4", chunks=(1 << 10,), compression="gzip")

    sentence = refusal(with_weights(folder, tmp_path / f"m{suffix}", change))
    assert "declares 4.2 MB at" in sentence
    assert "does not hold" in sentence


def replaced(file, **chunks):
    """Put an array of the same shape, of numbers in chunks, in the place of the convolution's kernel."""
    found = []
    file.visititems(
        lambda name, part: found.append(name) if getattr(part, "ndim", 0) == 4 else None
    )
    name = found[0]
    shape = file[name].shape
    del file[name]
    return file.create_dataset(name, shape, "f4", maxshape=(None,) * len(shape), **chunks)


@BOTH
@pytest.mark.parametrize("count", [71, 73, 8_000_000])
def test_a_chunk_that_unpacks_to_more_or_less_than_it_says_is_refused(
    folder, tmp_path, suffix, count
):
    def change(file):
        data = replaced(file, chunks=(3, 3, 1, 2), compression="gzip")
        data.id.write_direct_chunk((0,) * 4, zlib.compress(bytes(count)), 0)

    sentence = refusal(with_weights(folder, tmp_path / f"m{suffix}", change))
    assert "that does not unpack to its size" in sentence


# In LZF a zero by itself, then copies of the byte before: of 264 bytes, and of the 3 bytes that are left.
ZERO, MANY, SOME = bytes([0, 0]), bytes([0xE0, 255, 0]), bytes([0x20, 0])


@BOTH
@pytest.mark.parametrize(
    "packed",
    [ZERO + MANY * 20, ZERO + SOME * 23, ZERO + SOME * 24, ZERO + MANY[:1], ZERO[:1]],
    ids=["5 kB", "70 bytes", "73 bytes", "cut short", "nothing"],
)
def test_a_chunk_of_lzf_that_unpacks_to_more_or_less_than_it_says_is_refused(
    folder, tmp_path, suffix, packed
):
    def change(file):
        replaced(file, chunks=(3, 3, 1, 2), compression="lzf").id.write_direct_chunk(
            (0,) * 4, packed, 0
        )

    sentence = refusal(with_weights(folder, tmp_path / f"m{suffix}", change))
    assert "that does not unpack to its size" in sentence


def made_by_filters(file, last, *, is_deflated=False):
    """An array in the place of the kernel, which its filters pack, and its space."""
    name = replaced(file, chunks=(3, 3, 1, 2), compression="lzf").name
    space = h5py.h5s.create_simple(file[name].shape)
    del file[name]
    given = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    given.set_chunk((3, 3, 1, 2))
    if is_deflated:
        given.set_deflate(4)
    given.set_filter(*last)
    return h5py.h5d.create(file.id, name.encode(), h5py.h5t.NATIVE_FLOAT, space, given), space


@BOTH
def test_lzf_makes_no_more_room_for_a_chunk_than_it_needs(folder, tmp_path, suffix):
    def change(file):
        data, _ = made_by_filters(
            file, (h5py.h5z.FILTER_LZF, h5py.h5z.FLAG_OPTIONAL, (4, 261, 4_000_000_000))
        )
        data.write_direct_chunk((0,) * 4, ZERO, 0)

    sentence = refusal(with_weights(folder, tmp_path / f"m{suffix}", change))
    assert "that does not unpack to its size" in sentence


@BOTH
def test_an_array_is_packed_once(folder, tmp_path, suffix):
    def change(file):
        lzf = (h5py.h5z.FILTER_LZF, h5py.h5z.FLAG_OPTIONAL)
        data, space = made_by_filters(file, lzf, is_deflated=True)
        data.write(space, space, np.ones(space.shape, np.float32))

    sentence = refusal(with_weights(folder, tmp_path / f"m{suffix}", change))
    assert "packed with lzf: expected gzip or LZF, once, or nothing" in sentence


def test_a_layer_that_names_an_array_of_a_training_gets_nothing_past_it(folder, tmp_path):
    def change(file):
        data = file.create_dataset(
            "optimizer_weights/big", (3, 3, 1, 2), "f4", chunks=(3, 3, 1, 2), compression="gzip"
        )
        data.id.write_direct_chunk((0,) * 4, zlib.compress(bytes(8_000_000)), 0)
        layer = file["model_weights/conv"]
        layer.attrs["weight_names"] = ["/optimizer_weights/big", "conv/bias"]

    sentence = refusal(with_weights(folder, tmp_path / "m.h5", change))
    assert "a piece of '/optimizer_weights/big' that does not unpack to its size" in sentence


@BOTH
def test_a_chunk_far_larger_than_its_array_is_refused(folder, tmp_path, suffix):
    def change(file):
        data = replaced(file, chunks=(3, 3, 1, 1 << 20), compression="gzip")
        data.id.write_direct_chunk((0,) * 4, zlib.compress(bytes(36 << 20)), 0)

    sentence = refusal(with_weights(folder, tmp_path / f"m{suffix}", change))
    assert "in pieces of 37.7 MB, and all of it is 72 bytes" in sentence


@BOTH
@pytest.mark.parametrize(("filters", "way"), [({"scaleoffset": 3}, "scaleoffset")])
def test_a_filter_that_could_unpack_to_anything_is_named(folder, tmp_path, suffix, filters, way):
    def change(file):
        replaced(file, chunks=(3, 3, 1, 2), **filters)[...] = 1

    sentence = refusal(with_weights(folder, tmp_path / f"m{suffix}", change))
    assert f"packed with {way}: expected gzip or LZF, once, or nothing" in sentence


@BOTH
@pytest.mark.parametrize("compression", ["gzip", "lzf"])
@pytest.mark.parametrize(
    "filters", [{}, {"shuffle": True}, {"shuffle": True, "fletcher32": True}], ids=str
)
def test_arrays_that_were_packed_honestly_are_read(folder, tmp_path, suffix, compression, filters):
    def change(file):
        replaced(file, chunks=(2, 3, 1, 4), compression=compression, **filters)[...] = 1.5

    path = with_weights(folder, tmp_path / f"m{suffix}", change)
    weights = opened(path, Limits())[0].get_weights()
    assert any((one == 1.5).all() for one in weights)


def test_arrays_of_another_shape_than_the_weights_are_not_read(folder, tmp_path, monkeypatch):
    def change(file):
        layer = file["model_weights/conv"]
        layer["more"] = np.zeros(1000, np.float32)
        layer.attrs["weight_names"] = [b"more"] * 30

    read = []
    array = h5py.Dataset.__array__
    monkeypatch.setattr(
        h5py.Dataset,
        "__array__",
        lambda data, *given, **more: read.append(data.name) or array(data),
    )
    sentence = refusal(with_weights(folder, tmp_path / "m.h5", change))
    assert "has weights of the shapes (1000,), (1000,)" in sentence
    assert read == []


# What lies elsewhere.


@BOTH
@pytest.mark.parametrize("kind", ["array", "group", "loop", "of Keras 2"])
def test_a_second_name_of_a_part_is_not_followed(folder, tmp_path, suffix, kind):
    def change(file):
        if kind == "array":
            file["again"] = file[first_array(file)]
        elif kind == "loop":
            file["again"] = file["/"]
        else:
            group = file.create_group("more")
            for _ in range(40):
                group["a"] = group["b"] = file.create_group(None)
                group = group["a"]

    path = with_weights(folder, tmp_path / f"m{suffix}", change)
    if kind == "of Keras 2" and suffix == ".keras":
        of_keras_2 = {"metadata.json": json.dumps({"keras_version": "2.13.1"})}
        path = with_members(
            path, tmp_path / "old.keras", lambda members: members.update(of_keras_2)
        )
    assert "lies under another name too, which is not followed" in refusal(path)


@BOTH
def test_a_type_in_the_place_of_an_array_is_refused(folder, tmp_path, suffix):
    def change(file):
        file["type"] = np.dtype("f4")

    path = with_weights(folder, tmp_path / f"m{suffix}", change)
    assert "has no array of numbers at '/type'" in refusal(path)


@BOTH
@pytest.mark.parametrize("kind", ["link", "soft", "storage", "virtual"])
def test_no_other_file_is_read(folder, tmp_path, suffix, kind):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["all"] = np.ones(18, np.float32)

    def change(file):
        name = first_array(file)
        shape = file[name].shape
        del file[name]
        if kind == "link":
            file[name] = h5py.ExternalLink(str(secret), "/all")
        elif kind == "soft":
            file[name] = h5py.SoftLink("/elsewhere")
        elif kind == "storage":
            count = int(np.prod(shape)) * 4
            file.create_dataset(name, shape, "f4", external=[(str(secret), 0, count)])
        else:
            layout = h5py.VirtualLayout(shape, "f4")
            layout[...] = h5py.VirtualSource(str(secret), "all", shape)
            file.create_virtual_dataset(name, layout)

    sentence = refusal(with_weights(folder, tmp_path / f"m{suffix}", change))
    where = "elsewhere" if kind == "soft" else "in another file"
    assert f"lies {where}, which is not followed" in sentence


# Files of other kinds.


def test_weights_without_an_architecture_are_named(folder, tmp_path):
    model = keras.models.load_model(folder / "m.h5", compile=False)
    model.save_weights(tmp_path / "m.weights.h5")
    shutil.copy(folder / "m.h5", tmp_path / "only.h5")
    with h5py.File(tmp_path / "only.h5", "a") as file:
        del file.attrs["model_config"]
    for name in ("m.weights.h5", "only.h5"):
        assert "weights without an architecture" in refusal(tmp_path / name)


def test_a_saved_model_is_named_as_a_folder_and_as_an_archive(tmp_path):
    made = tmp_path / "saved"
    made.mkdir()
    (made / "saved_model.pb").write_bytes(b"\x08\x01")
    for suffix in (".zip", ".keras"):
        with zipfile.ZipFile(tmp_path / f"saved{suffix}", "w") as archive:
            archive.writestr("saved/saved_model.pb", b"\x08\x01")
        assert "an archive of a TensorFlow SavedModel" in refusal(tmp_path / f"saved{suffix}")
    assert "the folder of a TensorFlow SavedModel" in refusal(made)
    (made / "saved_model.pb").unlink()
    assert "is a folder" in refusal(made)


@BOTH
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x1c\x00\x00\x00TFL3" + bytes(40), "a TensorFlow Lite model"),
        (b"\x08\x07\x12\x07pytorch" + bytes(40), "an ONNX model"),
        (pickle.dumps({"layers": []}), "a Python pickle"),
        (b"\x1f\x8b\x08" + bytes(40), "compressed with gzip"),
    ],
)
def test_a_file_under_a_wrong_name_is_named(tmp_path, suffix, content, words):
    (tmp_path / f"m{suffix}").write_bytes(content)
    assert f"m{suffix} is {words}" in refusal(tmp_path / f"m{suffix}")


def test_the_two_formats_under_each_others_names_are_told_apart(folder, tmp_path):
    shutil.copy(folder / "m.h5", tmp_path / "a.keras")
    shutil.copy(folder / "m.keras", tmp_path / "b.h5")
    assert "rename it to end in .h5" in refusal(tmp_path / "a.keras")
    assert "rename it to end in .keras" in refusal(tmp_path / "b.h5")
    shutil.copy(folder / "m.h5", tmp_path / "a.model")
    shutil.copy(folder / "m.keras", tmp_path / "b.zip")
    assert "rename it to end in .h5" in refusal(tmp_path / "a.model")
    assert "rename it to end in .keras" in refusal(tmp_path / "b.zip")
    np.savez(tmp_path / "c.npz", np.ones(3))
    assert "expected a .keras or .h5 file" in refusal(tmp_path / "c.npz")


@pytest.mark.parametrize(
    ("name", "given"),
    [("m.keras", "M.KERAS"), ("m.h5", "M.H5"), ("m.h5", "m.hdf5"), ("m.h5", "m.HDF5")],
)
def test_a_model_is_opened_under_every_usual_name_of_its_format(folder, tmp_path, name, given):
    shutil.copy(folder / name, tmp_path / given)
    expected, _ = opened(folder / name, Limits())
    found, _ = opened(tmp_path / given, Limits())
    assert [w.tolist() for w in found.get_weights()] == [w.tolist() for w in expected.get_weights()]


def test_an_archive_and_an_hdf5_file_without_a_model_are_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("notes.txt", "x")
    assert "there is no config.json in the archive" in refusal(tmp_path / "m.keras")
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["numbers"] = np.arange(3)
    assert "an HDF5 file without a Keras model" in refusal(tmp_path / "m.h5")


def test_an_archive_of_a_folder_and_one_with_a_password_are_named(folder, tmp_path):
    with (
        zipfile.ZipFile(folder / "m.keras") as archive,
        zipfile.ZipFile(tmp_path / "down.keras", "w") as lower,
    ):
        for name in archive.namelist():
            lower.writestr(f"model/{name}", archive.read(name))
    sentence = refusal(tmp_path / "down.keras")
    assert "has its config.json in a folder of the archive: expected it at the top" in sentence
    content = bytearray((folder / "m.keras").read_bytes())
    for header, flags in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        place = content.find(header)
        while place >= 0:
            content[place + flags] |= 1
            place = content.find(header, place + 4)
    (tmp_path / "secret.keras").write_bytes(content)
    assert "is encrypted, and no password is asked for" in refusal(tmp_path / "secret.keras")


# The reason that Keras gives.


@BOTH
@pytest.mark.parametrize(
    "part",
    [
        {"registered_name": ["Conv2D"]},
        {"config": {"activation": {"class_name": "function", "config": ["relu"]}}},
    ],
)
def test_what_python_says_of_code_is_no_reason(folder, tmp_path, suffix, part):
    path = with_configuration(
        folder, tmp_path / f"m{suffix}", lambda configuration: conv_of(configuration).update(part)
    )
    assert "cannot be opened as a Keras model: it is damaged, or not as Keras" in refusal(path)


def test_a_configuration_that_is_no_text_is_refused_without_the_words_of_python(folder, tmp_path):
    for value in (h5py.Empty("f4"), 3):
        shutil.copy(folder / "m.h5", tmp_path / "m.h5")
        with h5py.File(tmp_path / "m.h5", "a") as file:
            file.attrs["model_config"] = value
        sentence = refusal(tmp_path / "m.h5")
        assert "cannot be opened as a Keras model: it is damaged, or not as Keras" in sentence


@BOTH
def test_the_reason_of_keras_is_not_cut_off(folder, tmp_path, suffix):
    def change(configuration):
        conv_of(configuration)["config"]["kernel_size"] = [3, "three"]

    sentence = refusal(with_configuration(folder, tmp_path / f"m{suffix}", change))
    assert "kernel_size" in sentence


# What a file says of itself.


@BOTH
@pytest.mark.parametrize(
    "part",
    [
        {"class_name": "E" * 10**6},
        {"class_name": "function", "config": "f" * 10**6},
        {"class_name": "Own\nline", "registered_name": "pkg\nline>Own\x1b[31m"},
        {"module": "keras.lay\x1bers" + "s" * 10**6, "class_name": "Own"},
        {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "n\x1b" * 10**6}},
        {"config": {"filters": 10**400}},
    ],
)
def test_what_is_quoted_from_a_file_is_short_and_has_no_control_characters(
    folder, tmp_path, suffix, part
):
    def change(configuration):
        conv_of(configuration).update({"module": None, "registered_name": None} | part)

    sentence = refusal(with_configuration(folder, tmp_path / f"m{suffix}", change))
    assert len(sentence) < 700
    assert sentence.isprintable()


def own_metric(y_true, y_pred):
    return keras.ops.mean(y_true - y_pred)


class OwnMetric(keras.metrics.Mean):
    """A metric that nobody registers."""


class OwnLoss(keras.losses.Loss):
    """A loss that nobody registers."""

    def call(self, y_true, y_pred):
        return y_pred - y_true


@BOTH
@pytest.mark.parametrize(
    "compiled",
    [
        {"loss": OwnLoss()},
        {"loss": own_metric},
        {"loss": "mse", "metrics": [OwnMetric()]},
        {"loss": "mse", "metrics": [own_metric, "mae"]},
        {"loss": {"dense": OwnLoss()}, "metrics": {"dense": [own_metric]}},
    ],
    ids=["loss", "function", "metric", "function as metric", "by output"],
)
def test_unknown_losses_and_metrics_are_no_reason_to_refuse_a_network(suffix, compiled, tmp_path):
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(2, name="dense")]
    )
    model.compile("adam", **compiled)
    path = tmp_path / f"m{suffix}"
    model.save(path)
    renamed = with_unknown_names(path)
    loaded = cnn.load_model(renamed)
    for mine, its in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)


def with_unknown_names(path):
    """Let the file name losses and metrics that this process does not have either."""
    if path.suffix == ".keras":

        def change(members):
            text = members["config.json"].decode()
            members["config.json"] = renamed(text).replace(__name__, "elsewhere")

        return with_members(path, path.with_name("lost.keras"), change)
    with h5py.File(path, "a") as file:
        file.attrs["training_config"] = renamed(file.attrs["training_config"])
    return path


def renamed(text):
    assert "Own" in text or "own_metric" in text
    return text.replace("Own", "Lost").replace("own_metric", "lost_metric")


# Where memory is short.


@BOTH
@pytest.mark.parametrize(
    "error",
    [MemoryError(), tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")],
    ids=["of Python", "of TensorFlow"],
)
@pytest.mark.parametrize("at", [(layers.Conv2D, "build"), (keras.Model, "load_weights")])
def test_where_memory_is_short_a_sentence_says_so(folder, suffix, error, at, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(*at, fail)
    monkeypatch.setattr("cnn.models.opening.fill_from_h5", fail)
    sentence = refusal(folder / f"m{suffix}")
    assert sentence == f"m{suffix} needs more memory than there is: choose a smaller network."
