"""The bot's own parts, without Slack and Redis."""
