"""From TIA Portal's sources and tag tables to typed blocks, and back; extra `tia`."""
