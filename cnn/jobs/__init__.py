"""Work that takes longer than a page may wait: queued, and done by a worker process."""

from cnn.jobs.home import Download, Home
from cnn.jobs.queue import Queue

__all__ = ["Download", "Home", "Queue"]
