"""Around every request: its id, one line in the log, its place in the metrics."""

import re
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.web.metrics import Metrics

REQUEST_ID = "X-Request-Id"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._:/-]{1,100}")

log = structlog.get_logger()


class AccessMiddleware:
    """Takes the client's request id, or makes one, and gives it back."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """``app`` answers; ``metrics`` count."""
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        wanted = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = wanted if _ACCEPTABLE_ID.fullmatch(wanted) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path_format", "unknown")
            method = scope["method"]
            self.metrics.requests.labels(method, route, status).inc()
            self.metrics.latency.labels(method, route).observe(seconds)
            log.info("request", method=method, path=scope["path"], status=status, ms=round(seconds * 1000, 2))
