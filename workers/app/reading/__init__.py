"""Questions to a repository on the command line: Git alone, neither Redis nor Slack."""
