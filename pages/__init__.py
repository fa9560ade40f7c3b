"""One module per page: its layout, its callbacks as plain functions, and `register(app)`."""

from pages import (
    activations,
    all_layers,
    architecture,
    counterfactual,
    diagnosis,
    explain,
    features,
    filters,
    glossary,
    moments,
    network,
    not_found_404,
    one_step,
    output,
    perturb,
    quiz,
    surgery,
    training,
    why,
)

PAGES = (
    network,
    all_layers,
    architecture,
    diagnosis,
    filters,
    activations,
    features,
    why,
    output,
    explain,
    counterfactual,
    surgery,
    perturb,
    quiz,
    training,
    moments,
    one_step,
    glossary,
    not_found_404,
)

__all__ = ["PAGES"]
