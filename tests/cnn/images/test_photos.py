import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnn
from cnn.images.decoding import decode
from cnn.images.photos import _parts, digit_steps

SIDE = 360
DRAWINGS = Path(__file__).parents[2] / "drawings" / "drawings.npz"
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
        digit_steps(np.zeros((4, 4, 65), np.uint8))


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


@pytest.fixture(scope="module")
def inks() -> tuple[np.ndarray, np.ndarray]:
    """Digits drawn with a pen, float (220, 112, 112) from 0 to 1, and their labels."""
    with np.load(DRAWINGS) as kept:
        return kept["ink"] / 255, kept["labels"]


def placed(*digits: np.ndarray, gap: float = 0.3, side: int = SIDE) -> np.ndarray:
    """How much of each pixel is ink: digits side by side, `gap` of their height apart."""
    height = int(
        min(0.55 * side, 0.9 * side / sum(1.05 * d.shape[1] / len(d) + gap for d in digits))
    )
    covered = np.zeros((side, side))
    widths = [round(height * digit.shape[1] / digit.shape[0]) for digit in digits]
    left = (side - sum(widths) - round(gap * height) * (len(digits) - 1)) // 2
    for number, (digit, width) in enumerate(zip(digits, widths, strict=True)):
        top = (side - height) // 2 + (number % 2) * height // 12
        large = Image.fromarray((255 * digit).astype(np.uint8)).resize((width, height))
        covered[top : top + height, left : left + width] = np.asarray(large) / 255
        left += width + round(gap * height)
    return covered


def trimmed(ink: np.ndarray) -> np.ndarray:
    """The ink without what is empty around it."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def hard_shadow(angle: float, offset: float, strength: float, softness: float) -> np.ndarray:
    """Light on paper with a shadow that ends within `softness` pixels: 1, or `strength` in it."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    away = (np.cos(angle) * x + np.sin(angle) * y - offset) * SIDE / 2 / softness
    return 1 - (1 - strength) * np.clip(0.5 + away / 2, 0, 1)


def on_paper(covered: np.ndarray, lit: np.ndarray, rng) -> np.ndarray:
    """Ink on lit paper, as a camera keeps it: uint8 (SIDE, SIDE, 1)."""
    scene = (225 * (1 - covered) + 50 * covered) * lit + rng.normal(0, 4, covered.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=80)
    return decode(file.getvalue()).pixels


def test_the_hard_edge_of_a_shadow_is_no_ink(classifier, inks):
    rng = np.random.default_rng(6)
    chosen = np.arange(3, len(inks[0]), 7)
    plain = [framed(on_paper(placed(inks[0][i]), np.ones((SIDE, SIDE)), rng)) for i in chosen]
    chosen = chosen[recognise(classifier, plain) == inks[1][chosen]][:27]
    assert len(chosen) == 27
    ready = []
    for number, i in enumerate(chosen):
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
        strength, softness = (0.75, 0.55, 0.35)[number % 3], (1, 4, 12)[number // 3 % 3]
        lit = hard_shadow(angle, offset, strength, softness)
        ready.append(framed(on_paper(placed(inks[0][i]), lit, rng)))
    assert (recognise(classifier, ready) == inks[1][chosen]).sum() >= 25


@pytest.mark.parametrize("gap", [0.1, 0.35])
@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_digits_side_by_side_are_counted_and_each_can_be_taken(inks, count, gap):
    rng = np.random.default_rng(10 * count)
    digits = [trimmed(inks[0][i]) for i in rng.choice(len(inks[0]), count, replace=False)]
    picture = on_paper(placed(*digits, gap=gap), np.ones((SIDE, SIDE)), rng)
    step = steps_of(picture)["digits"]
    assert step.sentence.startswith(f"{count} digits were found; the ")
    lefts = [left for _, left, _, _ in step.boxes]
    assert lefts == sorted(lefts)
    for part, box in enumerate(step.boxes, 1):
        steps = {one.name: one for one in digit_steps(picture, part=part)}
        assert steps["digits"].taken == part - 1
        np.testing.assert_allclose(
            steps["crop"].pixels.shape[:2], np.subtract(box[2:], box[:2]), atol=12
        )
    with pytest.raises(cnn.ImageError, match=f"Choose a number from 1 to {count}"):
        digit_steps(picture, part=count + 1)


SINGLE = {
    "a 5 with its hat apart": [(40, 20, 100, 34), (40, 46, 54, 110), (40, 100, 100, 114),
                               (88, 100, 102, 170), (40, 158, 102, 172)],
    "an open 4 in two strokes": [(30, 20, 44, 110), (30, 98, 86, 112), (94, 30, 108, 190)],
    "a dot above a stroke": [(70, 20, 86, 36), (70, 50, 86, 190)],
    "two rings above each other": [
        (50, 20, 110, 34), (50, 76, 110, 90), (50, 20, 64, 90), (96, 20, 110, 90),
        (50, 100, 110, 114), (50, 166, 110, 180), (50, 100, 64, 180), (96, 100, 110, 180),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_strokes_of_one_digit_are_one_digit(name):
    covered = np.zeros((210, 150))
    for left, top, right, bottom in SINGLE[name]:
        covered[top:bottom, left:right] = 1
    scene = np.full((300, 300), 225.0)
    scene[50:260, 80:230] -= 175 * covered
    steps = steps_of(shot(scene))
    assert "digits" not in steps
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    shape = (rows[-1] - rows[0], columns[-1] - columns[0])
    np.testing.assert_allclose(steps["crop"].pixels.shape[:2], shape, atol=8)


def test_of_drawings_of_one_digit_one_is_found(inks):
    rng = np.random.default_rng(12)
    for ink in inks[0][::9]:
        picture = on_paper(placed(ink), np.ones((SIDE, SIDE)), rng)
        assert "digits" not in steps_of(picture)


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
