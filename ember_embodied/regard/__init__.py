"""Hand regard: the robot watches what moves, and learns what of it is itself."""
