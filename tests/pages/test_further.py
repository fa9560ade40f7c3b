"""What a network takes beside its picture: in the panel, in the link, and on every page."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image
from pydantic import TypeAdapter

import cnn
from cnn.captions.synthesis import synthesis
from cnn.models.adapting import Form
from cnn.models.further import Further
from cnn.studies import EVALUATE, RANK, SYNTHESISE, TOPS, Question, work_on
from dashboard.app import runtime_of
from dashboard.runtime import further, links
from dashboard.runtime.studied import about_turn, question
from dashboard.screens.request import Request
from dashboard.shell import panel
from dashboard.state import given, pixels
from dashboard.state.view import View, parse
from pages import (
    activations,
    all_layers,
    architecture,
    diagnosis,
    one_step,
    output,
    perturb,
    quiz,
    why,
)
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
    assert (second["index"], second["back"]) == (17, "The same")
    assert (age["back"], colour["back"]) == ("The model’s", "The model’s")
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


@pytest.mark.parametrize("more", [{}, {"also": "2:17;3:5"}])
def test_a_study_of_one_picture_gets_what_every_input_gets(app, shown, more):
    fed = {**shown, "given": "1:0.5,-2", **more}
    asked = about_turn(runtime_of(app), parse(fed)[0], 3)
    assert (set(asked.network.inputs), "colour" in asked.network.pictures) == ({"age"}, True)
    read = TypeAdapter(Question).validate_json(TypeAdapter(Question).dump_json(asked))
    said = cnn.predict(read.network.load(), read.asked.pixels).probabilities
    np.testing.assert_allclose(said, probabilities(app, fed), atol=1e-6)
    other = about_turn(runtime_of(app), parse({**fed, "also": "2:17;3:6"})[0], 3)
    assert len({asked.id, read.id, other.id}) == 2


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


AGES = np.array([[0.5, -2], [3, 4], [np.nan, 1], [7, 8], [0, 1], [2, 2]])


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A server with six digits that have their ages, other digits and colours beside them."""
    folder = tmp_path_factory.mktemp("own")
    data = cnn.load_dataset("digits")
    pixels = np.stack([data[place].pixels for place in range(12)])
    colours = np.random.default_rng(2).integers(0, 256, (6, 12, 14, 3)).astype(np.uint8)
    np.savez(
        folder / "mine.npz", x=pixels[:6], y=data.labels[:6], Age=AGES,
        second=pixels[6:, ..., 0] / 255, colour=colours, weight=np.ones(6), short=np.ones(5),
    )  # fmt: skip
    app = application_of(network(), folder, data=str(folder / "mine.npz"))
    return app, pixels[6:], colours


def of_own(app, index, **more) -> dict[str, str]:
    return {**runtime_of(app).default_view().to_query(), "index": str(index), **more}


def of_keras(app, first, age, second, colour) -> np.ndarray:
    own = keras.models.load_model(runtime_of(app).catalogue.default().path)
    given_all = [first / 255, np.array(age), second / 255, colour / 255]
    return own.predict([a[None].astype(np.float32) for a in given_all], verbose=0)[0][0]


def told_of(app, query) -> list[dict]:
    view, runtime = parse(query)[0], runtime_of(app)
    return panel.facts(view, runtime.picture(view), runtime.look(view))["inputs"]


@pytest.mark.parametrize("index", [1, 3])
def test_a_file_feeds_every_input_that_its_arrays_are_called_as(own, request_of, index):
    app, seconds, colours = own
    request_of(app)
    query = of_own(app, index)
    first = runtime_of(app).picture(parse(query)[0]).pixels
    wanted = of_keras(app, first, AGES[index], seconds[index], colours[index])
    np.testing.assert_allclose(probabilities(app, query), wanted, atol=1e-5)
    age, second, colour = told_of(app, query)
    assert age["numbers"] == [f"{one:g}" for one in AGES[index]]
    assert {one["isOfFile"] for one in (age, second, colour)} == {True}
    assert second["text"] == colour["text"] == "of this picture, from its file"
    assert second["src"] != colour["src"] != ""
    notes = runtime_of(app).look(parse(query)[0]).notes
    assert notes[-1].startswith(
        "For this picture its file says age, second and colour, and so for each other wherever many are "
        "looked at."
    )
    assert screen(activations, query, "ages").form
    assert links.follow(runtime_of(app), query).messages == ()


