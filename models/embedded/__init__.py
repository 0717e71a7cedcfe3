"""The weights that come with the package, and their configuration."""
