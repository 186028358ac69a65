"""Ablation: what each part of the network is worth, over seeds, with paired tests."""
