from dataclasses import fields, replace

import numpy as np
import pytest

import cnn
from cnn import captions
from cnn.captions.sweep import drawn, turning_points
from cnn.figures.sweep import sweep as sweep_figure
from cnn.images.perturbations import RANGES, Perturbation, Range, perturb, sweep
from cnn.inspection.batches import batch_probabilities

NAMES = ("7", "1", "8")
NAMES_OF_DIGITS = tuple("0123456789")


@pytest.fixture
def photo() -> np.ndarray:
    """A picture of noise, not square, in colour."""
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def dot(row: int, column: int, shape=(21, 31, 3)) -> np.ndarray:
    """One white 3x3 square on black."""
    picture = np.zeros(shape, np.uint8)
    picture[row - 1 : row + 2, column - 1 : column + 2] = 255
    return picture


def centre(picture: np.ndarray) -> tuple[float, float]:
    """(row, column) of the centre of mass."""
    mass = picture.astype(float).sum(axis=-1)
    rows, columns = np.indices(mass.shape)
    return (rows * mass).sum() / mass.sum(), (columns * mass).sum() / mass.sum()


def mask(*cells: tuple[int, int]) -> bytes:
    grid = np.zeros((28, 28), bool)
    for cell in cells:
        grid[cell] = True
    return np.packbits(grid).tobytes()


def everything() -> Perturbation:
    return Perturbation(
        rotate=30, x=10, y=-6, zoom=120, noise=10, seed=4, blur=2, contrast=150, invert=True,
        erased=mask((3, 3)),
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (20, 30, 3), (1, 5, 1), (50, 9, 3)])
def test_a_picture_keeps_its_shape(shape):
    picture = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    changed = perturb(picture, everything())
    assert changed.dtype == np.uint8
    assert changed.shape == (shape if len(shape) == 3 else (*shape, 1))


def test_the_defaults_do_nothing(photo):
    np.testing.assert_array_equal(perturb(photo, Perturbation()), photo)
    assert {f.name: f.default for f in fields(Perturbation) if f.name in RANGES} == {
        name: allowed.default for name, allowed in RANGES.items()
    }


@pytest.mark.parametrize("field", [f.name for f in fields(Perturbation) if f.name != "seed"])
def test_every_field_changes_the_picture_on_its_own(photo, field):
    alone = replace(Perturbation(), **{field: getattr(everything(), field)})
    assert not alone.is_identity
    assert not np.array_equal(perturb(photo, alone), photo)


def test_a_seed_without_noise_and_an_empty_mask_do_nothing(photo):
    idle = Perturbation(seed=5, erased=mask())
    assert idle.is_identity
    np.testing.assert_array_equal(perturb(photo, idle), photo)


def test_a_positive_rotation_is_counter_clockwise():
    row, column = centre(perturb(dot(10, 20), Perturbation(rotate=90)))
    assert (row, column) == pytest.approx((5, 15), abs=0.01)
    row, column = centre(perturb(dot(10, 20), Perturbation(rotate=-90)))
    assert (row, column) == pytest.approx((15, 15), abs=0.01)


def test_half_a_turn_is_exact_and_neither_transposes_nor_shears(photo):
    np.testing.assert_array_equal(perturb(photo, Perturbation(rotate=180)), photo[::-1, ::-1])


def test_a_rotation_keeps_distances_in_a_picture_that_is_not_square():
    for angle in (30, 45, 60):
        row, column = centre(perturb(dot(10, 20), Perturbation(rotate=angle)))
        turned = np.deg2rad(angle)
        expected = (10 - 5 * np.sin(turned), 15 + 5 * np.cos(turned))
        assert (row, column) == pytest.approx(expected, abs=0.1)


def test_shifts_go_right_and_down_in_percent_of_the_side():
    picture = dot(5, 8, (20, 40, 1))
    moved = perturb(picture, Perturbation(x=10, y=20))
    np.testing.assert_array_equal(moved, np.roll(picture, (4, 4), axis=(0, 1)))


def test_the_shift_comes_after_the_rotation():
    row, column = centre(perturb(dot(15, 15, (31, 31, 1)), Perturbation(rotate=90, x=20)))
    assert (row, column) == pytest.approx((15, 15 + 0.2 * 31), abs=0.05)


