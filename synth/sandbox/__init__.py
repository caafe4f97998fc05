"""Runs programs that nobody vouches for: no network, no other files, bounded time, memory, disk and output."""
