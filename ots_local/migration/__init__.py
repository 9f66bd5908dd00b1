"""Run a whole migration on this machine: as a demo, or by hand in a playground."""
