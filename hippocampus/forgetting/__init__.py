"""Forgetting on request: a person or a stretch of time, out of everything that a robot keeps."""
