"""The rule of portal.access for each address: the verb, and the model of the thing."""

from typing import Any

from django.db.models import Model
from knox.models import AuthToken

from accounts.models import (
    Announcement,
    AuditRow,
    BrowserSession,
    Donor,
    Notice,
    RowFailure,
    SshKey,
    Subscription,
    Terms,
    User,
    WallThanks,
)
from catalog.models import Flavor, Image
from courses.models import Template
from machines.models import BulkRun, Machine, Question, Stray
from nodes.models import Computer, Donation, Node, Photo, Plan, WipeCertificate
from portal.models import CloudCheck, DayCount, Finding
from quotas.models import QuotaRequest

# Of providers at which people sign in: anybody may ask. What stands in these addresses, and in those of one's own accounts there.
OF_PROVIDERS = {
    "openid_connect_login", "openid_connect_callback", "saml_login", "saml_acs", "saml_finish_acs", "saml_metadata", "saml_sls",
}  # fmt: skip
# What anybody may ask without signing in.
PUBLIC = {
    "account_login", "account_logout", "account_signup_done", "address-prove",
    "mfa_authenticate", "mfa_login_webauthn", "account_inactive", "account_signup", "account_reset_password",
    "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "language", "theme", "api-token", "api-device", "api-device-token", "api-schema", "api-docs",
    "api-nothing", "agent-wanted", "agent-report", "agent-knock", "ask-link", "notice-unsubscribe", "help", "help-page",
    "donate", "donated", "given", "given-again", "given-data", "given-download", "given-erase",
    "photo-by-link", "photo-by-link-small",
    "given-receipt", "given-certificate", "public-computer", "intake", "intake-program", "api-intake", "public-certificate", "subscription-claim",
    "certificate-number", "thanks", "given-thanks", "given-team", "team-join", "given-picture", "shared", "shared-picture",
    *OF_PROVIDERS,
}  # fmt: skip
# What anybody may do without signing in, at addresses that are closed otherwise.
PUBLIC_WRITES = {("api-donations", "POST")}
# Of oneself, or for everybody who has signed in.
OWN = {
    "machines", "launch", "moved", "donating", "donation-confirm", "donating-tie", "donating-photos", "donating-monthly",
    "donating-team", "donating-picture", "donating-thanks", "donating-data", "donating-download", "donating-erase",
    "moved-questions", "keys", "key-make", "account", "device", "token-make", "time-zone", "account_change_password", "account_set_password",
    "cloud-credential", "cloud-user-make", "cloud-user-end", "accounts-elsewhere", "account-elsewhere-link", "account-elsewhere-unlink",
    "audit-mine", "terms", "api-audit", "sessions", "sessions-end-others", "address", "account_reauthenticate", "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn", "account_confirm_elsewhere", "mfa_index", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_add_webauthn", "mfa_edit_webauthn", "mfa_remove_webauthn",
    "requests", "request-new", "api-requests", "api-me", "api-quota", "api-keys", "api-key-make", "api-templates", "api-template", "api-events", "api-machines",
    "api-donations", "api-computers", "api-subscriptions", "api-subscription-claim",
}  # fmt: skip
RULES: dict[str, tuple[str, type[Model]]] = {
    "key-remove": ("remove", SshKey), "key-install": ("install", SshKey), "api-key-install": ("install", SshKey),
    "machine-key-put": ("change_keys", Machine), "machine-key-take": ("change_keys", Machine),
    "machine-portal-key-remove": ("change_keys", Machine),
    "session-end": ("end", BrowserSession), "api-key": ("see", SshKey), "token-revoke": ("revoke", AuthToken),
    "templates": ("make", Template), "template-new": ("make", Template), "template": ("change", Template),
    "template-retire": ("change", Template), "template-bring-back": ("change", Template),
    "api-template-bring-back": ("change", Template), "api-template-changes": ("see_changes", Template),
    "catalog": ("see", Image), "catalog-look": ("look_again", Image), "image": ("change", Image), "flavor": ("change", Flavor),
    "api-catalog-images": ("see", Image), "api-catalog-sizes": ("see", Flavor),
    "servers": ("see", Stray), "server-adopt": ("adopt", Stray), "api-servers": ("see", Stray), "api-adopt": ("adopt", Stray),
    "dashboard": ("see", DayCount), "idle-week": ("see", Finding),
    "cloud-check": ("see", CloudCheck), "cloud-check-run": ("run", CloudCheck),
    "failures": ("see", RowFailure), "failure-again": ("retry", RowFailure),
    "audit": ("see", AuditRow), "audit-export": ("see", AuditRow), "terms-edit": ("change", Terms),
    "people": ("see", User), "person": ("see", User), "people-import": ("change", User), "person-new": ("change", User),
    "people-import-left-out": ("change", User),
    **{f"person-{name}": ("change", User) for name in ("roles", "address", "link", "block", "unblock", "remove", "grants", "grant-end")},
    **{f"person-{name}": ("change", User) for name in ("second-step", "outside", "outside-unlink", "sessions-end", "session-end")},
    "api-people": ("see", User), "api-people-import": ("change", User), "api-person": ("see", User),
    "api-person-grants": ("see", User), "api-person-grant": ("change", User),
    "api-person-link": ("change", User), "api-person-second-step": ("see", User), "api-person-sessions": ("see", User), "api-person-session": ("change", User),
    "announcements": ("change", Announcement), "announcement-new": ("change", Announcement), "announcement": ("change", Announcement),
    "announcement-end": ("change", Announcement), "announcement-dismiss": ("dismiss", Announcement),
    "api-announcements": ("see", Announcement), "api-announcement": ("change", Announcement),
    "all-machines": ("see", BulkRun), "bulk": ("start", BulkRun), "bulk-run": ("see", BulkRun),
    "labels": ("see", Computer), "labels-print": ("see", Computer), "donation-receipt": ("see", Donation), "donation-certificate": ("see", WipeCertificate),
    "desk": ("see", Computer), "donations": ("see", Computer), "donation": ("change", Computer), "donation-undo": ("change", Computer),
    "donation-donor": ("change", Computer), "donation-donor-download": ("change", Computer),
    **{f"desk-{name}": ("change", Computer) for name in ("computer", "undo", "facts", "import", "import-left-out")},
    **{f"desk-{name}": ("change", Computer) for name in ("photos", "photo-assign", "photo-remove")},
    **{f"desk-{name}": ("change", Computer) for name in ("disk-new", "disk", "disk-remove", "evidence", "certificate", "withdraw")},
    **{f"desk-intake{name}": ("change", Computer) for name in ("", "-code", "-withdraw", "-label", "-take-over")},
    **{f"desk-{name}": ("see", Computer) for name in ("export", "import-example")},
    **dict.fromkeys(("report", "report-pdf", "report-csv"), ("see", Computer)),
    "photo": ("see", Photo), "photo-small": ("see", Photo), "api-donation-photo": ("see", Photo), "api-donation-photos": ("see", Donation),
    "team": ("see", Donor), "team-leave": ("leave", Donor),
    "thanks-texts": ("see", WallThanks), "thanks-take-off": ("take_off", WallThanks),
    "notices": ("see", Notice), "notice-again": ("send_again", Notice),
    "requests-to-decide": ("decide", QuotaRequest), "request-decide": ("decide", QuotaRequest), "api-request": ("see", QuotaRequest),
    "teaching": ("teach", Template), "api-teaching-machines": ("teach", Template),
    **{f"{kind}teaching-machine": ("watch", Machine) for kind in ("", "api-")}, "teaching-machine-live": ("watch", Machine),
    **{f"{kind}teaching-machine-wake": ("wake", Machine) for kind in ("", "api-")}, "api-teaching-machine-keep": ("keep_awake", Machine),
    "asks": ("see", Question), "ask-say": ("more", Question),
    "machine-ports": ("open_port", Machine), "api-ports": ("look", Machine), "machine-port-close": ("close_port", Machine),
    "api-port": ("close_port", Machine), "machine-give": ("keep_awake", Machine), "api-machine-disk": ("download", Machine),
    "api-machine-portal-key": ("look", Machine), "api-machine-terminal": ("dial", Machine),
    "api-machine-files": ("dial", Machine), "machine-file": ("dial", Machine),
    **dict.fromkeys(("machine-check", "machine-check-run", "api-machine-check"), ("check", Machine)),
    "api-donation": ("see", Donation), "api-donation-confirm": ("confirm", Donation),
    **{f"api-donation-{name}": ("step", Donation) for name in ("step", "steps")},
    **{f"subscription{name}": ("give", Subscription) for name in ("", "-give", "-withdraw")},
    **{f"subscription-{name}": ("change", Plan) for name in ("manage", "renew", "correct")},
    **{f"plan{name}": ("change", Plan) for name in ("s", "", "-new", "-move")},
    **dict.fromkeys(("nodes", "node", "api-nodes"), ("see", Node)),
    **{f"node-{name}": ("change", Node) for name in ("tie", "untie", "maintained", "empty", "dead", "back")},
    "machine-leave": ("restart", Machine), **dict.fromkeys(("machine-terminal", "machine-terminal-question"), ("dial", Machine)),
    "api-subscription-transfer": ("give", Subscription), "api-subscription-renew": ("renew", Subscription),
    "machine-dismiss": ("dismiss_vanished", Machine),
    **{f"machine-{part}": ("look", Machine) for part in ("card", "disk", "history", "live", "settings", "work")}, "api-machine-events": ("look", Machine),
    **{f"machine-moment-{verb}": ("moments", Machine) for verb in ("delete", "restore")},
    **{f"api-machine-{name}": ("moments", Machine) for name in ("snapshot", "snapshot-restore", "snapshots")},
    "machine-see": ("look", Machine), "api-see": ("look", Machine),  # each of the two things has its own rule
}  # fmt: skip
ELSEWHERE = {
    "oidc/<slug:provider_id>": "oidc/oidc",
    "saml/<slug:organization_slug>": "saml/saml",
    "elsewhere/<int:pk>": "elsewhere/1",
    "photos/by-link/<str:token>": "photos/by-link/x",
    "team/join/<str:token>": "team/join/x",
    "shared/<str:key>": "shared/x",
}
# Addresses that are about no row yet.
LISTS = {
    "teaching",
    "api-teaching-machines",
    "templates",
    "api-templates",
    "template-new",
    "asks",
    "catalog",
    "servers",
    "dashboard",
    "idle-week",
    "cloud-check",
    "cloud-check-run",
    "failures",
    "notices",
    "audit",
    "audit-export",
    "terms-edit",
    "people",
    "people-import",
    "people-import-left-out",
    "desk-import",
    "desk-import-left-out",
    "desk-import-example",
    "desk-export",
    "report",
    "report-pdf",
    "report-csv",
    "person-new",
    "requests-to-decide",
    "desk",
    "labels",
    "labels-print",
    "plans",
    "thanks-texts",
    "plan-new",
    "all-machines",
    "bulk",
    "announcements",
    "announcement-new",
    "api-announcements",
}
WRITES: dict[str, tuple[str, type[Model]]] = {
    "api-templates": ("make", Template),
    "api-template": ("change", Template),
    "api-machine-portal-key": ("change_keys", Machine),
    "api-request": ("decide", QuotaRequest),
    "api-announcements": ("change", Announcement),
    "api-donation-photos": ("add_photo", Donation),
    "api-donation-photo": ("remove", Photo),
}
# Rows of others are not found (404); rows of any other model are no secret.
FOUND = (
    Machine,
    Question,
    SshKey,
    AuthToken,
    BrowserSession,
    QuotaRequest,
    Donation,
    Photo,
    Subscription,
    WipeCertificate,
    Donor,
)


