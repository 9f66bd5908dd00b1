"""A storm on this machine: every fault at once, beside live changes; then both tables compared."""
