"""Whether workers are alive: the local one by its lock, those of Redis by their connections' name."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from redis import Redis
from redis.exceptions import RedisError

from cnn.errors import RunError, reason
from cnn.jobs.home import Home

_NAME = "cnn-worker"


def as_worker(home: Home) -> Home:
    """Return the same folder for a worker: what it opens to Redis bears the name of one."""
    if not home.redis_url:
        return home
    parts = urlsplit(home.redis_url)
    query = "&".join(filter(None, [parts.query, f"client_name={_NAME}"]))
    return replace(home, redis_url=urlunsplit(parts._replace(query=query)))


def has_worker(home: Home) -> bool:
    """Whether a worker is alive; `RunError` if Redis does not answer."""
    if not home.redis_url:
        return home.has_worker()
    try:
        with Redis.from_url(home.redis_url) as connection:
            return any(client["name"] == _NAME for client in connection.client_list())
    except (RedisError, ValueError) as error:
        raise RunError(f"Redis cannot be reached ({reason(error)}).") from error
