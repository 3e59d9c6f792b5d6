"""The agent: keeps the ports of one gateway open as the portal wishes. Stand-alone: imports nothing of ours, holds no state.

It decides nothing. Kill it anywhere: the gateway closes its ports, and the next run opens them again.
"""
