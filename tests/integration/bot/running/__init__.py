"""The running bot, between a stand-in Slack and a real Redis."""
