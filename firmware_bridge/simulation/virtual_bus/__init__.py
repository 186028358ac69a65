"""Nine servos that speak Dynamixel Protocol 2.0 on a pseudo-terminal."""