def test_zoom_magnifies_about_the_centre():
    row, column = centre(perturb(dot(10, 19), Perturbation(zoom=200)))
    assert (row, column) == pytest.approx((10, 23), abs=0.1)
    ink = [perturb(dot(10, 15), Perturbation(zoom=zoom)).sum() for zoom in (100, 200)]
    assert ink[1] / ink[0] == pytest.approx(4, rel=0.1)


def test_what_comes_in_from_outside_is_the_median_of_the_border():
    picture = np.full((20, 30, 3), (10, 200, 60), np.uint8)
    picture[5:15, 5:25] = 0
    picture[0, :9] = 255
    corner = perturb(picture, Perturbation(x=-50, y=-50))[-1, -1]
    assert corner.tolist() == [10, 200, 60]


def test_exactly_the_chosen_cells_are_erased():
    picture = np.random.default_rng(2).integers(1, 256, (28, 28, 1), dtype=np.uint8)
    picture[[0, -1]] = 0
    picture[:, [0, -1]] = 0
    changed = perturb(picture, Perturbation(erased=mask((3, 20), (27, 0), (11, 5))))
    assert np.argwhere(changed != picture)[:, :2].tolist() == [[3, 20], [11, 5]]
    assert changed[3, 20] == changed[11, 5] == 0


def test_a_cell_of_a_larger_picture_is_a_block_of_it():
    picture = np.full((56, 84, 3), 9, np.uint8)
    picture[1:-1, 1:-1] = 200
    changed = perturb(picture, Perturbation(erased=mask((3, 20))))
    expected = picture.copy()
    expected[6:8, 60:63] = 9
    np.testing.assert_array_equal(changed, expected)


def test_the_blur_has_the_deviation_it_is_given():
    edge = np.zeros((61, 81, 3), np.uint8)
    edge[:, 45:] = 255
    share = np.diff(perturb(edge, Perturbation(blur=3))[30, 30:61, 0].astype(float)) / 255
    steps = np.arange(30) - 14.0
    assert share.sum() == 1
    assert (share * steps).sum() == pytest.approx(0, abs=0.05)
    assert np.sqrt((share * steps**2).sum()) == pytest.approx(0.03 * 81, rel=0.02)


def test_the_blur_is_as_wide_in_rows_as_in_columns():
    picture = np.zeros((61, 81, 1), np.uint8)
    picture[30, 40] = 255
    blurred = perturb(picture, Perturbation(blur=2))
    assert blurred[30, 43] > 0
    np.testing.assert_array_equal(blurred[30, 40:60], blurred[30:50, 40])


def test_contrast_is_about_the_mean(photo):
    changed = perturb(photo, Perturbation(contrast=50)).astype(float)
    assert changed.mean() == pytest.approx(photo.mean(), abs=0.1)
    assert changed.std() == pytest.approx(photo.std() / 2, rel=0.01)
    flat = perturb(photo, Perturbation(contrast=0))
    assert flat.min() == flat.max() == round(photo.mean())


def test_inversion_is_its_own_inverse(photo):
    inverted = perturb(photo, Perturbation(invert=True))
    np.testing.assert_array_equal(inverted, 255 - photo)


def test_noise_is_one_pattern_for_a_seed_scaled_by_its_amount():
    grey = np.full((28, 28, 1), 128, np.uint8)

    def noise(amount: float, seed: int = 3) -> np.ndarray:
        return perturb(grey, Perturbation(noise=amount, seed=seed)).astype(float) - 128

    np.testing.assert_array_equal(noise(5), noise(5))
    np.testing.assert_allclose(noise(10), 2 * noise(5), atol=1.5)
    assert noise(10).std() == pytest.approx(25.5, rel=0.1)
    assert not np.array_equal(noise(5), noise(5, seed=4))


@pytest.mark.parametrize("name", RANGES)
def test_a_value_outside_its_range_is_refused_with_the_range(name):
    allowed = RANGES[name]
    for value in (allowed.low - 1, allowed.high + 1, float("nan")):
        with pytest.raises(cnn.ImageError, match=f"{name} of {value}.*{allowed.low} to"):
            Perturbation(**{name: value})


def test_a_seed_and_a_mask_out_of_bounds_are_refused():
    with pytest.raises(cnn.ImageError, match="seed of -1.*0 to 999999"):
        Perturbation(seed=-1)
    with pytest.raises(cnn.ImageError, match="97 bytes.*expected 98"):
        Perturbation(erased=bytes(97))


