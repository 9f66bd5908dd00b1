"""What the service does, one file an operation or a few: nouns in, results out, or its refusal."""
