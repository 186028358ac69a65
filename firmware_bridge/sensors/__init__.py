"""Drivers of the senses: IMU, direction of arrival, camera."""
