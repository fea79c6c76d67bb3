"""The Celery tasks: thin doors from a queue to the parts that act. Every task may run twice, late, or not at all; the sweep makes up for it."""
