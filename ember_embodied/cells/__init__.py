"""Cells of the network: each a pure step(x, dt, state) -> (y, state)."""
