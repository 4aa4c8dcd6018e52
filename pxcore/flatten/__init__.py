"""Every way to flat: one door, the driver behind it, and who may ask."""
