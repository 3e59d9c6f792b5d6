"""A student's machine: wishes, states, the life cycle that turns one into the other, events. Never speaks HTTP."""