@pytest.mark.parametrize("name", RANGES)
def test_a_sweep_is_the_picture_at_each_value_of_the_range(photo, name):
    base = replace(everything(), invert=False)
    values, pictures = sweep(photo, base, name)
    assert values.dtype == np.float32
    assert pictures.shape == (len(values), 20, 30, 3)
    assert (values[0], values[-1]) == (RANGES[name].low, RANGES[name].high)
    np.testing.assert_allclose(np.diff(values), np.diff(values)[0], rtol=1e-3)
    assert RANGES[name].default in values.tolist()
    assert 41 <= len(values) <= 43
    for i in (0, 7, len(values) - 1):
        alone = perturb(photo, replace(base, **{name: float(values[i])}))
        np.testing.assert_array_equal(pictures[i], alone)


def test_a_sweep_without_a_range_or_a_length_is_refused(photo):
    with pytest.raises(cnn.ImageError, match="'invert'.*rotate, x, y"):
        sweep(photo, Perturbation(), "invert")
    with pytest.raises(cnn.ImageError, match="at least 2"):
        sweep(photo, Perturbation(), "x", 1)


def won_by(*winners: int) -> np.ndarray:
    """Probabilities of three classes where these are the likeliest, float32 (n, 3)."""
    return np.eye(3, dtype=np.float32)[list(winners)] * 0.7 + 0.1


def test_turning_points_are_where_the_winner_changes():
    values = np.array([0, 10, 20, 30], np.float32)
    assert turning_points(values, won_by(0, 0, 1, 2), NAMES) == [(20, "7", "1"), (30, "1", "8")]
    assert turning_points(values, won_by(1, 1, 1, 1), NAMES) == []


SPAN = Range(-20, 20, 5, 0, "°", "rotation")
TURNS = np.array([-20, -10, 0, 10, 20], np.float32)


@pytest.mark.parametrize(
    ("winners", "notice"),
    [
        ((0, 0, 0, 0, 0), "It stays a 7 over the whole range."),
        ((2, 2, 2, 2, 2), "It stays an 8 over the whole range."),
        ((0, 0, 0, 1, 1), "From 10° on the 7 becomes a 1."),
        ((1, 0, 0, 0, 0), "From −20° down the 7 becomes a 1."),
        ((1, 1, 0, 0, 2), "From 20° on the 7 becomes an 8. From −10° down it becomes a 1."),
        ((0, 0, 0, 1, 0), "From 10° on the 7 becomes a 1, which changes again at 20°."),
    ],
)
def test_the_caption_tells_the_turns_from_the_default_outwards(winners, notice):
    caption = captions.sweep(TURNS, won_by(*winners), NAMES, SPAN)
    assert caption.notice == notice
    assert caption.seen.endswith("over the rotation, from −20° to 20°.")


def test_a_digit_upside_down_is_told_by_its_sweep(classifier, seven):
    values, pictures = sweep(seven, Perturbation(), "rotate")
    probabilities = batch_probabilities(classifier, pictures)
    notice = captions.sweep(values, probabilities, NAMES_OF_DIGITS, RANGES["rotate"]).notice
    (value, before, after), *_ = turning_points(values[20:], probabilities[20:], NAMES_OF_DIGITS)
    assert before == "7"
    article = "an" if after == "8" else "a"
    assert notice.startswith(f"From {value:.3g}° on the 7 becomes {article} {after}")
    turned = perturb(seven, Perturbation(rotate=value))
    assert cnn.predict(classifier, turned).label == int(after)


def test_the_figure_has_a_line_for_each_class_that_matters():
    probabilities = np.zeros((5, 10), np.float32)
    probabilities[:, 3], probabilities[:, 5] = (1, 0.9, 0.5, 0.04, 0.02), (0, 0.1, 0.5, 0.96, 0.98)
    probabilities[:, 7] = 0.04
    figure = sweep_figure(
        TURNS, probabilities, NAMES_OF_DIGITS, current=10, unit="°", title="Probability"
    )
    assert [trace.name for trace in figure.data] == ["3", "5"]
    np.testing.assert_array_equal(figure.data[1].y, probabilities[:, 5])
    assert {note.text for note in figure.layout.annotations} == {"3", "5"}
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 10
    assert tuple(figure.layout.yaxis.range) == (0, 1)


