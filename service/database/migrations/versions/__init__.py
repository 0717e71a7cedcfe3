"""The revisions, oldest first. One that was released never changes: what is new is a new file."""
