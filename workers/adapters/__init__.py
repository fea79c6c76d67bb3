"""The real world behind the ports: Git, and the targets."""
