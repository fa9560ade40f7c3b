"""One module per page: its layout, its callbacks as plain functions, and `register(app)`."""

from pages import activations, architecture, filters, not_found_404, overview, training

PAGES = (overview, architecture, filters, activations, training, not_found_404)

__all__ = ["PAGES"]
