"""Keystone, Nova, Glance, Neutron and Placement behind the contract.

Owns: the calls by which OpenStack does what the contract asks. Never: our tables, sentences for students.
"""

from cloud.openstack.openstack_cloud import OpenStackCloud

__all__ = ["OpenStackCloud"]
