"""The day in words: sentences that say only what labels of the log support, each with its proof."""
