"""Flows as they run: a run as data, the interpreter, what a caller goes through in a queue."""
