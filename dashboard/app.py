"""The application factory."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dash import Dash
from flask import Flask

from dashboard import arguments, bodies, shedding
from dashboard.access.headers import send_headers
from dashboard.access.hosts import check_host
from dashboard.access.origins import check_origin
from dashboard.access.roles import know_readers
from dashboard.prefix import PrefixedDash, base, serve_below
from dashboard.routes import compression, versioned
from dashboard.routes.addresses import NamePath, addresses, pages
from dashboard.routes.cards import serve_cards
from dashboard.routes.downloads import serve_downloads
from dashboard.routes.fields import serve_fields
from dashboard.routes.health import serve_health
from dashboard.routes.labels import serve_labels
from dashboard.routes.metrics import serve_metrics
from dashboard.routes.moved import serve_moved
from dashboard.routes.news import serve_news
from dashboard.routes.opening import serve_opening
from dashboard.routes.operating import serve_operating
from dashboard.routes.picking import serve_picking
from dashboard.routes.ranges import serve_ranges
from dashboard.routes.studies import serve_studies
from dashboard.routes.taking import serve_taking
from dashboard.routes.uploading import serve_uploads
from dashboard.routes.values import DRAWING_SIDE, serve_values
from dashboard.runtime.links import serve_links
from dashboard.runtime.runtime import Runtime, install
from dashboard.screens.screen import parts_of_pages
from dashboard.settings import Settings, settings_with
from dashboard.shell import shell
from dashboard.state import pixels
from dashboard.state.view import rules
from dashboard.watching import identity, logs, metrics

_ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
    "<rect x='1' y='1' width='14' height='14' rx='2' fill='#2563a8'/>"
    "<rect x='5' y='5' width='6' height='6' fill='white'/></svg>"
)
_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<meta name="color-scheme" content="light dark">
<title>{%title%}</title>
<script>
(function () {
  var kept = null;
  try { kept = localStorage.getItem("cnn-theme"); } catch (error) { kept = null; }
  var dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
})();
</script>
<link rel="icon" href="data:image/svg+xml,{icon}">
<link rel="stylesheet" href="{%base%}{bootstrap}">
{%css%}
<link rel="stylesheet" href="{%base%}{styles}">
</head>
<body>
{%app_entry%}
<script type="application/json" id="view-rules">{%rules%}</script>
<footer>{%config%}{%scripts%}
<script src="{%base%}{assets}"></script>
<script data-plotly="{%base%}{plotly}">
(function () {
  // Dash's renderer would set an address without a version here.
  var address = document.currentScript.dataset.plotly;
  Object.defineProperty(window, "_dashPlotlyJSURL", { get: () => address, set: () => {} });
})();
</script>
{%renderer%}</footer>
</body>
</html>
"""

# What Dash loads for old browsers, which cannot read the scripts of this project either, and its tables,
# which no page has.
_UNUSED_SCRIPT = re.compile(r"<script [^>]*(?:/deps/polyfill@|/dash_table/)[^>]*></script>\s*")


def assets_folder() -> Path:
    """Return where the style sheets and scripts are: in the package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "assets"
    return installed if installed.is_dir() else package.parent / "assets"


def create_app(settings: Settings | None = None) -> Dash:
    """Return the dashboard, with its pages and callbacks registered; nothing is started."""
    os.environ.setdefault("DASH_DISABLE_VERSION_CHECK", "1")
    runtime = Runtime(settings or settings_with())
    server = Flask("dashboard")
    server.url_map.converters["path"] = NamePath
    app = _Application(
        "dashboard",
        server=server,
        title="CNN Visualizer",
        update_title="",
        include_assets_files=False,
        use_pages=True,
        pages_folder="",
        serve_locally=True,
        on_error=shell.on_error,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    install(server, runtime)
    identity.identify(server, trusted=runtime.settings.proxies > 0)
    metrics.count_requests(server)
    if runtime.settings.access_log:
        logs.write_accesses(server)
    _let_in(app, runtime.settings)
    bodies.limit(server)
    shedding.shed(server, shedding.Places.of(runtime.settings))
    arguments.guard(app)
    compression.compress(app, runtime.settings.jobs.path / "compressed")
    compression.time_forward_passes(server)
    serve_health(server)
    serve_metrics(server)
    serve_labels(server)
    serve_links(server)
    serve_values(server)
    serve_fields(server)
    serve_uploads(server)
    serve_opening(server)
    serve_cards(server)
    serve_downloads(server)
    serve_operating(server)
    serve_ranges(server)
    serve_news(server)
    serve_studies(server)
    serve_taking(server)
    serve_picking(server)
    serve_moved(server)
    _register_pages(app)
    app.index_string = _index(server)
    app.layout = lambda: shell.layout(runtime)
    shell.register(app)
    versioned.tell_edition(app)
    serve_below(server, runtime.settings.prefix, proxies=runtime.settings.proxies)
    _set_up(app)
    return app


def _let_in(app: Dash, settings: Settings) -> None:
    """Have every request checked before anything else looks at it."""
    check_host(app.server, settings)
    check_origin(app.server)
    know_readers(app.server, settings)
    send_headers(app, settings)


def _set_up(app: Dash) -> None:
    """Make the first request, at which Dash sets itself up: one beside it would get half a page."""
    app.server.test_client().get(f"{runtime_of(app).settings.prefix}health")


class _Application(PrefixedDash):
    """Dash, which writes into the page what the scripts know, as the browser of the request has it."""

    def interpolate_index(self, **parts: Any) -> str:  # type: ignore[override]
        scripts = _UNUSED_SCRIPT.sub("", parts.pop("scripts"))
        page: str = super().interpolate_index(scripts=scripts, **parts)
        return page.replace("{%base%}", base()).replace("{%rules%}", json.dumps(known(self)))


def _index(server: Flask) -> str:
    """Return the page with what is the same for all; `{%base%}` is the path below which it is read."""
    folder = assets_folder()
    addresses = {
        "bootstrap": versioned.serve_bootstrap(server),
        "plotly": versioned.serve_plotly(server),
        "styles": versioned.serve_assets(server, folder, "css"),
        "assets": versioned.serve_assets(server, folder, "js"),
    }
    index = _INDEX.replace("{icon}", quote(_ICON))
    for name, address in addresses.items():
        index = index.replace(f"{{{name}}}", address.removeprefix("/"))
    return index


def known(app: Dash) -> dict[str, Any]:
    """Return what the scripts know of the server, to be written into the page as JSON.

    Beside the rules of a view that are its addresses, its edition, and how many pixels pictures have on a
    side: a drawing that is `sent`, and a `picture` in the view.
    """
    return {
        **rules(parts_of_pages(app.server)),
        "addresses": addresses(app),
        "pages": pages(),
        "sides": {"sent": DRAWING_SIDE, "picture": pixels.SIDE},
        "edition": versioned.edition(app.server),
    }


def _register_pages(app: Dash) -> None:
    from pages import PAGES

    for page in PAGES:
        page.register(app)


def runtime_of(app: Dash) -> Runtime:
    """Return the runtime of an application."""
    runtime: Runtime = app.server.extensions["cnn_runtime"]
    return runtime
