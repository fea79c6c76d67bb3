"""`towpath new`: an artifact laid out as a change on a branch of its own, in somebody's clone."""
