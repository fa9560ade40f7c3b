"""What says on every page that channels of the network were changed, and takes it back."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.shell.components import aria, data, link

BANNER, WORDS = "surgery-banner", "surgery-words"
_BUTTONS = {
    "off": ("Off", "Switch the channel off, or on again"),
    "only": ("Only this one", "Switch all other channels of the layer off"),
    "mean": ("Hold at its mean", "Replace the channel by its mean over a sample of the data"),
    "restore": ("As trained", "Take back what was done to the channel"),
    "layer": ("Restore the layer", "Take back what was done to all channels of the layer"),
}


def banner() -> html.Div:
    """Return the place for it; a script shows it and fills in the words."""
    return html.Div(
        [
            html.Span(id=WORDS),
            button("all", "Undo all", "Take back what was done to all channels"),
            link("/surgery", "Surgery"),
            html.A(
                "Save as .keras", href="#", className="operated-file",
                title="The network with these changes, as a file",
            ),
        ],
        id=BANNER,
        className="surgery-banner",
        hidden=True,
        role="region",
        **aria(label="Changed channels"),
    )  # fmt: skip


def buttons() -> html.Div:
    """Return the buttons that change the chosen channel; a script does what they say."""
    return html.Div(
        [button(name, text, title, waits=True) for name, (text, title) in _BUTTONS.items()],
        className="operate",
        role="group",
        **aria(label="Change the channel"),
    )


def button(name: str, text: str, title: str, *, waits: bool = False) -> html.Button:
    """Return a button that does what is called `name`; one that `waits` can be pressed when the layer
    is known.
    """
    named: dict[str, Any] = data(operate=name)
    return html.Button(
        text,
        type="button",
        className="btn btn-sm btn-outline-primary",
        title=title,
        disabled=waits,
        **named,
    )
