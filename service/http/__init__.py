"""The HTTP service: routes, how bodies come in, and how answers and errors go out."""
