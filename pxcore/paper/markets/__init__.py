"""Markets to trade on: synthetic, scripted and recorded ones."""
