"""Addresses of the cluster's nodes, below /manage/, for administrators."""

from django.urls import path

from portal.views import nodes_pages

manage = [
    path("nodes/", nodes_pages.nodes, name="nodes"),
    path("nodes/<int:pk>/", nodes_pages.node, name="node"),
    path("nodes/<int:pk>/tie/", nodes_pages.tie, name="node-tie"),
    path("nodes/<int:pk>/untie/", nodes_pages.untie, name="node-untie"),
    path("nodes/<int:pk>/maintained/", nodes_pages.maintained, name="node-maintained"),
    path("nodes/<int:pk>/empty/", nodes_pages.empty, name="node-empty"),
    path("nodes/<int:pk>/dead/", nodes_pages.dead, name="node-dead"),
    path("nodes/<int:pk>/back/", nodes_pages.back, name="node-back"),
]
