"""Run the demo: sample events, a DynamoDB stream, and a comparison of both tables."""
