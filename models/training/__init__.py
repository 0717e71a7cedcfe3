"""Training the embedded weights: rendered referring videos, expressions about them, the loop."""
