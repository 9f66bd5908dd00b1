"""What the sync function runs on: one pipeline from a stream event to written rows."""
