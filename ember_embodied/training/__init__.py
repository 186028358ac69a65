"""How a network is trained, measured and exported; beside cells, the only room with torch."""
