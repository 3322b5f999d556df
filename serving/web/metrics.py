"""What Prometheus reads from ``/metrics``."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        """Each application has its own registry: two in one process do not mix."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "smista_requests_total", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self.latency = Histogram(
            "smista_request_seconds",
            "Seconds from request to answer",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.phases = Histogram(
            "smista_decision_phase_seconds",
            "Seconds of a decision spent in each phase",
            ("phase",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.feed_rows = Counter(
            "smista_feed_rows_total", "Rows fed, by table and result", ("table", "result"), registry=self.registry
        )
        self.decisions = Counter(
            "smista_decisions_total", "Decisions made, by the stage that stood", ("stage",), registry=self.registry
        )
        self.state_version = Gauge("smista_state_version", "Version of the state in use", registry=self.registry)
        self.locations = Gauge("smista_locations", "Locations in the network", registry=self.registry)
        self.skus_in_stock = Gauge("smista_skus_in_stock", "Skus with a stock record", registry=self.registry)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time one phase of a decision."""
        began = time.perf_counter()
        yield
        self.phases.labels(name).observe(time.perf_counter() - began)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
