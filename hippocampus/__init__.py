"""What remembers: the log of every tick."""
