"""Work that takes longer than a page may wait: queued, and done by a worker process."""

from cnn.jobs.doing import job_id
from cnn.jobs.home import Download, Home
from cnn.jobs.queue import Queue
from cnn.jobs.workers import as_worker, has_worker

__all__ = ["Download", "Home", "Queue", "as_worker", "has_worker", "job_id"]