def rule_of(name: str, method: str) -> tuple[str, type[Model]] | None:
    """Return the rule of an address; None for what is nobody else's. Fails for an address that has none."""
    if name in WRITES and method != "GET":
        return WRITES[name]
    if (name, method) in PUBLIC_WRITES:
        return None
    if name in RULES or name in OWN:
        return RULES.get(name)
    kind, _dash, verb = name.removeprefix("api-").partition("-")
    if kind == "machine":
        return verb or "look", Machine
    assert name == f"api-{kind}", f"{name}: say in {__name__} which rule it stands under"
    return kind, Machine


def _at_the_desk(computer: Computer) -> dict[str, str]:
    return {
        "disks/<int:disk>": "disks/1",
        "intake/<int:measurement>": "intake/1",
        "evidence/<int:evidence>": "evidence/1",
        "certificates/<int:certificate>": "certificates/1",
        "codes/<int:intake_code>": f"codes/{computer.intake_codes.create(expires_at='2999-01-01T00:00Z').pk}",
    }


def as_a_person(student: Any) -> dict[str, str]:
    """Return what stands in administrators' addresses of this person, and of the computer that as_a_donor gave."""
    from tests.nodes.hypervisors.seen import make_node
    from tests.nodes.subscribed import make_plan

    computer, photo = Computer.objects.get(), Photo.objects.get()
    return {
        "photos/<int:photo>": f"photos/{photo.pk}",
        "manage/computers/<int:pk>": f"manage/computers/{computer.pk}",
        "c/<str:typed>": f"c/{computer.number}",
        "w/<str:typed>": f"w/{WipeCertificate.objects.get().number}",
        "given/x/certificates/<int:pk>": f"given/x/certificates/{WipeCertificate.objects.get().pk}",
        "given/x/receipts/<int:pk>": f"given/x/receipts/{computer.donation_id}",  # x: a link of nobody
        "manage/subscriptions/<int:pk>": f"manage/subscriptions/{Subscription.objects.of(student).latest('pk').pk}",
        "manage/nodes/<int:pk>": f"manage/nodes/{make_node().pk}",
        "manage/plans/<int:pk>": f"manage/plans/{make_plan().pk}",
        "manage/donations/<int:pk>": f"manage/donations/{computer.donation_id}",
        "manage/thanks/<int:pk>": f"manage/thanks/{_on_the_wall(computer).pk}",
        "people/<int:pk>": f"people/{student.pk}",
        "people/<str:username>": f"people/{student.username}",
        "grants/<int:grant>": "grants/1",
        "grants/<int:pk>": "grants/1",
        **_at_the_desk(computer),
        "sessions/<int:pk>": "sessions/1",
        "sessions/<int:session>": "sessions/1",
        "account-elsewhere/<int:account>": "account-elsewhere/1",
    }


