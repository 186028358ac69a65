"""A day as one page: read from what the night and the cerebellum have left, drawn without help."""
