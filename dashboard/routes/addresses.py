"""The addresses that the scripts ask, as a browser reaches them: below the path of a proxy, if any."""

from __future__ import annotations

import re

import dash
from dash import Dash
from werkzeug.routing import PathConverter

from dashboard.prefix import base, below

_ASKED = frozenset(
    {
        "link", "labels", "values", "layer_values", "fields", "upload", "prepare_upload", "news",
        "news_of_runs", "open_model", "pictures", "thumbnails", "classes", "readable", "mean", "operated",
        "ranges", "studies", "study", "cancel_study", "names", "keep_range", "keep_sums", "take",
        "take_made",
    }
)  # fmt: skip


class NamePath(PathConverter):
    """A part of an address that may be any name of a layer, with slashes and line ends in it."""

    regex = r"(?s:[^/].*?)"


def addresses(app: Dash) -> dict[str, str]:
    """Return the addresses by the names of their routes; a part such as `<page>` is to be filled in."""
    return {
        rule.endpoint: below(re.sub(r"<\w+:", "<", rule.rule))
        for rule in app.server.url_map.iter_rules()
        if rule.endpoint in _ASKED
    }


def pages() -> dict[str, str]:
    """Return the path below which all pages are, and the name of the first, which has that path."""
    first = next(page["module"] for page in dash.page_registry.values() if page["path"] == "/")
    return {"base": base(), "first": first.rpartition(".")[2]}
