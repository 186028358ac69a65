"""What adapts while the robot moves: numpy and records of the body, and nothing else.

Every part is a state that a pure step carries on, or an object that gives its state as a frozen
record and is made from it again, exact to the bit (``snapshot``). Nothing here reads a clock or
draws a number that was not handed in. Records that are made anew in every tick are msgspec structs:
a frozen dataclass takes ten times as long to make.
"""
