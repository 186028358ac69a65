"""The body: hardware, its stand-ins, and the last word on safety."""
