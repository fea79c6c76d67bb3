"""Ways to run a training: on this host apart from everything of ours, in a container, or by the CI of the Git host.

`opening` chooses one. Nothing is imported here: the supervisor of a training is a program of this package, and is to be small.
"""
