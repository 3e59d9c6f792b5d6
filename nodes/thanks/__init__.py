"""Thanks to donors: the public wall, on which they stand only where they wish."""
