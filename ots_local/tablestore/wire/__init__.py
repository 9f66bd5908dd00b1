"""The protobuf messages of Table Store; only this package imports protobuf."""
