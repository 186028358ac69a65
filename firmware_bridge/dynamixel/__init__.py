"""The servo bus: registers, packets and the body that drives them."""
