"""What a newcomer's machine lacks: a stand-in Slack, a Redis, a Git remote, model servers, a sample repository, and a story to play."""
