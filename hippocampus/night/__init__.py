"""The night: a day's log is read once, labelled, sorted and kept as episodes."""
