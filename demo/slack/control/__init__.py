"""The control API under `/_/`: what the page, the tests and the played story steer the workspace with."""
