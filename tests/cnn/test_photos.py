import io

import numpy as np
import pytest
from PIL import Image

import cnn
from cnn.decoding import decode
from cnn.photos import _parts, digit_steps

NAMES = ("picture", "grey", "polarity", "background", "ink", "crop", "digit")


@pytest.fixture(scope="module")
def known(classifier) -> tuple[np.ndarray, np.ndarray]:
    """100 embedded digits that the classifier recognises as they are, and their labels."""
    digits = cnn.load_dataset("digits")
    recognised = np.flatnonzero(recognise(classifier, digits.images[:300]) == digits.labels[:300])
    assert len(recognised) > 200
    return digits.images[recognised[:100]], digits.labels[recognised[:100]]


def recognise(classifier, pictures) -> np.ndarray:
    batch = np.concatenate([cnn.prepare(picture, classifier) for picture in pictures])
    return classifier.predict_on_batch(batch).argmax(axis=-1)


def framed(pixels: np.ndarray) -> np.ndarray:
    return digit_steps(pixels)[-1].pixels


def steps_of(pixels: np.ndarray) -> dict:
    return {step.name: step for step in digit_steps(pixels)}


def coverage(digit: np.ndarray, height: int, width: int, rng) -> np.ndarray:
    """How much of each pixel is ink: the digit somewhere in a picture, 0.35 to 0.85 of its height."""
    size = int(min(height, width) * rng.uniform(0.35, 0.85))
    top, left = rng.integers(0, height - size + 1), rng.integers(0, width - size + 1)
    covered = np.zeros((height, width))
    large = Image.fromarray(digit[..., 0]).resize((size, size), Image.Resampling.BICUBIC)
    covered[top : top + size, left : left + size] = np.asarray(large) / 255
    return covered


