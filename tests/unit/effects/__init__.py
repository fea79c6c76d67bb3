"""Deployment and inspection against the ports."""
