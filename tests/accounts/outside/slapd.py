"""OpenLDAP's slapd as a process of the tests: a directory with a password policy, StartTLS and ldaps, in a folder of its own."""

import datetime
import ipaddress
import shutil
import socket
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import free_port
from tests.waiting import PATIENCE, until

PROGRAM = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
SERVICE, SERVICE_PASSWORD, PASSWORD = "cn=admin,dc=uni", "service", "directory"
MOST_FAILURES = 3
CONFIG = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {folder}/pid
TLSCertificateFile {folder}/cert.pem
TLSCertificateKeyFile {folder}/key.pem
database mdb
suffix "dc=uni"
rootdn "{service}"
rootpw {password}
directory {folder}/data
overlay ppolicy
ppolicy_default "cn=default,dc=uni"
ppolicy_use_lockout
"""
POLICY = "objectClass: device\nobjectClass: pwdPolicy\npwdAttribute: userPassword\n"
PEOPLE = {
    "ana": "mail: ana@uni.example\ndisplayName: Ana Paredes\n",
    "bea": "",
    "carla": "",
    "old": "pwdPolicySubentry: cn=short,dc=uni\npwdChangedTime: 20010101000000Z\n",
    "renew": "pwdPolicySubentry: cn=change,dc=uni\npwdReset: TRUE\n",
}


class Slapd:
    """The server: `url` is for StartTLS, `tls_url` for ldaps, `ca` the file of its certificate."""

    def __init__(self, folder: Path) -> None:
        ports = free_port(), free_port()
        self.url, self.tls_url = f"ldap://127.0.0.1:{ports[0]}", f"ldaps://127.0.0.1:{ports[1]}"
        self.ca = str(folder / "cert.pem")
        (folder / "data").mkdir()
        _certificate(folder)
        config = folder / "slapd.conf"
        config.write_text(CONFIG.format(folder=folder, service=SERVICE, password=SERVICE_PASSWORD))
        (folder / "people.ldif").write_text(_ldif())
        assert PROGRAM is not None
        add = [PROGRAM, "-T", "add", "-f", str(config), "-l", str(folder / "people.ldif")]
        subprocess.run(add, check=True, capture_output=True, timeout=60)
        with (folder / "log").open("wb") as log:
            command = [PROGRAM, "-f", str(config), "-h", f"{self.url}/ {self.tls_url}/", "-d", "0"]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: is_listening(ports[1]), "slapd listens")

    def end(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def _ldif() -> str:
    entries = [
        "dn: dc=uni\nobjectClass: domain\ndc: uni\n",
        f"dn: cn=default,dc=uni\ncn: default\n{POLICY}pwdLockout: TRUE\npwdMaxFailure: {MOST_FAILURES}\n",
        f"dn: cn=short,dc=uni\ncn: short\n{POLICY}pwdMaxAge: 10\n",
        f"dn: cn=change,dc=uni\ncn: change\n{POLICY}pwdMustChange: TRUE\n",
        *[_person(f"uid={name}", name, more) for name, more in PEOPLE.items()],
        _person("cn=one", "twice", ""),
        _person("cn=two", "twice", ""),
        "dn: cn=staff,dc=uni\nobjectClass: groupOfNames\ncn: staff\nmember: uid=ana,dc=uni\n",
        "dn: cn=lab,dc=uni\nobjectClass: posixGroup\ncn: lab\ngidNumber: 7\nmemberUid: ana\nmemberUid: bea\n",
    ]
    return "\n".join(entries)


def _person(rdn: str, name: str, more: str) -> str:
    cn = "" if rdn.startswith("cn=") else f"cn: {name}\n"
    own = f"{rdn.replace('=', ': ', 1)}\n" if rdn.startswith("cn=") else ""
    head = f"dn: {rdn},dc=uni\nobjectClass: inetOrgPerson\n{own}{cn}uid: {name}\nsn: {name}\n"
    return f"{head}userPassword: {PASSWORD}\n{more}"


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "slapd of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=2)
    )
    made = (
        builder.add_extension(host, False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
