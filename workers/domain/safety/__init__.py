"""Whether a file can be loaded without running anything that it brings along: judged from its bytes, which are never loaded."""
