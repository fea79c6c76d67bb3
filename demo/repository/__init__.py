"""The sample repository: one bare Git repository with models, a data set and a service, and their versions as tags."""

from demo.repository.build import build

__all__ = ["build"]
