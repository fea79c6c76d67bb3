"""Targets: the conformance kit that every adapter passes, and the adapters against real servers over HTTP."""
