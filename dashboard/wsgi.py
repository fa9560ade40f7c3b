"""The WSGI entry: `gunicorn "dashboard.wsgi:server"`."""

from dashboard.app import create_app, runtime_of

app = create_app()
server = app.server
runtime_of(app).open()
