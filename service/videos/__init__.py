"""Videos whose files the service keeps, and those that come in pieces."""
