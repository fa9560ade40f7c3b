"""How every figure looks: colour scales, colours of lines, and the frame around pixels.

Colour scales are safe for colour-blind readers. They are lists of (position, colour): plotly.js has
other colours than plotly.py under the same names. Text and grid lines take the page's colours by
style sheet, so one figure serves the light and the dark theme.
"""

from __future__ import annotations

from typing import Any

from plotly.colors import get_colorscale, hex_to_rgb, unlabel_rgb

from cnn.colours import BLUE, GREEN, ORANGE, PURPLE

ColourScale = list[list[Any]]
SEQUENTIAL: ColourScale = get_colorscale("Viridis")
DIVERGING: ColourScale = get_colorscale("RdBu_r")
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, "#d55e00", "#56b4e9")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"
# What a heatmap whose axes mean something has instead of `pixel_axes`.
VISIBLE_AXIS = {"visible": True, "showgrid": False, "zeroline": False, "ticks": ""}
MARGIN = {"l": 6, "r": 6, "t": 28, "b": 6}
BAR_PIXELS = 58
# The numbers of an axis across.
NUMBERS_PIXELS = 20


def cut_middle(text: str, most: int) -> str:
    """Return the text in at most so many letters, its beginning and end if it has more."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[-end:]}"


def rgb(colour: str) -> list[int]:
    """Return [red, green, blue], 0 to 255, of a colour as "#rrggbb" or "rgb(r,g,b)"."""
    return [int(part) for part in (hex_to_rgb if colour[0] == "#" else unlabel_rgb)(colour)]


def plain(name: str) -> str:
    """Return a name as plotly.js shows it letter by letter, in any text and any template.

    It would take tags for markup and links, and what stands in `%{}` for a value.
    """
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("{", "&#123;")


def frame(title: str = "") -> dict[str, Any]:
    """Return the layout that all figures share."""
    return {
        "template": "none",
        "title": {
            "text": plain(title),
            "font": {"size": 13},
            "x": 0,
            "xref": "container",
            "pad": {"l": 6, "t": 2},
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "automargin": False,
        },
        "margin": dict(MARGIN),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12},
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
        "showlegend": False,
        "autosize": True,
        "dragmode": "zoom",
    }


def name_across(text: str) -> dict[str, Any]:
    """Return the name of the axis across as an annotation below its numbers.

    As a title of the axis it would stand on one line with them where the figure was drawn unseen.
    """
    return {
        "text": text, "x": 1, "y": 0, "xref": "paper", "yref": "paper", "xanchor": "right",
        "yanchor": "top", "yshift": -NUMBERS_PIXELS, "showarrow": False, "font": {"size": 11},
    }  # fmt: skip


def pixel_axes() -> dict[str, Any]:
    """Return axes for pictures: unseen, square pixels, the first row on top."""
    unseen = {
        "visible": False,
        "showgrid": False,
        "zeroline": False,
        "constrain": "domain",
    }
    return {
        "xaxis": {**unseen, "constraintoward": "left"},
        "yaxis": {
            **unseen,
            "autorange": "reversed",
            "scaleanchor": "x",
            "constraintoward": "top",
        },
    }


def colour_bar() -> dict[str, Any]:
    """Return the colour bar; its title is to say what the range is taken over.

    On the page a script chooses its numbers by the width that the figure has there.
    """
    return {
        "title": {"side": "bottom", "font": {"size": 11}},
        "orientation": "h",
        "thickness": 8,
        "len": 1,
        "x": 0,
        "xanchor": "left",
        "xpad": 0,
        "y": 0,
        "yanchor": "top",
        "ypad": 6,
        "outlinewidth": 0,
        "tickfont": {"size": 10},
        "tickangle": 0,
        "nticks": 5,
        "tickformat": "~g",
    }
