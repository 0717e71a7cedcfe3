"""Search over all indexed videos."""
