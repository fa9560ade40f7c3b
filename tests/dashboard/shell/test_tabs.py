"""A tab per layer, and the list that many layers are."""

import pytest
from dash import dcc, html

from dashboard.shell.tabs import MOST_TABS, register_tabs


class Recorded:
    """An application that keeps the callback of the tabs."""

    def callback(self, *_arguments):
        def keep(function):
            self.fill = function

        return keep

    def clientside_callback(self, *_arguments):
        pass


def filled(names, asked=None, **known):
    app = Recorded()
    register_tabs(app, "activations", lambda layers: layers["names"])
    layers = {"names": names, "opening": names[2], **known}
    tabs, told, is_open, is_hidden = app.fill(layers, asked)
    return html.Nav(tabs), told, is_open, is_hidden


def links(nav):
    return [one for one in nav._traverse() if isinstance(one, dcc.Link)]


def named(count):
    return [f"conv_{i}" for i in range(count)]


def test_few_layers_are_a_tab_each():
    nav, *_ = filled(named(MOST_TABS))
    assert nav.children == links(nav)
    assert [one.href for one in nav.children][:2] == ["/activations/conv_0", "/activations/conv_1"]
    assert "default" in nav.children[2].className


def test_many_layers_are_a_list_of_links_with_the_one_before_and_after():
    nav, told, is_open, is_hidden = filled(named(150), "conv_7")
    before, listed, after = nav.children
    assert (before.href, after.href) == ("/activations/conv_6", "/activations/conv_8")
    assert [one.title for one in links(listed)] == named(150)
    summary = next(one for one in listed._traverse() if isinstance(one, html.Summary))
    assert summary.children[0].children == "conv_7"
    assert summary.children[1] == " 8 of 150 layers"
    assert (told, is_open, is_hidden) == ([], False, False)


def test_a_page_that_shows_no_layer_of_a_model_says_why():
    app = Recorded()
    register_tabs(
        app,
        "surgery",
        lambda layers: layers["changeable"],
        lacks="cannot go",
        without="None can go.",
    )
    layers = {"names": ["input", "only"], "changeable": [], "opening": "only"}
    assert app.fill(layers, None) == ([], ["None can go."], True, True)
    assert app.fill(layers, "only")[1] == ["None can go."]
    told = app.fill({**layers, "changeable": ["input"]}, "only")[1]
    assert told[0] == "The layer “only” cannot go. Choose one of these: "
    told = app.fill({**layers, "changeable": ["input"]}, "other")[1]
    assert told[0].startswith("The layer “other” is not in this model.")


def test_layers_of_one_block_stand_under_its_name():
    names = [f"block_{i}_conv_{j}" for i in range(12) for j in range(2)]
    blocks = {name: name[: name.index("_conv")] for name in names[4:]}
    nav, *_ = filled(names, blocks=blocks)
    assert [one.title for one in links(nav.children[1])] == names
    groups = [one for one in nav._traverse() if getattr(one, "role", "") == "group"]
    assert [getattr(one, "aria-label") for one in groups] == [f"block_{i}" for i in range(2, 12)]
    assert [one.title for one in links(groups[3])] == names[10:12]


@pytest.mark.parametrize(("asked", "place"), [("conv_0", 0), ("conv_149", 2)])
def test_at_the_ends_nothing_leads_further(asked, place):
    nav, *_ = filled(named(150), asked)
    assert isinstance(nav.children[place], html.Span)
    assert "disabled" in nav.children[place].className


def test_without_a_layer_the_list_says_the_one_that_the_page_opens_with():
    nav, *_ = filled(named(150))
    summary = next(one for one in nav._traverse() if isinstance(one, html.Summary))
    assert summary.children[1] == " 3 of 150 layers"


def test_a_layer_that_is_not_among_many_points_to_the_list():
    _, told, is_open, is_hidden = filled(named(150), "conv_999")
    assert told == [
        "The layer “conv_999” is not in this model. Choose one of the 150 in the list above."
    ]
    assert is_open and is_hidden


def test_a_long_name_is_cut_to_see_and_whole_to_hear():
    long = "block3_residual_unit_2_depthwise_convolution_batch_normalization"
    nav, *_ = filled(["a", "b", long])
    seen, heard = links(nav)[2].children
    assert (links(nav)[2].title, heard.children) == (long, long)
    assert seen.children == "block3_residual…_normalization"
    assert "visually-hidden" in heard.className
