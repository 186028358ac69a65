"""The same robot in MuJoCo, and the servo bus that it can be reached by."""
