"""Looks whether everything that a deployment needs is in place, and says what to do where not."""
