import numpy as np
import pytest

from cnn.attribution import methods
from cnn.attribution.attribution import Found
from cnn.attribution.options import Number
from cnn.attribution.trust.stability import TIMES, Stability, stability
from cnn.ranges import Limits


@pytest.fixture
def draw(monkeypatch):
    """A method that mixes the picture with numbers by chance; gives what it was asked with."""
    asked = []

    def mixed(_objective, batch, *, share, seed):
        asked.append((batch, seed))
        chance = np.random.default_rng(seed).random(batch[0].shape, dtype=np.float32)
        return Found(batch[0] * (1 - share) + chance * share)

    options = {
        "share": Number("share", 0.5, Limits(0, 1, is_whole=False)),
        "seed": Number("seed", 0, Limits(0, 99)),
    }
    method = methods.Method("Mixed", "none", "By chance.", mixed, options)
    monkeypatch.setitem(methods.METHODS, "mixed", method)
    return asked


@pytest.mark.parametrize(("share", "mark"), [(0.02, "pass"), (1, "fail")])
def test_a_map_by_chance_changes_with_its_seed(patch, draw, share, mark):
    found = stability(*patch, "mixed", {"share": share, "seed": 3})
    assert found.mark == mark
    assert found.over_seeds == (
        pytest.approx(1, abs=0.01) if mark == "pass" else pytest.approx(0, abs=0.2)
    )
    assert [seed for batch, seed in draw if batch is patch[1]] == [3, 4, 5, 6, 7, 8]
    told: list[tuple[int, int]] = []
    again = stability(
        *patch, "mixed", {"share": share, "seed": 3}, on_progress=lambda *one: told.append(one)
    )
    assert found == again
    assert told == [(done, 2 * TIMES) for done in range(1, 2 * TIMES + 1)]


def test_noise_is_small_and_within_what_pixels_can_be(patch, draw):
    stability(*patch, "mixed")
    noisy = [batch for batch, _ in draw if batch is not patch[1]]
    assert len(noisy) == TIMES
    for batch in noisy:
        assert batch.min() >= 0
        assert batch.max() <= 1
        assert 0.01 < np.std(batch - patch[1]) < 0.03


def test_the_gradient_of_sums_is_the_same_with_noise(patch):
    found = stability(*patch, "saliency")
    assert found.over_seeds is None
    assert found.under_noise == pytest.approx(1)
    assert found.value == pytest.approx(patch[0].values(patch[1])[0])
    assert len(set(found.noisy_values)) == TIMES
    assert found.noisy_values == pytest.approx([found.value] * TIMES, abs=0.5)
    assert found.mark == "pass"


@pytest.mark.parametrize(
    ("seeds", "noise", "mark"),
    [
        (None, 0.8, "pass"), (0.9, 0.9, "pass"), (0.9, 0.7, "inconclusive"), (0.4, 0.9, "fail"),
        (None, None, "inconclusive"), (0.9, None, "inconclusive"),
    ],
)  # fmt: skip
def test_marks(seeds, noise, mark):
    assert Stability(seeds, noise, 1.0, ()).mark == mark
