"""The addresses below /api/."""

from django.urls import include, path, re_path

from portal.api import catalog, device, docs, machine_keys, machines, people, servers, templates
from portal.problems import nothing_here

v1 = [
    path("auth/token/", people.TokenView.as_view(), name="api-token"),
    path("auth/device/", device.device, name="api-device"),
    path("auth/device/token/", device.device_token, name="api-device-token"),
    path("me/", people.me, name="api-me"),
    path("quota/", people.quota, name="api-quota"),
    path("keys/", people.keys, name="api-keys"),
    path("keys/make/", people.make_key, name="api-key-make"),
    path("keys/<int:pk>/", people.key, name="api-key"),
    path("keys/<int:pk>/install/", machine_keys.install, name="api-key-install"),
    path("catalog/images/", catalog.images, name="api-catalog-images"),
    path("catalog/sizes/", catalog.sizes, name="api-catalog-sizes"),
    path("templates/", templates.templates, name="api-templates"),
    path("templates/<slug:slug>/", templates.template, name="api-template"),
    path("templates/<slug:slug>/bring-back/", templates.bring_back, name="api-template-bring-back"),
    path("templates/<slug:slug>/changes/", templates.changes, name="api-template-changes"),
    path("servers/", servers.servers, name="api-servers"),
    path("servers/<slug:server_id>/adopt/", servers.adopt, name="api-adopt"),
    path("events/", machines.events, name="api-events"),
    path("machines/", machines.machines, name="api-machines"),
    path("machines/<uuid:pk>/", machines.one, name="api-machine"),
    path("machines/<uuid:pk>/copy/", machines.copy, name="api-machine-copy"),
    path("machines/<uuid:pk>/disk/", machines.disk, name="api-machine-disk"),
    path("machines/<uuid:pk>/events/", machines.machine_events, name="api-machine-events"),
    path("machines/<uuid:pk>/portal-key/", machine_keys.portal_key, name="api-machine-portal-key"),
    path("machines/<uuid:pk>/ports/", machines.ports, name="api-ports"),
    path("machines/<uuid:pk>/ports/<uuid:tunnel>/", machines.port, name="api-port"),
    *[path(f"machines/<uuid:pk>/{verb}/", machines.verb_view(verb), name=f"api-{verb}") for verb in machines.VERBS],
]
urlpatterns = [
    path("v1/", include(v1)),
    path("schema/", docs.schema, name="api-schema"),
    path("docs/", docs.docs, name="api-docs"),
    re_path(r"^(?P<rest>.*)$", nothing_here, name="api-nothing"),
]