def test_the_figure_has_at_most_six_lines_told_apart_by_dashes_and_colours():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(10), 5).astype(np.float32)
    strongest = np.argsort(-probabilities.max(axis=0))[:6]
    figure = sweep_figure(TURNS, probabilities, NAMES_OF_DIGITS, current=0, title="Probability")
    assert [int(trace.name) for trace in figure.data] == strongest.tolist()
    assert len({trace.line.dash for trace in figure.data}) == 6
    assert len({trace.line.color for trace in figure.data}) == 6


def test_the_caption_says_which_classes_have_a_line():
    few = np.zeros((5, 10), np.float32)
    few[:, 3], few[:, 5], few[:, 7] = 0.9, 0.06, 0.04
    flat = np.full((5, 40), 0.025, np.float32)
    for probabilities, count, lines in (
        (won_by(0, 0, 0, 1, 2), 3, "The probability of each class"),
        (few, 2, "The probability of each class that reaches 5%"),
        (
            np.eye(10, dtype=np.float32)[:5] + few,
            6,
            "The probability of each of the 6 classes that reach",
        ),
        (flat, 1, "The probability of the class that reaches most"),
    ):
        names = [str(i) for i in range(probabilities.shape[1])]
        assert captions.sweep(TURNS, probabilities, names, SPAN).seen.startswith(f"{lines} ")
        figure = sweep_figure(TURNS, probabilities, names, current=0, title="P")
        assert len(figure.data) == count
    assert drawn(few, NAMES_OF_DIGITS, are_probabilities=False) == (
        "The score of each output that reaches 0.05"
    )
    assert drawn(few[:, :1], ["one"], are_probabilities=False) == "The score"


def test_a_class_that_is_the_likeliest_somewhere_without_a_line_is_named():
    """A digit that is turned can be for a while what six others exceed elsewhere."""
    along = np.linspace(-20, 20, 9, dtype=np.float32)
    winners = np.eye(9, dtype=np.float32) * np.linspace(0.9, 0.5, 9, dtype=np.float32)
    seen = captions.sweep(along, winners, NAMES_OF_DIGITS[:9], SPAN).seen
    assert seen.endswith(
        " No line is drawn for 6, 7 and 8, though each of them is the likeliest somewhere."
    )
    seen = captions.sweep(along[:7], winners[:7, :7], NAMES_OF_DIGITS[:7], SPAN).seen
    assert seen.endswith(" No line is drawn for 6, though it is the likeliest somewhere.")
    assert "No line" not in captions.sweep(TURNS, won_by(0, 0, 0, 1, 2), NAMES, SPAN).seen


def test_the_ends_of_a_turn_are_written_below_the_axis():
    figure = sweep_figure(TURNS, won_by(0, 0, 0, 1, 2), NAMES, current=0, unit="°", title="P")
    assert (figure.layout.xaxis.tick0, figure.layout.xaxis.dtick) == (0, 90)
    assert figure.layout.margin.r >= 18, "half of the label of the highest value"
    assert not any(trace.cliponaxis for trace in figure.data), "a line at 100% is as wide as others"


def test_the_figure_shows_the_likeliest_class_where_none_is_likely():
    probabilities = np.full((5, 40), 0.025, np.float32)
    probabilities[2, 17] = 0.03
    figure = sweep_figure(TURNS, probabilities, [str(i) for i in range(40)], current=0, title="P")
    assert [trace.name for trace in figure.data] == ["17"]


def test_names_of_lines_that_rise_together_do_not_cover_each_other():
    probabilities = np.linspace([0, 0, 0], [0.35, 0.33, 0.32], 41).astype(np.float32)
    values = np.linspace(0, 1, 41, dtype=np.float32)
    notes = sweep_figure(
        values, probabilities, ("a", "b", "c"), current=0, title="P"
    ).layout.annotations
    places = [(note.x * 264, note.y * 196) for note in notes]
    for i, (x, y) in enumerate(places):
        for other_x, other_y in places[:i]:
            assert abs(x - other_x) >= 6 or abs(y - other_y) >= 21


def test_a_name_stands_where_no_other_line_passes():
    values = np.linspace(-20, 20, 41).astype(np.float32)
    dip = np.where(np.abs(values) < 4, 0.43, 0.7)
    bump = np.where(np.abs(values) < 4, 0.32, 0.3)
    probabilities = np.stack([dip, bump], axis=1).astype(np.float32)
    figure = sweep_figure(values, probabilities, ("a", "b"), current=0, title="P")
    (name,) = [note for note in figure.layout.annotations if note.text == "b"]
    assert abs(name.x) > 4
