"""URLs of the agents alone, so that these tests need nothing else of the site."""

from django.urls import include, path

urlpatterns = [path("agent/v1/", include("portal.api.agent_urls"))]
