"""The WSGI entry: `gunicorn "dashboard.wsgi:server"`."""

import sys

from cnn.errors import CnnError
from dashboard.app import create_app, runtime_of
from dashboard.serving import NO_PRELOAD, is_preloading

# What gunicorn takes for a program that cannot be loaded: it ends, and does not try again.
_CANNOT_BE_LOADED = 4

if is_preloading():
    sys.exit(NO_PRELOAD)
try:
    app = create_app()
    server = app.server
    runtime_of(app).open()
except CnnError as error:
    print(error, file=sys.stderr, flush=True)
    sys.exit(_CANNOT_BE_LOADED)
