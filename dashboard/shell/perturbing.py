"""The sliders of what is done to the picture before the network sees it."""

from __future__ import annotations

import json
from dataclasses import asdict

from dash import ClientsideFunction, Dash, Input, Output, html

from cnn.gradients.adversarial import EPSILON
from cnn.images.perturbations import MOST_SEED, RANGES
from dashboard import ids
from dashboard.shell import components

NAMES = {
    "rotate": "Rotation",
    "x": "Shift right",
    "y": "Shift down",
    "zoom": "Zoom",
    "noise": "Noise",
    "blur": "Blur",
    "contrast": "Contrast",
    "epsilon": "Adversarial ε",
}
SWEPT = {**RANGES, "epsilon": EPSILON}
PLACE = "perturb-place"


def layout() -> html.Div:
    """Return the section of the panel, closed. A script builds the sliders from their ranges, and
    takes them to the page "Perturb" while that is open.
    """
    sliders = [{"key": key, "name": NAMES[key], **asdict(swept)} for key, swept in SWEPT.items()]
    ranges = {"sliders": sliders, "mostSeed": MOST_SEED}
    return html.Div(
        [
            html.Details(
                [
                    html.Summary("Perturb"),
                    html.Div(id="perturb-controls", **components.data(sliders=json.dumps(ranges))),
                ]
            ),
            components.link(
                "/perturb",
                "Curve, differences and steps",
                className="btn btn-sm btn-outline-primary",
            ),
        ],
        id=ids.PERTURB,
    )


def register(app: Dash) -> None:
    """Bring the sliders back into the panel when their page is left."""
    app.clientside_callback(
        ClientsideFunction("cnn", "placePerturbation"),
        Output(ids.PERTURB, "hidden"),
        Input(ids.LOCATION, "pathname"),
    )
