"""The least that a Celery task costs: a worker of one process, a task that does nothing, its result by the same Redis. In a database of its own."""

from __future__ import annotations

import os

from celery import Celery

QUEUE = "bench"
URL = "BENCH_REDIS_URL"

app = Celery("bench", broker=os.environ.get(URL), backend=os.environ.get(URL), set_as_current=False)
app.conf.update(
    task_serializer="json", accept_content=["json"], result_accept_content=["json"], task_acks_late=True, worker_prefetch_multiplier=1
)


@app.task(name="bench.empty")
def empty() -> None:
    """Nothing."""
