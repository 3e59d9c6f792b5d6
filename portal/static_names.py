"""Static files under hashed names, also where one script imports another."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModules(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Let `import … from "./other.js";` name the hashed file, so that browsers may keep both for ever."""

    support_js_module_import_aggregation = True
