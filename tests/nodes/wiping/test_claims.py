"""The rules of what may be claimed on which kind of disk."""

import pytest

from nodes.wiping import media
from nodes.wiping.media import CLAIMS, DESTROYING, Media, Method, Technique

FLASH = (Media.SSD, Media.NVME, Media.CARD)


def may(kind: str, technique: str, method: str) -> bool:
    return not media.why_not_technique(kind, technique) and not media.why_not_method(kind, technique, method)


@pytest.mark.parametrize("kind", FLASH)
def test_overwriting_flash_is_clear_at_the_most(kind: Media) -> None:
    assert may(kind, "overwrite", "clear")
    assert "Overwriting does not reach all of a flash disk" in str(media.why_not_method(kind, "overwrite", "purge"))


@pytest.mark.parametrize(
    ("kind", "technique"),
    [
        ("magnetic", "enhanced_erase"), ("magnetic", "sanitize_overwrite"), ("magnetic", "degauss"), ("ssd", "enhanced_erase"),
        ("ssd", "sanitize_block"), ("ssd", "sanitize_crypto"), ("nvme", "sanitize_block"), ("nvme", "sanitize_crypto"), ("nvme", "format_crypto"),
    ],
)  # fmt: skip
def test_what_is_purge(kind: str, technique: str) -> None:
    assert [may(kind, technique, method) for method in Method] == [True, True, False]


@pytest.mark.parametrize("kind", [*FLASH, Media.HYBRID])
def test_degaussing_does_nothing_to_flash(kind: Media) -> None:
    assert "Degaussing does nothing to flash" in str(media.why_not_technique(kind, "degauss"))


def test_degaussing_is_no_longer_destroy() -> None:
    assert "no longer Destroy" in str(media.why_not_method("magnetic", "degauss", "destroy"))


@pytest.mark.parametrize("technique", sorted(DESTROYING))
def test_what_breaks_a_disk_is_destroy_and_nothing_else(technique: Technique) -> None:
    assert [may("ssd", technique, method) for method in Method] == [False, False, True]


def test_our_own_way_is_never_purge() -> None:
    assert [may("nvme", "own", method) for method in Method] == [True, False, True]


def test_nothing_but_what_breaks_a_disk_claims_destroy() -> None:
    claiming = {technique for technique, most in CLAIMS.items() if Method.DESTROY in most.values()}
    assert claiming == DESTROYING
    assert {*CLAIMS, Technique.OWN} == {*Technique}
