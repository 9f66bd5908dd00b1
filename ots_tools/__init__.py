"""Check a deployment; load, verify, repair and monitor a table that ots-sync replicates."""
