"""Associative memory: what was, found again by a word, by how the body felt, or by what led to it.

``codes`` separates patterns, ``postings`` finds who shares them, ``settle`` decides among the
found, ``associative`` is the three together with the links between memories; ``book`` keeps what
the memories are, ``store`` keeps the book on the disk.
"""
