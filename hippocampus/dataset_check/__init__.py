"""What is wrong with a dataset: every defect that loaders pass over in silence, told in a line."""
