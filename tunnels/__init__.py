"""Public ports: the gateways (a VPS each), the tunnels on them, the agent that keeps them open. Never knows what a machine is.

Stays free of imports: tunnels.agent and tunnels.embedded_vps run without Django.
"""
