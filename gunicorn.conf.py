"""Read by gunicorn when it is started from this folder: the settings are `dashboard.serving`."""

from dashboard.serving import *  # noqa: F403
