"""The outermost layer: settings, the Celery application, the command line, the supervisor."""
