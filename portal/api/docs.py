"""The description of the API for programs (OpenAPI) and for people."""

from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

schema = SpectacularAPIView.as_view()


# Swagger UI writes style attributes and carries its pictures as data; its scripts are files of ours, so they stay strict.
@method_decorator(
    csp_update({"style-src": ["'self'", "'unsafe-inline'"], "img-src": ["'self'", "data:"]}), name="dispatch"
)
class Docs(SpectacularSwaggerSplitView):
    url_name = "api-schema"


docs = Docs.as_view()
