"""Compare the source and the target: digests, buckets, readers, rechecks and the report."""
