"""What a network takes beside its picture: in the panel, in the link, and on every page."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import cnn
from cnn.models.adapting import Form
from cnn.models.further import Further
from dashboard.app import runtime_of
from dashboard.runtime import further, links
from dashboard.shell import panel
from dashboard.state import given
from dashboard.state.view import View, parse
from pages import activations, all_layers, architecture, diagnosis, one_step, output, perturb, why
from tests.screens import application_of, screen


def network() -> keras.Model:
    """A picture, two numbers, a second picture of its shape, and one of colours in another."""
    keras.utils.set_random_seed(6)
    first, second = keras.Input((28, 28, 1), name="first"), keras.Input((28, 28, 1), name="second")
    age, colour = keras.Input((2,), name="age"), keras.Input((12, 14, 3), name="colour")
    convolution = layers.Conv2D(3, 3, strides=3, name="conv")
    rows = [
        layers.Flatten(name=f"row_{n}")(convolution(one)) for n, one in enumerate((first, second))
    ]
    rows += [layers.Dense(4, name="ages")(age), layers.Flatten(name="pixels")(colour)]
    joined = layers.Concatenate(name="joined")(rows)
    outputs = [layers.Dense(10, activation="softmax", name=name)(joined) for name in ("one", "two")]
    return keras.Model([first, age, second, colour], outputs)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return application_of(network(), tmp_path_factory.mktemp("further"))


@pytest.fixture
def shown(app, request_of):
    request_of(app)
    return runtime_of(app).default_view().to_query()


def probabilities(app, query) -> np.ndarray:
    return runtime_of(app).look(parse(query)[0]).passed.prediction.probabilities


def expected(app, query, age, second: int | None, colour: int) -> list[np.ndarray]:
    """What Keras makes of all inputs, for each of the outputs."""
    data = runtime_of(app).dataset(parse(query)[0])
    first = data[parse(query)[0].index].pixels
    other = first if second is None else data[second].pixels
    colours = cnn.images.fit(data[colour].pixels, 12, 14, 3)
    given_all = [first / 255, np.array(age), other / 255, colours / 255]
    own = keras.models.load_model(runtime_of(app).catalogue.default().path)
    return [
        one[0] for one in own.predict([a[None].astype(np.float32) for a in given_all], verbose=0)
    ]


def test_every_input_gets_what_the_link_says(app, shown):
    plain = expected(app, shown, (0, 0), None, 0)
    np.testing.assert_allclose(probabilities(app, shown), plain[0], atol=1e-5)
    fed = {**shown, "given": "1:0.5,-2", "also": "2:17;3:5"}
    said = expected(app, fed, (0.5, -2), 17, 5)
    np.testing.assert_allclose(probabilities(app, fed), said[0], atol=1e-5)
    np.testing.assert_allclose(probabilities(app, {**fed, "output": "1"}), said[1], atol=1e-5)
    operated = {**fed, "surgery": "conv:0*1"}
    np.testing.assert_allclose(probabilities(app, operated), said[0], atol=1e-5)
    assert links.follow(runtime_of(app), fed).messages == ()


def test_the_panel_shows_every_input_and_what_it_gets(app, shown):
    def told(query):
        view, runtime = parse(query)[0], runtime_of(app)
        return panel.facts(view, runtime.picture(view), runtime.look(view))["inputs"]

    age, second, colour = told(shown)
    assert (age["name"], age["numbers"]) == ("age", ["0", "0"])
    assert (second["name"], second["index"], second["text"]) == ("second", None, "the same picture")
    assert (colour["index"], colour["of"]) == (0, 1797)
    assert colour["src"].startswith("data:image/png")
    age, second, colour = told({**shown, "given": "1:0.5,-2", "also": "2:17;3:5"})
    assert age["numbers"] == ["0.5", "-2"]
    assert (second["index"], second["back"]) == (17, True)
    assert colour["index"] == 5
    label = runtime_of(app).dataset(parse(shown)[0])[17].class_name
    assert second["text"] == f"number 17, label {label}"


def test_every_page_follows_the_further_inputs(app, shown):
    fed = {**shown, "given": "1:0.5,-2", "also": "2:17"}
    runtime = runtime_of(app)
    for page in (all_layers, architecture, diagnosis, output, perturb):
        assert screen(page, fed).form
    names = [info.name for info in cnn.layer_infos(runtime.model(parse(fed)[0]))]
    assert {"age", "second", "conv:2"} <= set(names)
    for name in names:
        for page in (activations, why):
            assert screen(page, fed, name).form
    assert screen(one_step, fed, "conv").form
    of_second = [
        runtime.look(parse(query)[0]).passed.activations["row_1"] for query in (shown, fed)
    ]
    assert not np.allclose(*of_second)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"given": "1:0.5"}, "takes 2 numbers, and 1 came"),
        ({"given": "2:0.5"}, "no further input 2 for numbers: it has 1"),
        ({"also": "1:5"}, "no further input 1 for pictures: it has 2 and 3"),
        ({"also": "2:99999"}, "has no picture number 99999"),
        ({"given": "1:0.5,x"}, "expected numbers for further inputs"),
        ({"also": "2:-1"}, "expected samples for further inputs"),
    ],
)
def test_what_an_input_cannot_get_is_taken_out_of_a_link_and_told(app, shown, wrong, said):
    link = links.follow(runtime_of(app), {**shown, **wrong})
    assert (link.view.given, link.view.also) == ("", "")
    (message,) = link.messages
    assert said in message


def test_what_is_given_goes_with_the_model_and_samples_with_the_data(app, shown):
    view = View(model="a" * 12, given="1:2", also="2:3")
    assert view.of_model("b" * 12) == View(model="b" * 12)
    assert parse(view.to_query())[0] == view


def test_a_study_takes_the_numbers_and_refuses_pictures_of_their_own(app, shown):
    runtime = runtime_of(app)
    with pytest.raises(cnn.ModelError, match="The input colour gets a picture of its own"):
        runtime.numbers(parse({**shown, "given": "1:0.5,-2"})[0])


@pytest.mark.parametrize(
    "text",
    ["", "1", "1:", "1:1;1:2", "x:1", "100:1", "1:nan", "1:1e999", "1:1,,2", "1:" + "1," * 300],
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"is|are"):
        given.decode_numbers(text)
    assert given.decode_numbers("1:1;2:-0.5,1e-3") == {1: (1.0,), 2: (-0.5, 0.001)}
    assert given.decode_places("3:0;12:17") == {3: 0, 12: 17}


def test_a_single_number_without_an_axis_has_a_field_and_no_grid_of_one_cell(tmp_path, request_of):
    picture, age = keras.Input((28, 28, 1), name="picture"), keras.Input((), name="age")
    joined = layers.Concatenate(name="joined")(
        [layers.Flatten()(picture), layers.Reshape((1,))(age)]
    )
    model = keras.Model([picture, age], layers.Dense(3, activation="softmax")(joined))
    app = application_of(model, tmp_path)
    request_of(app)
    query = {**runtime_of(app).default_view().to_query(), "given": "1:42"}
    look = runtime_of(app).look(parse(query)[0])
    assert look.passed.activations["age"].tolist() == [42]
    view = parse(query)[0]
    (told,) = panel.facts(view, runtime_of(app).picture(view), look)["inputs"]
    assert told["numbers"] == ["42"]
    assert links.follow(runtime_of(app), query).view.given == "1:42"
    box = f"{activations.DETAIL}-box"
    assert screen(activations, query, "age").hidden[box]
    assert not screen(activations, query, "joined").hidden[box]


def test_an_input_that_is_not_fed_gets_the_first_picture_that_can_be_read(tmp_path):
    for number in range(3):
        Image.fromarray(np.full((6, 7), number, np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "0.png").write_bytes(b"damaged")
    form = Form((12, 14, 3), (12, 14, 3), 3)
    colour = Further("colour", 3, (12, 14, 3), form, np.zeros((12, 14, 3), np.float32))
    (got,) = further.fed([colour], View(), lambda: cnn.load_dataset(str(tmp_path)))
    assert (got.sample.index, got.sample.pixels.max()) == (1, 1)


def test_own_pictures_feed_the_picture_inputs_and_other_arrays_are_told_to_be_left_out(
    tmp_path, request_of
):
    data = cnn.load_dataset("digits")
    pixels = np.stack([data[place].pixels for place in range(6)])
    np.savez(tmp_path / "mine.npz", x=pixels, y=data.labels[:6], age=np.ones((6, 2)))
    app = application_of(network(), tmp_path, data=str(tmp_path / "mine.npz"))
    request_of(app)
    runtime = runtime_of(app)
    assert runtime.sets.own.notes[0].startswith("Left out: age, neither pictures nor labels;")
    query = {**runtime.default_view().to_query(), "given": "1:0.5,-2", "also": "2:4;3:5"}
    wanted = expected(app, query, [0.5, -2], 4, 5)
    np.testing.assert_allclose(probabilities(app, query), wanted[0], atol=1e-6)
