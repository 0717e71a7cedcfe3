"""The route of the metrics."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Request, Response

from ..telemetry.metrics import Metrics
from . import openapi
from .access import Administrator


def add_metrics_route(app: FastAPI, metrics: Metrics) -> None:
    """Add the route of this module."""

    @app.get("/metrics", summary="Metrics for Prometheus", **openapi.metrics_route())
    async def get_metrics(request: Request, _principal: Administrator) -> Response:
        accept = request.headers.get("accept", "")
        text, media_type = await asyncio.to_thread(metrics.exposition, accept)
        return Response(text, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
