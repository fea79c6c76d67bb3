"""The names that the bot knows in these tests."""

from __future__ import annotations

from bot.grammar import Vocabulary
from workers.contract.promotion import Kind

KNOWN = Vocabulary(
    {
        "biopsy": Kind.MODEL,
        "digits": Kind.MODEL,
        "risk/fraud": Kind.MODEL,
        "transactions": Kind.DATASET,
        "checkout": Kind.SERVICE,
        "data": Kind.DATASET,
    },
    ("staging", "prod", "prod-eu"),
)
NOTHING = Vocabulary()
