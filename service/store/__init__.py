"""What is kept of watched videos, so that they can be asked again without being watched."""
