"""The gRPC service: before the same counter as HTTP, with the same limits, results and errors.

Needs the extra `grpc`; whatever imports it does so where it is needed.
"""
