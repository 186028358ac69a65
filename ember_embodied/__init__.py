"""The network, the loop that runs it, and the command line."""
