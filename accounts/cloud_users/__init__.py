"""Cloud users that the portal makes for people, so that Horizon shows them the same machines (docs/adr/0104).

Owns: who asked for one, its name and its id there, a new password until the cloud has it. Never: the cloud itself, which a
worker asks (machines.reconcile.cloud_users); accounts of the cloud that people had before (accounts.outside).
"""
