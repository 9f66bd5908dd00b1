"""The whole path on this machine: sample events, then a DynamoDB's stream, then the proof."""