def test_what_the_reader_gives_wins_over_the_file_and_can_be_taken_back(own, request_of):
    app, _, colours = own
    request_of(app)
    query = of_own(app, 3, given="1:9,9.5", also="2:5")
    first = runtime_of(app).picture(parse(query)[0]).pixels
    other = runtime_of(app).dataset(parse(query)[0])[5].pixels
    wanted = of_keras(app, first, (9, 9.5), other, colours[3])
    np.testing.assert_allclose(probabilities(app, query), wanted, atol=1e-5)
    age, second, colour = told_of(app, query)
    assert (age["numbers"], age["isOfFile"], age["back"]) == (["9", "9.5"], False, "The file’s")
    assert (second["index"], second["back"], colour["back"]) == (5, "The file’s", "")
    assert told_of(app, {**query, "given": "1:1,1", "index": "1"})[0]["numbers"] == ["1", "1"]


def test_only_the_picture_of_the_file_gets_what_the_file_has_for_it(own, request_of):
    app, *_ = own
    request_of(app)
    runtime, drawn = runtime_of(app), np.full((28, 28, 1), 200, np.uint8)
    drawing = of_own(app, 3, pixels=pixels.encode(drawn))
    assert told_of(app, drawing)[0]["numbers"] == ["0", "0"]
    view = parse(of_own(app, 3))[0]
    moving = Request(view, moving="picture", drawn=drawn)
    np.testing.assert_allclose(
        moving.passed.prediction.probabilities, probabilities(app, drawing), atol=1e-6
    )
    of_many = runtime.model_of_many(view)
    assert of_many is runtime.model_of_many(replace(view, index=1))
    assert of_many is not runtime.model_of_many(replace(view, given="1:1,1"))
    assert runtime.diagnosis(view) is runtime.diagnosis(replace(view, index=1))


def test_what_a_file_has_and_an_input_cannot_take_is_told(own, tmp_path, request_of):
    app, *_ = own
    request_of(app)
    nan = runtime_of(app).look(parse(of_own(app, 2))[0])
    assert told_of(app, of_own(app, 2))[0]["numbers"] == ["0", "0"]
    assert (
        "The file has no finite number for the input age of this picture: it gets what it gets without a "
        "file, unless you give some." in nan.notes
    )
    assert "no finite number" not in " ".join(
        runtime_of(app).look(parse(of_own(app, 2, given="1:1,2"))[0]).notes
    )
    inputs = cnn.models.further_inputs(runtime_of(app).catalogue.load(""))
    np.savez(tmp_path / "a.npz", x=np.ones((2, 4, 4)), age=np.ones((2, 3)), second=np.ones((2, 7)))
    data = cnn.load_dataset(str(tmp_path / "a.npz"))
    every = further.fed(inputs, View(data="own:" + "0" * 12), lambda: data)
    assert [one.note for one in every] == [
        "The file has 3 numbers a picture for the input age, which takes 2: it gets none of them.",
        "The input second gets nothing of the file (a.npz (second) holds pictures of shape (2, 7): "
        "expected (n, height, width) or (n, height, width, channels) with 1 to 64 channels).",
        "",
    ]


