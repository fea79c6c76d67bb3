"""A stand-in for the Slack platform: strict where Slack is strict, with a page for people and a control API for tests."""
