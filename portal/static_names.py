"""Static files under hashed names, also where one of our scripts imports another."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = "js/*.js"  # packages bring scripts that name what they do not bring


class HashedModules(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Let `import … from "./other.js";` name the hashed file, so that browsers may keep both for ever."""

    patterns = (*HashedFilesMixin.patterns, (OURS, HashedFilesMixin._js_module_import_aggregation_patterns[1]))
