"""Slow, obvious reference implementations, written to be read.

Nothing here is fast. Every fast path of skspace is compared with one of these.
"""
