"""Logs into datasets: what is needed beyond the robot's install is the extra ``export``."""
