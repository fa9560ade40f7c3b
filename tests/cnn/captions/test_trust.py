import pytest

from cnn.attribution.trust.agreement import Agreement
from cnn.attribution.trust.cascade import Cascade, Stage
from cnn.attribution.trust.curves import Curve, Curves, Trial
from cnn.attribution.trust.linearity import Linearity
from cnn.attribution.trust.stability import Stability
from cnn.captions import trust


def trial(area: float, edges: float, way: str = "deletion", fill: str = "blur") -> Trial:
    """Curves from 1 to 0 by way of these numbers: each area is half of the number, and a quarter."""
    orders = {"map": area, "random": 0.5, "edges": edges, "intensity": 0.5, "centre": 0.5}
    made = {name: Curve((1.0, middle, 0.0), None) for name, middle in orders.items()}
    return Trial(way, fill, made)


def test_the_curves_name_the_control_that_comes_nearest():
    better, worse = trial(0.1, 0.3), trial(0.5, 0.3, fill="noise")
    assert trust.trial(better) == (
        "Deletion with the picture blurred: by area the map is ahead of the order by edges, by 10.0% of "
        "the range of all curves."
    )
    assert trust.trial(worse) == (
        "Deletion with noise: by area the map is behind the order by edges, which knows nothing of the "
        "network, by 10.0% of the range of all curves."
    )
    assert "does as well" in trust.trial(trial(0.3, 0.3))
    found = trust.curves(Curves((0.0, 0.5, 1.0), (better, worse), is_constant=False, tied=0.75))
    assert "in 1 of 2 trials." in found.seen
    assert found.seen.endswith("75% tie with others, and are in an order by chance.")
    assert found.notice == trust.trial(worse)


def test_a_map_without_an_order_is_said_to_have_none():
    flat = Curves((0.0, 0.5, 1.0), (trial(0.1, 0.3),), is_constant=True, tied=1.0)
    assert (
        trust.curves(flat).seen
        == "The map is the same everywhere: it puts no pixel before another."
    )
    empty = Curves((0.0, 1.0), (Trial("deletion", "blur", {
        name: Curve((2.0, 2.0), None) for name in ("map", "random")
    }),), is_constant=False, tied=0.0)  # fmt: skip
    assert trust.curves(empty).seen.startswith("Whatever pixels are taken away")
    nothing = Cascade((Stage("first", (None,), (None,), (None,)),), 1, (), is_signed=True)
    assert "no order" in trust.cascade(nothing).seen
    assert "no order" in trust.stability(Stability(None, None, 1.0, (1.0,))).seen


@pytest.mark.parametrize(
    ("signed", "absolute", "kept", "words"),
    [
        (0.1, 0.1, (), "Nothing of the map is left"),
        (0.9, 0.9, (), "shows the picture, not the network"),
        (0.1, 0.6, (), "its signs depend on what was learned"),
        (0.1, 0.1, ("odd",), "odd could not be drawn anew"),
        (0.4, 0.4, (), "Some of the map is left"),
    ],
)
def test_the_cascade_says_what_is_left_and_that_it_is_not_sufficient(signed, absolute, kept, words):
    stage = Stage("first", (signed,) * 10, (absolute,) * 10, (0.25,) * 10)
    found = trust.cascade(Cascade((stage,), 10, kept, is_signed=True))
    assert f"is {signed} ({signed} to {signed} in eight of ten)" in found.seen
    assert f"of magnitudes alone {absolute} (" in found.seen
    assert found.seen.endswith("Its entropy changes by +25.0% (+25.0% to +25.0% in eight of ten).")
    assert words in found.notice
    assert found.notice.endswith(trust.NECESSARY)


def test_the_curves_say_how_the_map_does_by_the_probability():
    def curve(middle: float, share: float) -> Curve:
        return Curve((1.0, middle, 0.0), (0.8, share, 0.2))

    curves = {"map": curve(0.1, 0.3), "random": curve(0.5, 0.6), "edges": curve(0.5, 0.2)}
    assert trust.trial(Trial("deletion", "mean", curves)).endswith(
        "of all curves. By the area of the probability it is behind the best of them by 0.05 of 1."
    )
    assert trust.trial(Trial("insertion", "mean", curves | {"map": curve(0.9, 0.7)})).endswith(
        "By the area of the probability it is ahead of the best of them by 0.05 of 1."
    )
    assert trust.trial(Trial("insertion", "mean", curves | {"map": curve(0.9, 0.6)})).endswith(
        "By the area of the probability it does as well as the best of them."
    )


def test_a_cascade_of_many_layers_says_how_often_the_map_is_looked_at():
    stage = Stage("first", (0.1,) * 10, (0.1,) * 10, (None,) * 10)
    found = trust.cascade(Cascade((stage, stage), 10, (), is_signed=True, layers=107))
    assert found.seen.endswith("The map is looked at 2 times while 107 layers are drawn anew.")
    alone = trust.cascade(Cascade((stage, stage), 10, (), is_signed=True, layers=2))
    assert "looked at" not in alone.seen


def test_stability_says_what_became_of_the_number_too():
    found = trust.stability(Stability(0.3, 0.9, 5.0, (4.0, 5.5, 6.0, 5.0, 5.0)))
    assert "the rank correlation to this map is 0.9, the mean of 5" in found.seen
    assert "from 5 to 4 at least and 6 at most" in found.seen
    assert found.seen.endswith("With other seeds of the method it is 0.3.")
    assert "chance" in found.notice


def test_linearity_says_how_far_it_is_off_and_what_follows():
    kept = trust.linearity(Linearity(7, 2, 3e-7))
    assert kept.seen == (
        "The map of the difference of units 7 and 2 is that of their maps, but for <0.0001% of the "
        "largest number in either; 0.1% is allowed."
    )
    assert "can be compared pixel by pixel" in kept.notice
    broken = trust.linearity(Linearity(7, 2, 0.5))
    assert "but for 50.0000% of" in broken.seen and "cannot be compared" in broken.notice


def test_agreement_names_the_nearest_and_the_farthest_method():
    methods = ("saliency", "input_x_gradient")
    both = trust.agreement(Agreement(methods, ((1.0, 0.25), (0.25, 1.0))), "saliency")
    assert both == (
        "Agreement: inconclusive. The rank correlation to the other maps is 0.25 (median): they share a "
        "part of the order."
    )
    one = Agreement(methods, ((1.0, None), (None, None)))
    assert "no other map" in trust.agreement(one, "saliency")
    assert "the same everywhere" in trust.agreement(one, "input_x_gradient")
    assert trust.none_passes(methods, ()) == (
        "Each of the maps that were tried fails in one way or another (Saliency and Input × gradient): "
        "do not explain this number by any of them."
    )
    assert trust.none_passes(methods[:1], ("lrp",)) == (
        "The one map that was tried fails in one way or another (Saliency), and LRP gives no map here: "
        "do not explain this number by any of them."
    )
    assert trust.none_passes(methods[:1], ()) == (
        "The one map that was tried fails in one way or another (Saliency): do not "
        "explain this number by it."
    )
    assert trust.none_passes((), ("lrp", "grad_cam")) == (
        "LRP and Grad-CAM give no map here: do not explain this number by pixels."
    )
