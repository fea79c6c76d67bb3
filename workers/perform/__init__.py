"""The one loop that writes: read the ledger, judge, push, and only then tell."""
