"""Scripts that import each other do so by hashed names: a browser that keeps an old one never mixes it with a new one."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

IMPORTED = re.compile(r"""(?:from\s*|import\s*\(?)["'](\.[^"']+)["']""")


@pytest.fixture
def collected(tmp_path: Path, settings: Any) -> Path:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "portal.static_names.HashedModules"}}
    settings.STATICFILES_DIRS = [settings.BASE_DIR / "static"]
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_modules_import_the_hashed_files_that_are_there(collected: Path) -> None:
    modules = [path for path in collected.rglob("js/*/*.js") if path.stem.count(".") == 1]
    imported = [(path, name) for path in modules for name in IMPORTED.findall(path.read_text())]
    assert len(imported) > 15
    for path, name in imported:
        assert re.search(r"\.[0-9a-f]{12}\.m?js$", name), (path, name)
        assert (path.parent / name).is_file()