def test_a_study_of_the_picture_gets_the_numbers_of_the_file(tmp_path, request_of):
    picture, age = keras.Input((28, 28, 1), name="picture"), keras.Input((1,), name="age")
    joined = layers.Concatenate()([layers.Flatten()(picture), age])
    model = keras.Model([picture, age], layers.Dense(3, activation="softmax")(joined))
    for number in range(3):
        Image.fromarray(np.full((28, 28), number, np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "of.csv").write_text(
        "file,label,AGE,note\n0.png,a,40,x\n1.png,b,,y\n2.png,c,1.5,z\n"
    )
    app = application_of(model, tmp_path, data=str(tmp_path / "of.csv"))
    request_of(app)
    views = [parse(of_own(app, index))[0] for index in range(3)]
    ask = lambda network, data: Question.diagnosis(network, {}, data, "all")  # noqa: E731
    told = [question(runtime_of(app), one, ask) for one in (*views, views[0].of_no_sample)]
    given_all = [one.network.inputs for one in told]
    assert given_all == [{"age": (40,)}, {}, {"age": (1.5,)}, {}]
    assert runtime_of(app).look(views[2]).passed.activations["age"].tolist() == [1.5]
    assert "no finite number" in " ".join(runtime_of(app).look(views[1]).notes)
    assert runtime_of(app).sets.own.notes[-1] == "Left out: note (no number in line 2: 'x')."


def test_a_second_picture_is_fed_from_a_folder(tmp_path, request_of):
    drawn = np.random.default_rng(4).integers(0, 256, (4, 28, 28), np.uint8)
    for number, one in enumerate(drawn):
        place = tmp_path / "pictures" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(one).save(place / f"{number}.png")
    app = application_of(network(), tmp_path, data=str(tmp_path / "pictures"))
    request_of(app)
    query = of_own(app, 0)
    # As folders are read: class by class.
    for also, second in (("", None), ("2:1", 1), ("2:3", 3)):
        shown = {**query, **({"also": also} if also else {})}
        plain = expected(app, shown, (0, 0), second, 0)[0]
        np.testing.assert_allclose(probabilities(app, shown), plain, atol=1e-5)
        assert links.follow(runtime_of(app), shown).messages == ()
    told = told_of(app, {**query, "also": "2:3"})[1]
    assert (told["name"], told["index"], told["of"]) == ("second", 3, 4)
    assert told["text"] == "number 3, label b"
    link = links.follow(runtime_of(app), {**query, "also": "2:4"})
    assert "says what further inputs get" in " ".join(link.messages)


def test_each_of_the_pictures_to_choose_from_gets_what_the_file_has_for_it(own, request_of):
    app, seconds, colours = own
    request_of(app)
    runtime = runtime_of(app)
    data = runtime.dataset(parse(of_own(app, 0))[0])
    ages = np.where(np.isfinite(AGES).all(axis=1, keepdims=True), AGES, 0)
    wanted = [
        of_keras(app, data[n].pixels, ages[n], seconds[n], colours[n]) for n in range(len(ages))
    ]
    # Whichever picture is shown, and beside a drawing.
    drawn = pixels.encode(np.full((28, 28, 1), 200, np.uint8))
    for query in (of_own(app, 0), of_own(app, 3), of_own(app, 1, pixels=drawn)):
        view = parse(query)[0]
        said = runtime.said(view, None)
        assert said.classes.tolist() == [int(one.argmax()) for one in wanted]
        np.testing.assert_allclose(said.sure, [one.max() for one in wanted], atol=1e-5)
    # What the reader gives wins, for each of them.
    typed = parse(of_own(app, 3, given="1:9,9.5"))[0]
    each = [of_keras(app, data[n].pixels, (9, 9.5), seconds[n], colours[n]) for n in range(6)]
    np.testing.assert_allclose(
        runtime.said(typed, None).sure, [one.max() for one in each], atol=1e-5
    )
    beside = runtime.data_of_many(typed).beside
    assert {beside.called(one) for one in ("age", "second", "colour")} == {None, "second", "colour"}


def test_the_marks_on_a_page_of_pictures_are_not_of_what_the_shown_one_gets(own, request_of):
    app, *_ = own
    request_of(app)
    client = app.server.test_client()
    pages = [
        client.get("/pictures", query_string={**of_own(app, n), "pick": ",,,0", "marks": "1"}).json
        for n in (1, 4)
    ]
    assert pages[0]["items"] == pages[1]["items"]
    sure = runtime_of(app).said(parse(of_own(app, 1))[0], None).sure
    told = [item.get("sure") for item in pages[0]["items"]]
    assert told == [cnn.captions.percent(float(one), 0) for one in sure]


def test_pictures_beyond_a_batch_get_their_own_rows_too():
    model = cnn.models.as_functional(network())
    random = np.random.default_rng(1)
    images, ages = random.integers(0, 256, (70, 28, 28, 1), np.uint8), random.random((70, 2))
    said = cnn.batch_probabilities(model, images, given={"age": list(ages)})
    for place in (0, 63, 64, 69):
        one = cnn.models.with_inputs(model, {"age": ages[place]})
        expected = cnn.predict(one, images[place]).probabilities
        np.testing.assert_allclose(said[place], expected, atol=1e-5)


def studied(app, query, kind, layer):
    """The study that the page begins, worked on."""
    told = app.server.test_client().post(
        "/studies",
        query_string=query,
        json={"kind": kind, "layer": layer, "method": "", "find": False},
    )
    assert told.status_code == 200, told.json
    study = runtime_of(app).settings.jobs.study(told.json["id"])
    work_on(study)
    assert study.status.state == "finished", study.status.message
    return study


def test_a_study_of_many_gets_what_the_file_has_for_each(own, request_of):
    app, seconds, colours = own
    request_of(app)
    data = runtime_of(app).dataset(parse(of_own(app, 0))[0])
    ages = np.where(np.isfinite(AGES).all(axis=1, keepdims=True), AGES, 0)
    wanted = np.stack(
        [of_keras(app, data[n].pixels, ages[n], seconds[n], colours[n]) for n in range(6)]
    )
    study = studied(app, of_own(app, 3), TOPS, "one")
    for channel, found in enumerate(study.answer.channels):
        by_place = {one.picture: one.value for one in found.top}
        np.testing.assert_allclose([by_place[n] for n in range(6)], wanted[:, channel], atol=1e-5)
    # It is the same whichever picture is shown, and another where something else is given.
    assert study.question.network.inputs == {}
    typed = studied(app, of_own(app, 0, given="1:9,9.5"), TOPS, "one")
    assert typed.question.network.inputs == {"age": (9, 9.5)}
    first = of_keras(app, data[4].pixels, (9, 9.5), seconds[4], colours[4])
    told = {one.picture: one.value for one in typed.answer.channels[0].top}
    assert told[4] == pytest.approx(first[0], abs=1e-5)
    chosen = studied(app, of_own(app, 0, also="2:5"), TOPS, "one")
    assert set(chosen.question.network.pictures) == {"second"}
    fifth = of_keras(app, data[4].pixels, ages[4], data[5].pixels, colours[4])
    told = {one.picture: one.value for one in chosen.answer.channels[0].top}
    assert told[4] == pytest.approx(fifth[0], abs=1e-5)


class Aged:
    """A server with a network that is silent without ages, and ten digits that have theirs."""

    ages = np.array([3, 5, 2, 9, 4, 7, 6, 8, 1, 2.5], np.float32)[:, None]

    def __init__(self, folder):
        keras.utils.set_random_seed(8)
        picture, age = keras.Input((28, 28, 1), name="picture"), keras.Input((1,), name="age")
        older = layers.Dense(3, activation="relu", name="older")
        joined = layers.Concatenate()([layers.Flatten()(picture), older(age)])
        sums = layers.Dense(10, name="sums")(joined)
        self.model = keras.Model([picture, age], layers.Softmax(name="classes")(sums))
        older.set_weights([np.array([[1, 2, -1]]), np.full(3, -0.5)])
        data = cnn.load_dataset("digits")
        self.pictures = np.stack([data[place].pixels for place in range(10)])
        self.labels = data.labels[:10]
        np.savez(folder / "aged.npz", x=self.pictures, y=self.labels, age=self.ages)
        self.app = application_of(self.model, folder, data=str(folder / "aged.npz"))

    def keras(self, layer, ages) -> np.ndarray:
        part = keras.Model(self.model.inputs, self.model.get_layer(layer).output)
        given_all = [self.pictures.astype(np.float32) / 255, np.asarray(ages, np.float32)]
        return part.predict(given_all, verbose=0)


@pytest.fixture(scope="module")
def aged(tmp_path_factory):
    return Aged(tmp_path_factory.mktemp("aged"))


def test_a_diagnosis_gives_each_picture_its_row_and_what_is_typed_wins(aged, request_of):
    request_of(aged.app)
    runtime = runtime_of(aged.app)

    def dead(query):
        found = runtime.diagnosis(parse(query)[0]).findings
        return [(one.layer, one.channels) for one in found if one.kind == "dead"]

    assert dead(of_own(aged.app, 1)) == [("older", (2,))]
    assert dead(of_own(aged.app, 1, given="1:0.2")) == [("older", (0, 1, 2))]


def test_the_mean_of_a_channel_is_over_the_rows_of_the_pictures(aged, request_of):
    request_of(aged.app)
    client = aged.app.server.test_client()
    for more, ages in (({}, aged.ages), ({"given": "1:2"}, np.full((10, 1), 2))):
        query = {**of_own(aged.app, 5, **more), "channel": "1"}
        told = client.get("/mean/older", query_string=query).json
        assert told["offset"] == pytest.approx(aged.keras("older", ages)[:, 1].mean(), rel=1e-4)
    hint = client.get("/ranges", query_string=of_own(aged.app, 1))
    assert hint.status_code == 200


@pytest.mark.parametrize("kind", [EVALUATE, RANK])
def test_what_channels_cost_is_told_with_the_rows_of_each_picture(aged, request_of, kind):
    request_of(aged.app)
    study = studied(aged.app, of_own(aged.app, 1, surgery="older:1*0"), kind, "older")
    # Of what nobody has divided every fifth picture is one of the test.
    of_test = cnn.load_dataset(study.question.data, study.question.split)
    places = [
        int(np.flatnonzero((aged.pictures == one).all(axis=(1, 2, 3)))[0]) for one in of_test.images
    ]
    assert 0 < len(places) < 10
    said = aged.keras("classes", aged.ages)[places, aged.labels[places]]
    loss = study.answer.before.loss if kind == EVALUATE else study.answer.loss
    assert loss == pytest.approx(-np.log(said).mean(), rel=1e-4)


def test_a_quiz_shows_maps_of_what_the_network_says_of_each_picture_with_its_row(aged, request_of):
    request_of(aged.app)
    asked, sums = quiz._asked(Request(parse(of_own(aged.app, 2))[0])), aged.keras("sums", aged.ages)
    quizzes = runtime_of(aged.app).quizzes
    for number, place in enumerate(quizzes.choice(asked).places):
        case = quizzes.case(asked, number)
        assert case.trained.target.of == sums[place].argmax()
        assert case.trained.value == pytest.approx(sums[place].max(), rel=1e-4)
    assert screen(quiz, of_own(aged.app, 2)).form


def test_what_is_made_has_no_row_and_the_real_picture_beside_it_has(aged, request_of):
    request_of(aged.app)
    query = {
        **of_own(aged.app, 2),
        "channel": "2",
        "options": "synthesis.steps:1;synthesis.seeds:1",
    }
    study = studied(aged.app, query, SYNTHESISE, "sums")
    assert study.question.network.inputs == {}
    best, values = study.answer.best, aged.keras("sums", aged.ages)[:, 2]
    assert (best.place, best.beside) == (values.argmax(), ("age",))
    assert best.value == pytest.approx(values.max(), rel=1e-5)
    told = synthesis(study.answer).seen
    assert told.endswith(
        "Real pictures get their own age of the file. What is made has none there, and gets what the "
        "network gets without a file."
    )


def test_expected_gradients_say_that_further_inputs_stay_as_they_are(aged, request_of):
    request_of(aged.app)
    view = parse(of_own(aged.app, 3))[0]
    made = runtime_of(aged.app).attribution(view, "expected_gradients", cnn.Target())
    assert made.value == pytest.approx(aged.keras("sums", aged.ages)[3].max(), rel=1e-4)
    # Only the pixels are others: what each starts from has the age of this picture too.
    ages = np.broadcast_to(aged.ages[3], (10, 1))
    starts = aged.keras("sums", ages)[:, made.target.of]
    assert starts.min() - 1e-3 <= made.value - made.law.expected <= starts.max() + 1e-3
    assert made.note.startswith("further inputs get with each picture to compare with")
