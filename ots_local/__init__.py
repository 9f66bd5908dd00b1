"""Run ots-sync on a laptop: a Table Store emulator, an event source poller, demos and tests."""
