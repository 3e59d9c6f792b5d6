"""The cluster itself: Keystone, Nova, Glance, Neutron and Placement behind the contract.

Owns: how the contract's wishes become OpenStack's calls. Never: rows of ours, sentences for students.
"""

from cloud.openstack.openstack_cloud import OpenStackCloud

__all__ = ["OpenStackCloud"]
