"""Benchmarks: each file has ``run(seeds) -> list[Claim]``, and ``ember bench`` prints them."""
