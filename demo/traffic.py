"""Real traffic for the delay model: the flights of a summer, asked of a model server as the clinic's couriers would: `python -m demo.traffic URL`."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import click

FLIGHTS = Path(__file__).parent / "assets" / "traffic" / "delay.parquet"
MODEL = "delay"
TRUTH = "left_late"
DATATYPES = {"string": "BYTES", "float": "FP32", "int64": "INT64"}
AT_ONCE = 30
"""Flights of one request: those that a courier chooses from."""
LOOK_EVERY = 2.0


@click.command()
@click.argument("url")
def main(url: str) -> None:
    """Whenever the model server at URL begins to serve another version of the delay model, ask it about every flight of the summer."""
    asked = None
    while True:
        with suppress(OSError):
            if (live := serves(url)) and live != asked:
                click.echo(f"{send(url)} flights were asked of {MODEL} {live}.")
                asked = live
        time.sleep(LOOK_EVERY)


def serves(url: str) -> str | None:
    """The version of the delay model that answers by default, None before there is one. Raises OSError when the server does not answer."""
    try:
        content = json.loads(_ask(f"{url}/v2/models/{MODEL}"))
    except HTTPError:
        return None
    version = content["parameters"]["default_version"]
    return str(version) if version else None


def send(url: str) -> int:
    """Ask for a prediction of each flight; how many were asked about. Raises OSError when the server does not answer."""
    sent = 0
    for number, (inputs, truth) in enumerate(requests()):
        body = {"id": f"flights-{number}", "inputs": inputs, "parameters": {"logged": [truth]}}
        _ask(f"{url}/v2/models/{MODEL}/infer", body)
        sent += len(truth["data"])
    return sent


def requests() -> Iterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """The inputs of the model for some flights, and how these left, in the JSON of the Open Inference Protocol V2.

    The flights are long past, so the truth can go into the log at once; elsewhere it comes later.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415  heavy, and only needed here

    known = pq.ParquetFile(FLIGHTS)
    names = [name for name in known.schema_arrow.names if name not in {"day", TRUTH}]
    for batch in known.iter_batches(AT_ONCE):
        yield [_tensor(name, batch.column(name)) for name in names], _tensor(TRUTH, batch.column(TRUTH))


def _tensor(name: str, column: Any) -> dict[str, Any]:
    return {"name": name, "shape": [len(column), 1], "datatype": DATATYPES[str(column.type)], "data": column.to_pylist()}


def _ask(url: str, content: dict[str, Any] | None = None) -> bytes:
    body = None if content is None else json.dumps(content).encode()
    with urllib.request.urlopen(url, body, timeout=10) as answer:  # noqa: S310  an address of our own processes
        return bytes(answer.read())


if __name__ == "__main__":
    main()
