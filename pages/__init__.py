"""One module per page: its layout, its callbacks as plain functions, and `register(app)`."""

from pages import activations, all_layers, architecture, filters, network, not_found_404, training

PAGES = (network, all_layers, architecture, filters, activations, training, not_found_404)

__all__ = ["PAGES"]
