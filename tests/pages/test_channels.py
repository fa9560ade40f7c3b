"""Networks and pictures of more than three channels: fed whole, and three of them seen as colours."""

import base64
import io

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image
from pydantic import TypeAdapter

import cnn
from cnn.inspection.batches import prepared
from cnn.studies.question import Question
from dashboard.app import create_app, runtime_of
from dashboard.runtime import links
from dashboard.runtime.studied import question
from dashboard.settings import Settings
from dashboard.shell import panel
from dashboard.state.view import parse
from pages import activations, perturb, why
from tests.screens import screen, unpacked

PICTURES = np.random.default_rng(4).integers(0, 256, (6, 12, 14, 5), dtype=np.uint8)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("channels")
    keras.utils.set_random_seed(7)
    own = keras.Input((12, 14, 5), name="bands")
    x = layers.Flatten(name="row")(layers.Conv2D(4, 3, name="conv")(own))
    keras.Model(own, layers.Dense(3, activation="softmax", name="classes")(x)).save(
        folder / "m.keras"
    )
    np.savez(folder / "bands.npz", x=PICTURES, y=np.arange(6) % 3)
    settings = Settings(
        home=folder / "home",
        model=folder / "m.keras",
        data=str(folder / "bands.npz"),
        download=False,
    )
    app = create_app(settings)
    runtime_of(app).wait()
    assert runtime_of(app).problem == ""
    return app


@pytest.fixture
def shown(app, request_of):
    request_of(app)
    return runtime_of(app).default_view().to_query()


def pixels_of(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def test_all_channels_enter_and_are_seen_one_by_one(app, shown):
    runtime = runtime_of(app)
    look = runtime.look(parse(shown)[0])
    model = keras.models.load_model(runtime.catalogue.default().path)
    expected = model.predict(PICTURES[:1] / np.float32(255), verbose=0)[0]
    np.testing.assert_allclose(look.passed.prediction.probabilities, expected, atol=1e-6)
    assert look.passed.activations["bands"].shape == (12, 14, 5)
    assert look.true == 0
    for page, layer in ((activations, "bands"), (why, "conv"), (perturb, None)):
        assert screen(page, {**shown, "rotate": "20", "epsilon": "0.1"}, layer).form


def test_three_channels_make_the_picture_and_are_a_choice_in_the_link(app, shown):
    runtime = runtime_of(app)
    client = app.server.test_client()
    for colours, channels in ((None, [0, 1, 2]), ("4,3,0", [4, 3, 0])):
        query = shown | ({"colours": colours} if colours else {})
        view = parse(query)[0]
        look = runtime.look(view)
        facts = panel.facts(view, runtime.picture(view), look)["scale"]["colours"]
        assert (facts["count"], list(facts["chosen"])) == (5, channels)
        uri = panel.data_uri(look.seen, view)
        np.testing.assert_array_equal(pixels_of(uri), PICTURES[0][..., channels])
        answer = client.get("/values/activations/conv", query_string=query)
        told, arrays = unpacked(answer.data)
        np.testing.assert_array_equal(arrays[told["seen"]], PICTURES[0][..., channels])
        assert links.follow(runtime, query).messages == ()
    for wrong in ("0,1,5", "0,0,1", "0,1", "a,b,c"):
        link = links.follow(runtime, {**shown, "colours": wrong})
        assert link.view.colours == ""
        assert len(link.messages) == 1


def test_a_colour_picture_enters_by_the_channels_that_are_its_colours(app, shown):
    runtime = runtime_of(app)
    colour = np.random.default_rng(5).integers(0, 256, (12, 14, 3), dtype=np.uint8)
    expected = np.zeros((12, 14, 5), np.uint8)
    expected[..., [4, 3, 0]] = colour
    model = runtime.trained(parse({**shown, "colours": "4,3,0"})[0])
    np.testing.assert_allclose(cnn.prepare(colour, model)[0], expected / 255, atol=1e-6)
    grey = cnn.prepare(colour[..., :1], model)[0]
    np.testing.assert_allclose(grey, np.repeat(colour[..., :1], 5, -1) / 255, atol=1e-6)


def test_what_a_worker_is_asked_is_of_the_chosen_channels(app, shown):
    runtime = runtime_of(app)
    chosen, plain = (parse({**shown, **more})[0] for more in ({"colours": "4,3,0"}, {}))
    ask = lambda network, data: Question.tops(network, {}, "conv", data, "all")  # noqa: E731
    one, other = (question(runtime, view, ask) for view in (chosen, plain))
    assert one.id != other.id
    colour = np.random.default_rng(5).integers(0, 256, (12, 14, 3), dtype=np.uint8)
    read = TypeAdapter(Question).validate_json(TypeAdapter(Question).dump_json(one))
    np.testing.assert_array_equal(
        prepared(read.network.load(), [colour]), cnn.prepare(colour, runtime.trained(chosen))
    )


def test_many_channels_enter_a_network_of_three_by_the_chosen_ones():
    pixels = PICTURES[0]
    np.testing.assert_array_equal(
        cnn.images.fit(pixels, 12, 14, 3, (4, 0, 1)), pixels[..., [4, 0, 1]]
    )
    half = cnn.images.fit(pixels, 6, 7, 5)
    assert half.shape == (6, 7, 5)
    two = cnn.images.in_colours(pixels[..., :2])
    np.testing.assert_array_equal(two, pixels[..., [0, 1, 1]])


def test_the_panel_shows_thumbnails_of_such_pictures(app, shown):
    got = app.server.test_client().get(f"/thumbnails/{shown['data']}/{shown['split']}?places=0,1")
    assert got.status_code == 200
    assert Image.open(io.BytesIO(got.data)).width > 0


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        ((4, 9, 9, 13), (9, 9, 13)),
        ((4, 13, 16, 16), (16, 16, 13)),
        ((4, 8, 8, 13), (8, 8, 13)),
        ((4, 3, 16, 16), (16, 16, 3)),
        ((4, 9, 9), (9, 9, 1)),
    ],
)
def test_archives_of_any_number_of_channels_are_read(tmp_path, shape, read):
    path = tmp_path / "own.npz"
    np.savez(path, x=np.zeros(shape, np.uint8), y=np.zeros(len(np.zeros(shape)), int))
    assert cnn.load_dataset(str(path), "all").images.shape[1:] == read
    np.savez(path, x=np.zeros((2, 9, 9, 65), np.uint8), y=[0, 0])
    with pytest.raises(cnn.DatasetError, match="with 1 to 64 channels"):
        cnn.load_dataset(str(path), "all")
