"""The stand-in Slack, tested with the real Slack SDK and Bolt over loopback."""
