"""`python -m trackspeak.service` is the same as `trackspeak`."""

from .cli import main

if __name__ == "__main__":
    main()
