"""Trials: who may drive the robot, what its life was truly like, and what that life is worth."""
