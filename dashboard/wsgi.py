"""The WSGI entry: `gunicorn "dashboard.wsgi:server"`."""

import sys

from cnn.errors import CnnError
from dashboard.app import create_app, runtime_of
from dashboard.serving import NO_PRELOAD, end, is_preloading

if is_preloading():
    sys.exit(NO_PRELOAD)
try:
    app = create_app()
    server = app.server
    runtime_of(app).open()
except CnnError as error:
    end(error)
