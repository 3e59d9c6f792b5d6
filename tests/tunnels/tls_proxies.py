"""nginx and Caddy with what docs/admin/install.md says of them, in front of a web and a live process, with a certificate of our own."""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from tests.installation.page import PAGE, blocks
from tests.ports import free_port
from tests.tunnels.agent_stage import Program
from tests.waiting import PATIENCE, until

NAME = "localhost"
PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def program(kind: str) -> str | None:
    return shutil.which(kind, path=PLACES)


def documented(file: str) -> str:
    """The text that the page says for this file."""
    return "\n".join(next(block for block in blocks(PAGE.read_text()) if block.file == file).lines)


def certificate(folder: Path) -> Path:
    """A certificate that signs itself, and key.pem beside it."""
    made = folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", folder / "key.pem", "-out", made, "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"],
        check=True, capture_output=True,
    )  # fmt: skip
    return made


class Proxy:
    """A proxy that runs."""

    def __init__(
        self, kind: str, folder: Path, *, web: int, live: int, instead: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """`instead`: words of its file that are others in a test."""
        folder.mkdir()
        self.port, self.certificate = free_port(), certificate(folder)
        self.url = f"https://{NAME}:{self.port}"
        self.environment = {"SSL_CERT_FILE": str(self.certificate)}  # for programs that come to it
        text = _TEXTS[kind](folder, self.port).replace("127.0.0.1:8000", f"127.0.0.1:{web}")
        for word, other in instead.items():
            text = text.replace(word, other)
        (folder / "config").write_text(text.replace("127.0.0.1:8001", f"127.0.0.1:{live}"))
        command = _COMMANDS[kind](str(folder / "config"))
        home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        self.program = Program([str(program(kind)), *command], folder / "log", home)
        until(self._answers)

    def _answers(self) -> bool:
        assert self.program.process.poll() is None, self.program.said()
        try:
            self.line().close()
        except OSError:
            return False
        return True

    def line(self) -> ssl.SSLSocket:
        """A connection to it, by TLS."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        return trust.wrap_socket(socket.create_connection((NAME, self.port), PATIENCE), server_hostname=NAME)

    def stop(self) -> None:
        self.program.kill()


def _nginx(folder: Path, port: int) -> str:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = " ".join(f"{kind}_temp_path {folder / kind};" for kind in kinds)
    who = "user root;" if os.geteuid() == 0 else ""
    return f"""{who} daemon off; pid {folder / "pid"}; error_log stderr;
master_process off; # killed, a master would leave its worker behind
events {{}}
http {{
    access_log off; {places}
    server {{
        listen 127.0.0.1:{port} ssl; server_name {NAME};
        ssl_certificate {folder / "certificate.pem"}; ssl_certificate_key {folder / "key.pem"};
        {documented("ssl_certificate")}
    }}
}}
"""


def _caddy(folder: Path, port: int) -> str:
    """The page's file with our certificate in place of a public one, which Caddy would fetch."""
    text = documented("/etc/caddy/Caddyfile")
    head, _brace, rest = text.partition("{\n")
    own = f"tls {folder / 'certificate.pem'} {folder / 'key.pem'}"
    text = f"{head}{{\n    admin off\n    auto_https disable_redirects\n    skip_install_trust\n{rest}"
    return text.replace("labs.example.org {", f"{NAME}:{port} {{\n    {own}")


_TEXTS: dict[str, Callable[[Path, int], str]] = {"nginx": _nginx, "caddy": _caddy}
_COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "nginx": lambda config: ["-c", config],
    "caddy": lambda config: ["run", "--adapter", "caddyfile", "--config", config],
}
