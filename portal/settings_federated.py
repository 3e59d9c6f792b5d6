"""Settings of signing in with accounts of others: portal/settings.py takes them all (docs/admin/sign-in-elsewhere.md)."""

from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from accounts.outside.role_table import RoleRule
from portal.settings_env import env

SIGN_IN_SECONDS: float = env["SIGN_IN_SECONDS"]
SIGN_IN_ROLES: list[RoleRule] = env["SIGN_IN_ROLES"]
# ---- OpenID Connect ----
OIDC_URL: str = env["OIDC_URL"]
OIDC_LABEL: str = env["OIDC_LABEL"]
OIDC_NAME_CLAIM: str = env["OIDC_NAME_CLAIM"]
OIDC_ROLES_CLAIM: str = env["OIDC_ROLES_CLAIM"]
SOCIALACCOUNT_ADAPTER = "portal.outside_adapter.SocialAccountAdapter"
# A link: a form may not lead to another site (form-action). What it does is asked afterwards.
SOCIALACCOUNT_LOGIN_ON_GET = True
_oidc = {
    "provider_id": "oidc",
    "name": OIDC_LABEL,
    "client_id": env["OIDC_CLIENT_ID"],
    "secret": env["OIDC_CLIENT_SECRET"],
    "settings": {"server_url": OIDC_URL, "scope": env["OIDC_SCOPE"].split()},
}

# ---- SAML ----
SAML_METADATA: str = env["SAML_METADATA"]
SAML_LABEL: str = env["SAML_LABEL"]
SAML_ID_ATTRIBUTE: str = env["SAML_ID_ATTRIBUTE"]
SAML_NAME_ATTRIBUTE: str = env["SAML_NAME_ATTRIBUTE"]
SAML_EMAIL_ATTRIBUTE: str = env["SAML_EMAIL_ATTRIBUTE"]
SAML_FULL_NAME_ATTRIBUTE: str = env["SAML_FULL_NAME_ATTRIBUTE"]
SAML_ROLES_ATTRIBUTE: str = env["SAML_ROLES_ATTRIBUTE"]
_saml = {
    "provider_id": "saml", "name": SAML_LABEL, "client_id": "saml",
    "settings": {
        "idp": {"metadata_url": Path(SAML_METADATA).absolute().as_uri(), "entity_id": env["SAML_ENTITY_ID"], "metadata_cache_timeout": 60},
        "advanced": {"want_assertion_signed": True, "reject_idp_initiated_sso": True, "strict": True, "allow_single_label_domains": True},
        "attribute_mapping": {"uid": [] if SAML_ID_ATTRIBUTE == "NameID" else [SAML_ID_ATTRIBUTE]},
    },
}  # fmt: skip
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [_oidc] if OIDC_URL else []},
    "saml": {"APPS": [_saml] if SAML_METADATA else []},
}
if SAML_METADATA and find_spec("onelogin") is None:
    raise ImproperlyConfigured("SAML_METADATA needs python3-saml: pip install -r requirements-saml.txt.")

# ---- LDAP ----
LDAP_URL: str = env["LDAP_URL"]
LDAP_STARTTLS: bool = env["LDAP_STARTTLS"]
LDAP_CA: str = env["LDAP_CA"]
LDAP_BIND_DN: str = env["LDAP_BIND_DN"]
LDAP_BIND_PASSWORD: str = env["LDAP_BIND_PASSWORD"]
LDAP_PEOPLE_BASE: str = env["LDAP_PEOPLE_BASE"]
LDAP_PERSON_FILTER: str = env["LDAP_PERSON_FILTER"]
LDAP_NAME_ATTRIBUTE: str = env["LDAP_NAME_ATTRIBUTE"]
LDAP_ID_ATTRIBUTE: str = env["LDAP_ID_ATTRIBUTE"]
LDAP_GROUPS_BASE: str = env["LDAP_GROUPS_BASE"]
LDAP_GROUP_FILTER: str = env["LDAP_GROUP_FILTER"]
if LDAP_URL and find_spec("ldap") is None:
    raise ImproperlyConfigured("LDAP_URL needs python-ldap: pip install -r requirements-ldap.txt.")

# ---- the cloud ----
CLOUD_SIGN_IN_URL: str = env["CLOUD_SIGN_IN_URL"]
CLOUD_SIGN_IN_DOMAIN: str = env["CLOUD_SIGN_IN_DOMAIN"]
CLOUD_SIGN_IN_CA: str = env["CLOUD_SIGN_IN_CA"]
KEYSTONE_USERS_FOR_STUDENTS: bool = env["KEYSTONE_USERS_FOR_STUDENTS"]
KEYSTONE_USERS_DOMAIN: str = env["KEYSTONE_USERS_DOMAIN"]
if KEYSTONE_USERS_FOR_STUDENTS and not env["HORIZON_URL"]:
    raise ImproperlyConfigured(
        "KEYSTONE_USERS_FOR_STUDENTS needs HORIZON_URL: people have to be told where Horizon is."
    )
