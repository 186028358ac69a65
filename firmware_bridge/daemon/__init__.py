"""The vendor's daemon: its wires, its messages, its packets."""
