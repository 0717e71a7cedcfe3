"""What makes appearance embeddings for trackers."""
