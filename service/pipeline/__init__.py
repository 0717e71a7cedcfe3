"""The steps from a video and texts to referred tracks, one file each, named by its verb."""
