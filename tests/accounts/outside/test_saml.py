"""Signing in at a SAML identity provider, which is pysaml2's: its answers are signed by xmlsec1, ours are read by python3-saml."""

import base64
import datetime
import shutil
import warnings
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.test import Client

from accounts import limits
from accounts.models import OutsideAccount, SignInTotal, User
from accounts.outside.role_table import read
from portal.views.saml import MOST_BYTES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("saml"),
    pytest.mark.skipif(find_spec("onelogin") is None, reason="python3-saml is not installed: requirements-saml.txt"),
    pytest.mark.skipif(find_spec("saml2") is None, reason="pysaml2 is not installed: pip install pysaml2==7.5.5"),
    pytest.mark.skipif(not shutil.which("xmlsec1"), reason="xmlsec1 is not installed: apt-get install xmlsec1"),
]
BASE = "/accounts/saml/saml/"
AUTHN = {"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"}
SHA256 = {
    "sign_alg": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "digest_alg": "http://www.w3.org/2001/04/xmlenc#sha256",
}
APP = "/accounts/second-step/app/"
HOURS_AGO = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=5)
IDP = "https://idp.uni.example/metadata"
SSO = ("https://idp.uni.example/sso", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect")
POLICY = {
    "lifetime": {"minutes": 15},
    "attribute_restrictions": None,
    "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
}
ANA = {
    "uid": ["ana"],
    "mail": ["ana@uni.example"],
    "displayName": ["Ana Paredes"],
    "eduPersonAffiliation": ["staff", "member"],
}


class Provider:
    """The identity provider, in this process: SAML has no call between it and the site, only the browser's."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own imports use what cryptography will move
            from saml2.config import IdPConfig
            from saml2.metadata import entity_descriptor

        self.folder = folder
        _key_and_certificate(folder)
        self._options: dict[str, Any] = {
            "entityid": IDP,
            "xmlsec_binary": shutil.which("xmlsec1"),
            "debug": False,
            "key_file": str(folder / "key.pem"),
            "cert_file": str(folder / "cert.pem"),
            "service": {"idp": {"endpoints": {"single_sign_on_service": [SSO]}, "policy": {"default": POLICY}}},
        }
        (folder / "idp.xml").write_text(str(entity_descriptor(IdPConfig().load(dict(self._options)))))

    def knows(self, site: bytes) -> None:
        """Take the site's metadata."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from saml2.config import IdPConfig
            from saml2.server import Server

        (self.folder / "site.xml").write_bytes(site)
        options = {**self._options, "metadata": {"local": [str(self.folder / "site.xml")]}}
        self.server = Server(config=IdPConfig().load(options))

    def answer(self, url: str, facts: dict[str, list[str]], subject: str = "persistent-1", **options: Any) -> str:
        """Return what the browser brings back from there."""
        from saml2 import BINDING_HTTP_REDIRECT
        from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID

        asked = self.server.parse_authn_request(parse_qs(urlsplit(url).query)["SAMLRequest"][0], BINDING_HTTP_REDIRECT)
        arguments = {
            **self.server.response_args(asked.message),
            "sign_assertion": True,
            "authn": AUTHN,
            **SHA256,
            **options,
        }
        arguments.pop("name_id_policy", None)
        name_id = NameID(format=NAMEID_FORMAT_PERSISTENT, text=subject)
        made = self.server.create_authn_response(facts, userid=subject, name_id=name_id, **arguments)
        return base64.b64encode(str(made).encode()).decode()


def _key_and_certificate(folder: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.uni.example")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=2)
    )
    (folder / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))


@pytest.fixture(scope="module")
def _provider(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    return Provider(tmp_path_factory.mktemp("saml"))


@pytest.fixture
def client() -> Client:
    return Client(HTTP_HOST="testserver")  # what python3-saml compares with the address in an answer


@pytest.fixture
def provider(_provider: Provider, db: None, client: Client, settings: Any) -> Provider:
    settings.SAML_METADATA, settings.SAML_LABEL = str(_provider.folder / "idp.xml"), "the Uni"
    settings.SAML_ID_ATTRIBUTE = "NameID"
    settings.SIGN_IN_ROLES = read("saml:staff=teacher")
    app = {
        "provider_id": "saml", "name": "Uni", "client_id": "saml",
        "settings": {
            "idp": {"metadata_url": (_provider.folder / "idp.xml").as_uri(), "entity_id": ""}, "attribute_mapping": {"uid": []},
            "advanced": {"want_assertion_signed": True, "reject_idp_initiated_sso": True, "strict": True, "allow_single_label_domains": True},
        },
    }  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"saml": {"APPS": [app]}}
    _provider.knows(client.get(f"{BASE}metadata/").content)
    return _provider


def finish(browser: Client, answer: str) -> Any:
    kept = browser.post(f"{BASE}acs/", {"SAMLResponse": answer})
    return browser.get(kept["Location"]) if kept.status_code == 302 else kept


@pytest.fixture
def visit(provider: Provider, client: Client) -> Callable[..., Any]:
    def go(facts: dict[str, list[str]], browser: Client = client, query: str = "", **options: Any) -> Any:
        begun = browser.get(f"{BASE}login/{query}")
        assert begun.status_code == 302
        return finish(browser, provider.answer(begun["Location"], facts, **options))

    return go


