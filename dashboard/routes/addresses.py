"""The addresses that the scripts ask, as a browser reaches them: below the path of a proxy, if any."""

from __future__ import annotations

import re

import dash
from dash import Dash

_ASKED = frozenset(
    {
        "link", "labels", "values", "layer_values", "fields", "upload", "prepare_upload", "news",
        "news_of_runs", "open_model", "pictures", "thumbnails", "classes", "mean", "operated", "ranges",
        "studies", "study", "cancel_study",
    }
)  # fmt: skip


def addresses(app: Dash) -> dict[str, str]:
    """Return the addresses by the names of their routes; a part such as `<page>` is to be filled in."""
    # Dash's own prefix is a part of its routes, and not of the others.
    proxy = app.config.requests_pathname_prefix.removesuffix(app.config.routes_pathname_prefix)
    return {
        rule.endpoint: proxy + re.sub(r"<\w+:", "<", rule.rule)
        for rule in app.server.url_map.iter_rules()
        if rule.endpoint in _ASKED
    }


def pages(app: Dash) -> dict[str, str]:
    """Return the path below which all pages are, and the name of the first, which has that path."""
    first = next(page["module"] for page in dash.page_registry.values() if page["path"] == "/")
    base: str = app.config.requests_pathname_prefix
    return {"base": base, "first": first.rpartition(".")[2]}
