"""Run the soak test: inject every fault while tables change, then compare both tables."""
