"""One module per page: its layout, its callbacks as plain functions, and `register(app)`."""

from pages import (
    activations,
    all_layers,
    architecture,
    filters,
    glossary,
    lens,
    moments,
    network,
    not_found_404,
    perturb,
    training,
)

PAGES = (
    network,
    all_layers,
    architecture,
    filters,
    activations,
    perturb,
    training,
    moments,
    lens,
    glossary,
    not_found_404,
)

__all__ = ["PAGES"]
