"""A stand-in for the Slack platform: strict where Slack is strict, a page for people, a client for tests."""
