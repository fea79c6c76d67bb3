"""Slack and HTTP: takes sentences in, hands them over as signed requests, shows what became of them. Decides nothing."""
