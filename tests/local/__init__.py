"""The parts that run on a laptop only."""
