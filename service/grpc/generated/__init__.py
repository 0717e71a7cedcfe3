"""The modules of `proto/trackspeak/v1/trackspeak.proto`, written by `proto/generate.py`."""
