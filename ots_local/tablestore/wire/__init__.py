"""The service's messages, to this package's nouns and back: the only room that knows protobuf."""
