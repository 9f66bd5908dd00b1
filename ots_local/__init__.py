"""Everything that runs on a laptop only: a local Table Store, a stream pump, the demo."""