def _on_the_wall(computer: Computer) -> WallThanks:
    donor = computer.donation.donor
    return WallThanks.objects.get_or_create(donor=donor, defaults={"text": "Colegio Mejía"})[0]


def _certificate_of(computer: Computer, by: Any) -> WipeCertificate:
    from tests.nodes.wiping.wiped import certified

    Computer.objects.filter(pk=computer.pk).update(state="received")
    found = certified(by, computer)
    Computer.objects.filter(pk=computer.pk).update(state="offered")
    return found


def _with_team(student: Any) -> Donor:
    from tests.nodes.donated import donor_of

    donor = donor_of("school@example.org")
    donor.team.create(user=student)
    return donor


def as_a_donor(student: Any) -> dict[str, str]:
    """Let this person offer a computer. Return what stands in its addresses."""
    from nodes.files import photo_bytes, photos
    from nodes.subscriptions import giving
    from tests.nodes.donated import donor_of, offered
    from tests.nodes.files.pictures import picture
    from tests.nodes.subscribed import running

    given = offered(donor=donor_of(user=student))
    photo = photos.add_of_donor(photo_bytes.read(picture()), given)
    own = running(student)
    return {
        "team/<int:pk>": f"team/{_with_team(student).pk}",
        "photos/<int:pk>": f"photos/{photo.pk}",
        "donating/receipts/<int:pk>": f"donating/receipts/{given.pk}",
        "donating/certificates/<int:pk>": f"donating/certificates/{_certificate_of(given.computers.get(), student).pk}",
        "donating/subscriptions/<int:pk>": f"donating/subscriptions/{own.pk}",
        "v1/subscriptions/<int:pk>": f"v1/subscriptions/{own.pk}",
        "codes/<int:code>": f"codes/{giving.give(subscription=own, by=student, days=1).row.pk}",
        "donations/<str:number>": f"donations/{given.number}",
        "steps/<uuid:batch>": f"steps/{given.computers.get().changes.get().batch}",
    }