def light(height: int, width: int, rng) -> np.ndarray:
    """A gradient from some side, and the fall-off of a lens: 1 where it is brightest."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    gradient = (1 + (np.cos(angle) * x + np.sin(angle) * y) / np.sqrt(2)) / 2
    return (1 - rng.uniform(0, 0.4) * gradient) * (1 - rng.uniform(0, 0.15) * (x**2 + y**2))


def photo(digit: np.ndarray, rng, *, chalk: bool) -> bytes:
    """The digit as somebody would photograph it: a JPEG."""
    height, width = (int(side) for side in rng.integers(300, 901, 2))
    covered = coverage(digit, height, width, rng)[..., None]
    if chalk:
        ground, ink = rng.uniform(25, 70, 3), np.full(3, rng.uniform(170, 235))
        covered = covered * rng.uniform(0.75, 1, covered.shape)
    else:
        ground = rng.uniform(195, 250, 3)
        ink = np.append(np.full(2, rng.uniform(10, 90)), rng.uniform(20, 150))
    sheet = np.ones((height, width, 3)) * ground
    if not chalk and rng.random() < 0.4:
        sheet[:: rng.integers(20, 60)] *= 0.85
    scene = (sheet * (1 - covered) + ink * covered) * light(height, width, rng)[..., None]
    scene += rng.normal(0, rng.uniform(1, 9), (height, width, 1)) + rng.normal(0, 1.5, scene.shape)
    file = io.BytesIO()
    picture = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    picture.save(file, "JPEG", quality=int(rng.integers(60, 91)))
    return file.getvalue()


def drawn(ground: float = 220, ink: float = 50, *, size: int = 300, stroke: int = 20) -> np.ndarray:
    """An upright stroke, float (size, size): what it takes to see what a step does."""
    picture = np.full((size, size), float(ground))
    middle = size // 2
    picture[size // 4 : -size // 4, middle - stroke // 2 : middle + stroke // 2] = ink
    return picture


def shot(scene: np.ndarray, noise: float = 3) -> np.ndarray:
    """The scene as uint8 (height, width, 1), with noise."""
    noisy = scene + np.random.default_rng(5).normal(0, noise, scene.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)[..., None]


@pytest.mark.parametrize("chalk", [False, True], ids=["dark on paper", "chalk on a board"])
def test_photos_of_digits_are_recognised(classifier, known, chalk):
    images, labels = known
    rng = np.random.default_rng(11)
    ready = [framed(decode(photo(image, rng, chalk=chalk)).pixels) for image in images]
    assert (recognise(classifier, ready) == labels).mean() >= 0.95


def test_a_digit_that_is_framed_already_is_hardly_changed(classifier):
    images = cnn.load_dataset("digits").images[:100]
    ready = np.stack([framed(image) for image in images])
    changes = np.abs(ready.astype(int) - images).mean(axis=(1, 2, 3))
    assert np.median(changes) < 1
    assert changes.mean() < 3
    assert (recognise(classifier, ready) == recognise(classifier, images)).sum() >= 97


def test_the_steps_have_names_sentences_and_pictures():
    steps = digit_steps(np.repeat(shot(drawn()), 3, axis=-1))
    assert tuple(step.name for step in steps) == NAMES
    for step in steps:
        assert step.sentence.endswith(".")
        assert step.pixels.dtype == np.uint8
        assert step.pixels.ndim == 3
    assert [step.pixels.shape[-1] for step in steps] == [3, 1, 1, 1, 1, 1, 1]
    assert steps[-1].pixels.shape == (28, 28, 1)


def test_a_large_picture_is_reduced_and_a_small_one_is_not():
    large = steps_of(np.kron(shot(drawn(), 0), np.ones((4, 3, 1), np.uint8)))["picture"]
    assert large.pixels.shape == (512, 384, 1)
    assert large.sentence == "The picture has 900 × 1,200 pixels; it is reduced to 384 × 512."
    small = steps_of(shot(drawn()))["picture"]
    assert small.sentence == "The picture has 300 × 300 pixels."
    np.testing.assert_array_equal(small.pixels, shot(drawn()))


def test_colour_is_left_out_by_luma():
    picture = np.full((40, 40, 3), 255, np.uint8)
    picture[10:30, 18:22] = (0, 0, 255)
    grey = steps_of(picture)["grey"]
    assert "Colour is left out" in grey.sentence
    assert grey.pixels[20, 20, 0] == 29
    assert steps_of(shot(drawn()))["grey"].sentence == "The picture is grey already."


def test_dark_ink_is_turned_bright_and_bright_ink_is_left():
    dark = steps_of(shot(drawn(220, 50), 0))["polarity"]
    np.testing.assert_array_equal(dark.pixels, 255 - shot(drawn(220, 50), 0))
    assert "darker than its ground (where it is strongest, 50 on 220" in dark.sentence
    bright = steps_of(shot(drawn(40, 200), 0))["polarity"]
    np.testing.assert_array_equal(bright.pixels, shot(drawn(40, 200), 0))
    assert "lighter than its ground (where it is strongest, 200 on 40" in bright.sentence


def test_a_picture_and_its_negative_give_the_same_digit(known):
    for image in known[0][:10]:
        np.testing.assert_array_equal(framed(255 - image), framed(image))


def test_the_ink_is_told_from_a_shadow_that_is_larger():
    scene = drawn()
    scene[:, 190:] *= 0.55
    steps = steps_of(shot(scene))
    assert "darker" in steps["polarity"].sentence
    assert not steps["ink"].pixels[:, 200:].any()
    np.testing.assert_allclose(steps["crop"].pixels.shape, (156, 24, 1), atol=8)


def test_uneven_light_is_taken_away_with_the_ground():
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    shading = 0.7 + 0.25 * x - 0.1 * (x**2 + y**2)
    background = steps_of(shot(drawn() * shading, 1))["background"].pixels[..., 0]
    ground = background[drawn() == 220]
    ink = background[drawn() == 50]
    assert ground.mean() < 3
    assert np.percentile(ground, 99) < 20
    np.testing.assert_allclose(ink.mean(), (1 - 50 / 220) * 255, atol=12)


def test_faint_ruled_lines_are_no_ink():
    scene = drawn()
    scene[::25][scene[::25] == 220] = 185
    ink = steps_of(shot(scene))["ink"].pixels
    assert not ink[:, :120].any()
    assert ink[150, 150, 0] == 255


def test_specks_are_left_out_and_counted():
    scene = drawn()
    for row, column in ((20, 20), (150, 40), (280, 200)):
        scene[row : row + 4, column : column + 4] = 60
    crop = steps_of(shot(scene))["crop"]
    assert crop.pixels.shape[1] < 40
    assert "is 1 connected part; 3 other marks are left out" in crop.sentence
    assert "1 connected part; nothing else is left out" in steps_of(shot(drawn()))["crop"].sentence


def test_parts_of_a_digit_that_do_not_touch_are_kept():
    scene = drawn()
    scene[75:95, 170:230] = 50
    crop = steps_of(shot(scene))["crop"]
    assert "2 connected parts" in crop.sentence
    assert crop.pixels.shape[1] > 85


def test_the_edge_of_the_paper_is_no_digit():
    scene = np.full((300, 300), 45.0)
    scene[18:285, 25:280] = drawn()[18:285, 25:280]
    np.testing.assert_allclose(steps_of(shot(scene))["crop"].pixels.shape, (156, 24, 1), atol=8)


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("shape", [(28, 28, 1), (1, 1, 1), (50, 70, 3)])
def test_an_even_picture_has_no_ink(level, shape):
    with pytest.raises(cnn.ImageError, match=f"{level} of 255 everywhere.*expected one digit"):
        digit_steps(np.full(shape, level, np.uint8))


def test_noise_and_shading_are_no_ink():
    x = np.linspace(0.5, 1, 300)
    with pytest.raises(cnn.ImageError, match="no ink stands out.*darker pen"):
        digit_steps(shot(np.full((300, 300), 220) * x, 6))


def test_what_is_no_picture_is_refused():
    with pytest.raises(cnn.ImageError, match="shape"):
        digit_steps(np.zeros((4, 4, 2), np.uint8))


@pytest.mark.parametrize("shape", [(1, 5, 1), (5, 1, 1), (2, 2, 3), (3, 2000, 1), (40, 30, 3)])
def test_any_picture_gives_a_digit_or_an_image_error(shape):
    rng = np.random.default_rng(3)
    for _ in range(10):
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        try:
            digit = framed(pixels)
        except cnn.ImageError:
            continue
        assert digit.shape == (28, 28, 1)
        assert digit.any()


def test_connected_parts_are_those_that_a_walk_over_neighbours_finds():
    rng = np.random.default_rng(4)
    for share in (0.0, 0.1, 0.4, 0.6, 1.0):
        mask = rng.random((23, 31)) < share
        parts, walked = _parts(mask), walk(mask)
        assert len(parts.areas) == len(walked)
        for part in walked:
            rows, columns = np.array(sorted(part)).T
            (label,) = set(parts.labels[rows, columns].tolist())
            box = (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
            assert parts.areas[label - 1] == len(part)
            assert tuple(parts.boxes[label - 1]) == box
        np.testing.assert_array_equal(parts.labels > 0, mask)


def walk(mask: np.ndarray) -> list[set]:
    """The connected parts of a mask, corners included, one pixel at a time."""
    left, found = set(zip(*(index.tolist() for index in np.nonzero(mask)), strict=True)), []
    while left:
        part, edge = set(), [left.pop()]
        while edge:
            row, column = edge.pop()
            part.add((row, column))
            near = {(row + y, column + x) for y in (-1, 0, 1) for x in (-1, 0, 1)} & left
            left -= near
            edge.extend(near)
        found.append(part)
    return found
