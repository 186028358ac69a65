"""The network, the loop that runs it, and the command line."""

__version__ = "0.1.0"
