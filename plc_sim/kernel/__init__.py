"""The event-jump kernel: numba functions over one block of words per scenario."""
