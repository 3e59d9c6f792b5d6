"""The rule of portal.access for each address: the verb, and the model of the thing."""

from django.db.models import Model
from knox.models import AuthToken

from accounts.models import Notice, RowFailure, SshKey
from catalog.models import Flavor, Image
from courses.models import Template
from machines.models import Machine, Question, Stray

# Of oneself, or for everybody who has signed in.
OWN = {
    "machines", "launch", "moved",
    "moved-questions", "keys", "key-make", "account", "device", "token-make", "time-zone", "account_change_password", "account_set_password",
    "api-me", "api-quota", "api-keys", "api-key-make", "api-templates", "api-template", "api-events", "api-machines",
}  # fmt: skip
RULES: dict[str, tuple[str, type[Model]]] = {
    "key-remove": ("remove", SshKey), "key-install": ("install", SshKey), "api-key-install": ("install", SshKey),
    "machine-key-put": ("change_keys", Machine), "machine-key-take": ("change_keys", Machine),
    "machine-portal-key-remove": ("change_keys", Machine),
    "api-key": ("see", SshKey), "token-revoke": ("revoke", AuthToken),
    "templates": ("make", Template), "template-new": ("make", Template), "template": ("change", Template),
    "template-retire": ("change", Template), "template-bring-back": ("change", Template),
    "api-template-bring-back": ("change", Template), "api-template-changes": ("see_changes", Template),
    "catalog": ("see", Image), "catalog-look": ("look_again", Image), "image": ("change", Image), "flavor": ("change", Flavor),
    "api-catalog-images": ("see", Image), "api-catalog-sizes": ("see", Flavor),
    "servers": ("see", Stray), "server-adopt": ("adopt", Stray), "api-servers": ("see", Stray), "api-adopt": ("adopt", Stray),
    "failures": ("see", RowFailure), "failure-again": ("retry", RowFailure),
    "notices": ("see", Notice), "notice-again": ("send_again", Notice),
    "asks": ("see", Question), "ask-say": ("more", Question),
    "machine-ports": ("open_port", Machine), "api-ports": ("look", Machine), "machine-port-close": ("close_port", Machine),
    "api-port": ("close_port", Machine), "machine-give": ("keep_awake", Machine), "api-machine-disk": ("download", Machine),
    "api-machine-portal-key": ("look", Machine),
    "machine-see": ("look", Machine), "api-see": ("look", Machine),  # each of the two things has its own rule
}  # fmt: skip
LISTS = {
    "templates",
    "api-templates",
    "template-new",
    "asks",
    "catalog",
    "servers",
    "failures",
    "notices",
}  # of no row yet
WRITES: dict[str, tuple[str, type[Model]]] = {
    "api-templates": ("make", Template), "api-template": ("change", Template), "api-machine-portal-key": ("change_keys", Machine),
}  # fmt: skip
FOUND = (Machine, Question, SshKey, AuthToken)  # of others' there is nothing to be found; the rest is no secret


def rule_of(name: str, method: str) -> tuple[str, type[Model]] | None:
    """Return the rule of an address; None for what is nobody else's. Fails for an address that has none."""
    if name in WRITES and method != "GET":
        return WRITES[name]
    if name in RULES or name in OWN:
        return RULES.get(name)
    kind, _dash, verb = name.removeprefix("api-").partition("-")
    if kind == "machine":
        return verb or "look", Machine
    assert name == f"api-{kind}", f"{name}: say in {__name__} which rule it stands under"
    return kind, Machine
