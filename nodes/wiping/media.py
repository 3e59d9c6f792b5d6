"""Kinds of disks, and what may be claimed of a technique on each: in the words of NIST SP 800-88 Rev 2 and IEEE 2883.

NIST SP 800-88 Rev 2 (September 2025) has three methods: Clear, Purge, Destroy. It leaves the techniques to IEEE 2883-2022, or to what an
organisation approves for itself. CLAIMS says the most that each technique may claim:

- Overwriting through the usual interface leaves spare and reallocated blocks: Clear, on flash at the most.
- ATA SECURITY ERASE UNIT covers in its normal mode what can be addressed: Clear. Its enhanced mode covers reallocated sectors: Purge.
- The sanitize commands of ATA and NVMe, and their cryptographic erase, cover all of the medium: Purge. Flash is not overwritten by them, it is erased.
- NVMe Format erases the data that can be addressed (Clear); with the cryptographic setting it changes the key (Purge).
- Degaussing is Purge on magnetic disks, does nothing to flash, and is no longer Destroy (Rev 2, where Rev 1 had it).
- What the organisation does in its own way is Clear, or Destroy: nothing vouches for a Purge of which no standard knows.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from lib.notes import Note
from nodes.states import in_languages


class Media(models.TextChoices):
    """A kind of disk."""

    MAGNETIC = "magnetic", _("Magnetic disk (HDD)")
    HYBRID = "hybrid", _("Magnetic disk with flash (SSHD)")
    SSD = "ssd", _("Flash disk (SATA SSD)")
    NVME = "nvme", _("NVMe disk")
    CARD = "card", _("Flash card or soldered flash (eMMC)")


class Method(models.TextChoices):
    """A method of NIST SP 800-88, each more thorough than the one before. The words of the standard stay beside the translation."""

    CLEAR = "clear", pgettext_lazy("wipe", "Clear")
    PURGE = "purge", pgettext_lazy("wipe", "Purge")
    DESTROY = "destroy", pgettext_lazy("wipe", "Destroy")


class Technique(models.TextChoices):
    """A technique by IEEE 2883, or the organisation's own."""

    OVERWRITE = "overwrite", _("Overwritten")
    SECURE_ERASE = "secure_erase", _("ATA Secure Erase, normal")
    ENHANCED_ERASE = "enhanced_erase", _("ATA Secure Erase, enhanced")
    SANITIZE_OVERWRITE = "sanitize_overwrite", _("Sanitize: overwrite")
    SANITIZE_BLOCK = "sanitize_block", _("Sanitize: block erase")
    SANITIZE_CRYPTO = "sanitize_crypto", _("Sanitize: cryptographic erase")
    FORMAT = "format", _("NVMe Format: user data erase")
    FORMAT_CRYPTO = "format_crypto", _("NVMe Format: cryptographic erase")
    DEGAUSS = "degauss", _("Degaussed")
    SHRED = "shred", _("Shredded")
    DISINTEGRATE = "disintegrate", _("Disintegrated")
    INCINERATE = "incinerate", _("Incinerated")
    MELT = "melt", _("Melted")
    OWN = "own", _("Our own way")


class Result(models.TextChoices):
    """An outcome."""

    PASSED = "passed", pgettext_lazy("wipe", "Passed")
    FAILED = "failed", pgettext_lazy("wipe", "Failed")


class Verification(models.TextChoices):
    """A way to verify that the technique did what it should, on this disk."""

    FULL = "full", _("All of it was read back")
    SAMPLE = "sample", _("Parts, chosen at random, were read back")
    REPORT = "report", _("What the disk reported afterwards was read")
    SEEN = "seen", _("The remains were looked at")


M, T = Media, Technique
_CLEAR, _PURGE, _DESTROY = Method.CLEAR, Method.PURGE, Method.DESTROY
DESTROYING = frozenset({T.SHRED, T.DISINTEGRATE, T.INCINERATE, T.MELT})
# The most that a technique may claim on a kind of disk. What is not here cannot be done to it.
CLAIMS: dict[Technique, dict[Media, Method]] = {
    T.OVERWRITE: dict.fromkeys(M, _CLEAR),
    T.SECURE_ERASE: {M.MAGNETIC: _CLEAR, M.HYBRID: _CLEAR, M.SSD: _CLEAR},
    T.ENHANCED_ERASE: {M.MAGNETIC: _PURGE, M.HYBRID: _CLEAR, M.SSD: _PURGE},
    T.SANITIZE_OVERWRITE: {M.MAGNETIC: _PURGE, M.HYBRID: _CLEAR},
    T.SANITIZE_BLOCK: {M.SSD: _PURGE, M.NVME: _PURGE},
    T.SANITIZE_CRYPTO: {M.MAGNETIC: _PURGE, M.HYBRID: _PURGE, M.SSD: _PURGE, M.NVME: _PURGE},
    T.FORMAT: {M.NVME: _CLEAR},
    T.FORMAT_CRYPTO: {M.NVME: _PURGE},
    T.DEGAUSS: {M.MAGNETIC: _PURGE},
    **{technique: dict.fromkeys(M, _DESTROY) for technique in sorted(DESTROYING)},
}
OWN_METHODS = frozenset({_CLEAR, _DESTROY})
_ORDER = [*Method]


def why_not_technique(media: str, technique: str) -> Note | None:
    """Return why a technique does nothing to a kind of disk, or None."""
    if technique == T.OWN or media in CLAIMS[Technique(technique)]:
        return None
    if technique == T.DEGAUSS:
        return Note(gettext_noop("Degaussing does nothing to flash: choose what was really done."))
    return Note(gettext_noop("This cannot be done to such a disk: choose what was really done."))


def why_not_method(media: str, technique: str, method: str) -> Note | None:
    """Return why a technique must not claim a method on a kind of disk for which there is such a technique, or None."""
    if technique == T.OWN:
        text = gettext_noop("What was done in our own way is Clear, or Destroy: Purge needs a technique of the list.")
        return None if method in OWN_METHODS else Note(text)
    if technique in DESTROYING:
        return None if method == _DESTROY else Note(gettext_noop("That destroys the disk: choose Destroy."))
    most = CLAIMS[Technique(technique)][Media(media)]
    if _ORDER.index(Method(method)) <= _ORDER.index(most):
        return None
    return _why_too_much(media, technique, method, most)


def _why_too_much(media: str, technique: str, method: str, most: Method) -> Note:
    if technique == T.DEGAUSS:
        text = gettext_noop("Degaussing is no longer Destroy (NIST SP 800-88 Rev 2): it is Purge at the most.")
        return Note(text)
    if method == _DESTROY:
        return Note(gettext_noop("A disk that was wiped like this still works: only what breaks it is Destroy."))
    if technique == T.OVERWRITE and media != M.MAGNETIC:
        text = gettext_noop("Overwriting does not reach all of a flash disk: it is Clear at the most.")
        return Note(text)
    text = gettext_noop("On such a disk this technique is %(most)s at the most.")
    return Note(text, {"most": in_languages(most)})
