"""`towpath check`: the gates of an environment, run by hand on a folder of a work tree."""
