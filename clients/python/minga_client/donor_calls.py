"""A part of the client: donors, and what administrators do with given computers. All methods raise MingaError."""

from collections.abc import Collection, Iterator
from typing import Any

from . import models
from .calls import Calls


class DonorCalls(Calls):
    """Methods about given computers and subscriptions."""

    def offer_computers(
        self, computers: Collection[dict[str, Any]], *, handover: str = "bring", name: str = "", email: str = "",
        organisation: str = "", message: str = "",
    ) -> models.Made:  # fmt: skip
        """Offer computers: each with `kind`, and what is known of model, cpu, bits, ram_mb, disk_gb, nic_mbit, year.

        handover: bring or fetch. Without a token name and email are needed, and after a lost answer it may be offered twice.
        """
        who = {"name": name, "email": email, "organisation": organisation}
        who = {field: text for field, text in who.items() if text}
        sent = {**who, "handover": handover, "message": message, "computers": list(computers)}
        return self._one(models.Made, "POST", "donations/", sent)

    def donations(self, *, state: str = "", donor: str = "") -> Iterator[models.Donation]:
        """Go through your donations, newest first; for administrators all. donor: a part of their name, organisation or address."""
        return self._all(models.Donation, "donations/", state=state, donor=donor)

    def donation(self, number: str) -> models.DonationDetail:
        """Return a donation with its events. `number`: MNG-D-0041."""
        return self._one(models.DonationDetail, "GET", f"donations/{number}/")

    def confirm_donation(self, number: str, right: bool, *, note: str = "") -> models.DonationDetail:
        """Say whether the list of what was received is right. If not, the note says what is missing or too much."""
        return self._one(models.DonationDetail, "POST", f"donations/{number}/confirm/", {"right": right, "note": note})

    def donation_photos(self, number: str) -> Iterator[models.Photo]:
        """List the photos of a donation."""
        return self._all(models.Photo, f"donations/{number}/photos/")

    def add_donation_photo(self, number: str, photo: bytes) -> models.Photo:
        """Add a photo to what you gave: JPEG, PNG or WebP, until the first computer is received. The same again is one photo."""
        return self._one(models.Photo, "POST", f"donations/{number}/photos/", photo)

    def donation_photo(self, number: str, photo: int) -> bytes:
        """Return a photo as JPEG."""
        with self._transport.open(f"donations/{number}/photos/{photo}/") as source:
            return b"".join(self._transport.chunks(source))

    def remove_donation_photo(self, number: str, photo: int) -> None:
        """Remove a photo that you sent; administrators any."""
        self._transport.ask("DELETE", f"donations/{number}/photos/{photo}/")

    def computers(self, *, state: str = "") -> Iterator[models.Computer]:
        """Go through the computers that you gave, newest first; for administrators all."""
        return self._all(models.Computer, "computers/", state=state)

    def nodes(self) -> Iterator[models.Node]:
        """Go through the nodes of the cluster, by name. For administrators."""
        return self._all(models.Node, "nodes/")

    def subscriptions(self, *, state: str = "") -> Iterator[models.Subscription]:
        """Go through your subscriptions, newest first; for administrators all. state: promised, active, ending, grace, ended."""
        return self._all(models.Subscription, "subscriptions/", state=state)

    def give_days(self, pk: int, share: float) -> models.Transfer:
        """Give a share (more than 0, at most 1) of the days left of a subscription away. Its code is shown once."""
        return self._one(models.Transfer, "POST", f"subscriptions/{pk}/transfer/", {"share": share})

    def withdraw_codes(self, pk: int) -> models.Subscription:
        """Withdraw the codes of a subscription that nobody has used: their days come back."""
        return self._one(models.Subscription, "DELETE", f"subscriptions/{pk}/transfer/")

    def claim_days(self, code: str) -> models.Claimed:
        """Use a code: its days run for you from now on. Sent again it changes nothing."""
        return self._one(models.Claimed, "POST", "subscriptions/claim/", {"code": code})

    # ---- for administrators ----

    def renew_subscription(self, pk: int, days: int, *, note: str = "") -> models.Subscription:
        """Add days to a subscription. After its end they count from today."""
        return self._one(models.Subscription, "POST", f"subscriptions/{pk}/renew/", {"days": days, "note": note})

    def step_donation(
        self, number: str, step: str, *, computer: str = "", from_state: str = "", note: str = "", reason: str = "",
        kg: float | None = None, used_for: str = "",
    ) -> models.DonationDetail:  # fmt: skip
        """Take a donation a step further: accept, decline, receive, wipe, test, put_in_service, wait_for_parts, use_for_parts, lose, retire, recycle.

        computer: the number of one; else all that were not declined. from_state: refused where it is another by now. note: for staff.
        reason: of a decline. kg: what each weighs, when it is received. used_for: the number of the computer that gets the parts.
        """
        given: dict[str, Any] = {"computer": computer, "from_state": from_state, "note": note, "reason": reason}
        given |= {"kg": kg, "used_for": used_for}
        sent = {"step": step, **{name: value for name, value in given.items() if value not in ("", None)}}
        return self._one(models.DonationDetail, "POST", f"donations/{number}/steps/", sent)

    def undo_donation_step(self, number: str, batch: str) -> models.DonationDetail:
        """Take a step back within ten minutes. `batch`: of its event."""
        return self._one(models.DonationDetail, "DELETE", f"donations/{number}/steps/{batch}/")