def test_the_first_time_makes_a_person_with_the_table_s_roles(client: Client, visit: Any) -> None:
    assert "Sign in with the Uni" in client.get("/accounts/login/").content.decode()
    assert visit(ANA, query="?next=/keys/")["Location"] == "/keys/"
    person = User.objects.get()
    assert (person.username, person.get_full_name(), person.email) == ("ana", "Ana Paredes", "ana@uni.example")
    assert person.roles == ["student", "teacher"]
    assert OutsideAccount.objects.get().subject == "persistent-1"
    visit({**ANA, "uid": ["ana2"]}, Client(HTTP_HOST="testserver"))
    assert User.objects.count() == 1
    assert SignInTotal.objects.get(kind="saml:signed_in").count == 2


def test_a_name_of_somebody_here_is_not_taken_over(visit: Any, student: User) -> None:
    reply = visit({**ANA, "uid": ["student"]})
    assert (reply.status_code, "ask an administrator to link" in reply.content.decode()) == (401, True)


def test_an_answer_without_a_signature_opens_nothing(visit: Any) -> None:
    assert visit(ANA, sign_assertion=False).status_code == 401
    assert not User.objects.exists()


def test_an_answer_that_was_changed_opens_nothing(client: Client, provider: Provider) -> None:
    good = provider.answer(client.get(f"{BASE}login/")["Location"], ANA)
    changed = base64.b64encode(base64.b64decode(good).replace(b">ana<", b">adm<")).decode()
    assert changed != good
    assert finish(client, changed).status_code == 401


def test_an_answer_works_once_and_in_the_browser_that_asked(client: Client, provider: Provider) -> None:
    answer = provider.answer(client.get(f"{BASE}login/")["Location"], ANA)
    assert finish(Client(HTTP_HOST="testserver"), answer).status_code == 401
    assert finish(client, answer).status_code == 302
    client.logout()
    assert finish(client, answer).status_code == 401


@pytest.mark.parametrize("answer", ["", "x", base64.b64encode(b"<a/>").decode(), "A" * (MOST_BYTES + 1)])
def test_what_strangers_send_breaks_nothing(client: Client, provider: Provider, answer: str) -> None:
    assert finish(client, answer).status_code == 401
    assert client.get(f"{BASE}acs/finish/").status_code == 401


def test_a_person_without_the_attribute_that_names_them_is_not_understood(visit: Any, settings: Any) -> None:
    settings.SAML_ID_ATTRIBUTE = "urn:oasis:names:tc:SAML:attribute:subject-id"
    assert visit(ANA).status_code == 401


def test_nobody_is_signed_out_by_another_site(client: Client, visit: Any) -> None:
    visit(ANA)
    assert client.get(f"{BASE}sls/")["Location"] == "/accounts/logout/"
    assert client.get("/account/").status_code == 200


def test_without_metadata_there_is_nothing(client: Client, db: None) -> None:
    for name in ("login", "acs/finish", "metadata", "sls"):
        assert client.get(f"{BASE}{name}/").status_code == 404
    assert client.post(f"{BASE}acs/").status_code == 404


def test_somebody_links_their_account(client: Client, visit: Any, student: User) -> None:
    client.force_login(student)
    assert visit(ANA, query="?process=connect")["Location"] == "/account/elsewhere/"
    client.post("/account/elsewhere/link/", {"password": "minga"})
    assert OutsideAccount.objects.get().user == student


# ---- “Is it you?” ----


def at(instant: datetime.datetime) -> dict[str, Any]:
    return {"authn": {**AUTHN, "authn_instant": int(instant.timestamp())}}


def test_a_fresh_sign_in_there_shows_who_one_is(client: Client, visit: Any, provider: Provider) -> None:
    visit(ANA, **at(HOURS_AGO))
    assert client.get(APP)["Location"].startswith("/accounts/confirm/elsewhere/")
    begun = client.get(f"{BASE}login/?process=confirm&next={APP}")["Location"]
    packed = base64.b64decode(parse_qs(urlsplit(begun).query)["SAMLRequest"][0])
    assert b'ForceAuthn="true"' in zlib.decompress(packed, -15)
    stale = finish(client, provider.answer(begun, ANA, **at(HOURS_AGO)))
    assert stale["Location"].startswith("/accounts/confirm/elsewhere/")
    assert client.get(APP).status_code == 302
    begun = client.get(f"{BASE}login/?process=confirm&next={APP}")["Location"]
    assert finish(client, provider.answer(begun, ANA))["Location"] == APP
    assert client.get(APP).status_code == 200


def test_another_person_there_shows_nothing(client: Client, visit: Any, provider: Provider) -> None:
    visit(ANA, **at(HOURS_AGO))
    begun = client.get(f"{BASE}login/?process=confirm&next={APP}")["Location"]
    reply = finish(client, provider.answer(begun, {**ANA, "uid": ["eve"]}, subject="persistent-2"))
    assert reply["Location"].startswith("/accounts/confirm/elsewhere/")
    assert client.get(APP).status_code == 302
    assert User.objects.count() == 1


def test_a_link_begins_nothing_for_whoever_is_signed_in(client: Client, provider: Provider, student: User) -> None:
    client.force_login(student)
    assert client.get(f"{BASE}login/?next=/keys/")["Location"] == "/keys/"


def test_too_many_that_were_begun_wait(client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BEGUN_ELSEWHERE", 2)
    assert [client.get(f"{BASE}login/").status_code for _ in range(3)] == [302, 302, 429]
