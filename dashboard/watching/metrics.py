"""What is counted, for Prometheus: requests, how long they take, forward passes, memory.

Several web processes count in files of one folder (`dashboard.watching.sharing`); whichever is asked
adds them up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import prometheus_client
import psutil
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import multiprocess as shared
from prometheus_client.core import GaugeMetricFamily

from dashboard.watching.sharing import FOLDER

_EXTENSION = "cnn_metrics"
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"})
CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST


@dataclass(frozen=True)
class Reading:
    """What is not counted but looked at when it is asked for: numbers by the values of a label."""

    name: str
    words: str
    label: str
    numbers: Mapping[str, float]


class Metrics:
    """The counts of one application."""

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()
        self._process = psutil.Process()
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "cnn_requests", "Requests answered", ["route", "method", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "cnn_request_seconds", "Time to an answer", ["route"], buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self._passes = Histogram(
            "cnn_forward_pass_seconds", "Forward passes that answers took", buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self._memory = Gauge(
            "cnn_memory_bytes", "Resident memory of a web process", registry=self._registry,
            multiprocess_mode="liveall",
        )  # fmt: skip

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(route, method if method in _METHODS else "other", status).inc()
        self._seconds.labels(route).observe(seconds)
        self._memory.set(self._process.memory_info().rss)

    def count_pass(self, seconds: float) -> None:
        """Count a forward pass."""
        self._passes.observe(seconds)

    def text(self, readings: Iterable[Reading]) -> bytes:
        """Return all counts, and these readings, as Prometheus takes them."""
        now = CollectorRegistry()
        for reading in readings:
            now.register(_Now(reading))
        counted = self._registry
        if os.environ.get(FOLDER):
            counted = CollectorRegistry()
            shared.MultiProcessCollector(counted)
        written = map(prometheus_client.generate_latest, (counted, now))
        return b"".join(written)


@dataclass(frozen=True, eq=False)
class _Now:
    """A reading, as the client library collects it."""

    gauge: Reading

    def collect(self) -> list[GaugeMetricFamily]:
        family = GaugeMetricFamily(self.gauge.name, self.gauge.words, labels=[self.gauge.label])
        for value, number in self.gauge.numbers.items():
            family.add_metric([value], number)
        return [family]


def count_requests(server: Flask) -> None:
    """Count every answer of the application."""
    metrics = Metrics()
    server.extensions[_EXTENSION] = metrics

    def begin() -> None:
        g.counted_from = time.perf_counter()

    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        seconds = time.perf_counter() - g.get("counted_from", time.perf_counter())
        metrics.count(route, request.method, response.status_code, seconds)
        if (passed := g.get("forward_milliseconds")) is not None:
            metrics.count_pass(passed / 1000)
        return response

    server.before_request(begin)
    server.after_request(count)


def metrics_of(server: Flask) -> Metrics:
    """Return the counts of an application."""
    metrics: Metrics = server.extensions[_EXTENSION]
    return metrics
