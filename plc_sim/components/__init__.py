"""The components of a plant: friendly classes over the kernel's rows."""
