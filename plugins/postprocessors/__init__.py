"""What mends tracks once a video is over."""
