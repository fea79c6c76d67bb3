"""The loop that writes, over a real Git remote and a real Redis."""
