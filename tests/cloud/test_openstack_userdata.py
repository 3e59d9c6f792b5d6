"""User-data as Nova is given it: read by the same parsers that the guests have."""

import base64
import email
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from cloud.contract import CloudRefused, Owner, ServerSpec
from cloud.openstack import userdata
from lib import ed25519

ONE, TWO, THREE = (f"ssh-ed25519 AAAAC3Nz{n} {n}@example.org" for n in ("one", "two", "three"))
CONFIG = "#cloud-config\npackages: [tree]\n"


def decoded(text: str, *keys: str) -> str:
    return base64.b64decode(userdata.user_data(text, keys) or "").decode()


def parts(text: str) -> list[str]:
    """Take user-data apart as cloud-init does."""
    whole = email.message_from_string(text)
    return [part.get_payload(decode=True).decode() for part in whole.walk() if not part.is_multipart()]  # type: ignore[union-attr]


def run(script: str, home: Path, held: str) -> str:
    """Run it as the guest's root, in a home of ours; what authorized_keys is afterwards."""
    file = home / ".ssh" / "authorized_keys"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(held)
    moved = script.replace("/root/.ssh", str(file.parent)).replace("/home/*/", str(home / "nobody-*/"))
    subprocess.run(["sh"], input=moved, text=True, check=True, capture_output=True, cwd=home)
    return file.read_text()


def test_nothing_to_say_is_nothing() -> None:
    assert userdata.user_data("", (ONE,)) is None


@pytest.mark.parametrize("text", [CONFIG, "#!/bin/sh\ntrue\n", "anything at all"])
def test_with_one_key_the_template_s_text_goes_as_it_is(text: str) -> None:
    assert decoded(text, ONE) == text


def test_cloud_config_and_more_keys_are_two_parts() -> None:
    theirs, ours = parts(decoded(CONFIG, ONE, TWO))
    assert theirs == CONFIG
    assert ours.startswith("#cloud-config\nmerge_how: ")


def test_the_part_with_the_keys_names_them_all() -> None:
    ours = parts(decoded(CONFIG, ONE, TWO, THREE))[1]
    assert ours.endswith(f"ssh_authorized_keys:\n  - {ONE}\n  - {TWO}\n  - {THREE}\n")


def test_letters_of_all_languages_survive_the_parts() -> None:
    assert "ñandú" in parts(decoded("#cloud-config\n# ñandú\n", ONE, TWO))[0]


def test_keys_alone_are_a_script_that_adds_them(tmp_path: Path) -> None:
    assert run(decoded("", ONE, TWO, THREE), tmp_path, f"{ONE}\n") == f"{ONE}\n{TWO}\n{THREE}\n"


def test_a_script_that_runs_again_adds_nothing(tmp_path: Path) -> None:
    script = decoded("", ONE, TWO)
    once = run(script, tmp_path, f"{ONE}\n")
    assert run(script, tmp_path, once) == once


def test_an_account_without_the_person_s_first_key_gets_no_others(tmp_path: Path) -> None:
    assert run(decoded("", ONE, TWO), tmp_path, f"{THREE}\n") == f"{THREE}\n"


def test_the_template_s_script_runs_after_the_keys(tmp_path: Path) -> None:
    text = '#!/bin/sh\necho "it\'s $1 \\$HOME" > said\n'
    run(decoded(text, ONE, TWO), tmp_path, f"{ONE}\n")
    assert (tmp_path / "said").read_text() == "it's  $HOME\n"


@pytest.mark.parametrize(
    "hostile", ["'; touch owned; '", "$(touch owned)", "`touch owned`", "x\nMINGA_KEYS\ntouch owned\n"]
)
def test_a_comment_in_a_key_does_nothing_to_a_script(tmp_path: Path, hostile: str) -> None:
    run(decoded("", f"ssh-ed25519 AAAA {hostile}", f"ssh-ed25519 BBBB {hostile}"), tmp_path, "ssh-ed25519 AAAA\n")
    assert not (tmp_path / "owned").exists()
    assert "BBBB" in (tmp_path / ".ssh" / "authorized_keys").read_text()


def test_a_comment_in_a_key_does_nothing_to_cloud_config() -> None:
    ours = parts(decoded(CONFIG, ONE, 'ssh-ed25519 BBBB x"\nruncmd: [reboot] #{a: b}'))[1]
    assert ours.splitlines()[-1] == "  - ssh-ed25519 BBBB x runcmd reboot a b"
    assert len(ours.splitlines()) == 5


LINE = "restrict,command=\"exec sh -c 'for t do [ -O $t ] && echo told; done'\" ssh-ed25519 AAAAC3Nzline lines"


def with_line(text: str, *keys: str) -> str:
    return base64.b64decode(userdata.user_data(text, keys, [LINE]) or "").decode()


def test_the_portals_line_goes_in_with_its_options_beside_a_script(tmp_path: Path) -> None:
    assert run(with_line("#!/bin/sh\ntrue\n", ONE), tmp_path, f"{ONE}\n") == f"{ONE}\n{LINE}\n"


def test_the_portals_line_is_the_same_text_for_cloud_init() -> None:
    ours = parts(with_line(CONFIG, ONE, TWO))[1]
    assert yaml.safe_load(ours)["ssh_authorized_keys"] == [ONE, TWO, LINE]


@pytest.mark.parametrize("text", ["", CONFIG, "#!/bin/sh\ntrue\n"])
def test_without_a_key_of_the_persons_the_portals_line_stays_out(text: str) -> None:
    assert userdata.user_data(text, (), [LINE]) == userdata.user_data(text, ())


def test_what_nova_would_not_take_is_refused_with_the_numbers() -> None:
    with pytest.raises(CloudRefused, match="65535 are allowed"):
        userdata.user_data("#" * 60_000, (ONE,))


def test_a_key_pair_is_named_by_the_key_not_by_its_comment() -> None:
    assert userdata.keypair_name("minga-", "ssh-rsa AAAA mine") == userdata.keypair_name("minga-", "ssh-rsa AAAA other")
    assert userdata.keypair_name("minga-", ONE) != userdata.keypair_name("minga-", TWO)


HOST_KEY = ed25519.private_file(bytes(32))


def with_host_key(text: str, *keys: str) -> str:
    spec = ServerSpec("m", Owner("o", "o"), "n", "f", "i", keys, text, host_key=HOST_KEY)
    return base64.b64decode(userdata.of_spec(spec, []) or "").decode()


def test_cloud_init_is_given_the_host_key() -> None:
    theirs, ours = parts(with_host_key(CONFIG, ONE))
    assert theirs == CONFIG
    assert yaml.safe_load(ours)["ssh_keys"] == {"ed25519_private": HOST_KEY}


def test_the_host_key_and_more_keys_are_one_part() -> None:
    ours = yaml.safe_load(parts(with_host_key(CONFIG, ONE, TWO))[1])
    assert (ours["ssh_authorized_keys"], ours["ssh_keys"]["ed25519_private"]) == ([ONE, TWO], HOST_KEY)


def test_the_same_wish_gives_the_same_bytes() -> None:
    assert with_host_key(CONFIG, ONE, TWO) == with_host_key(CONFIG, ONE, TWO)


NOT_READ = {
    "nothing": "",
    "script": "#!/bin/sh\ntrue\n",
    "keys of its own": "#cloud-config\nssh_keys: {}\n",
    "long": f"{CONFIG}#{'x' * 30_000}",
    "unknown": "anything at all",
}


@pytest.mark.parametrize("text", NOT_READ.values(), ids=NOT_READ)
def test_a_guest_that_would_not_read_it_gets_no_host_key(text: str) -> None:
    assert not userdata.takes_host_key(text)
    assert with_host_key(text, ONE, TWO) == decoded(text, ONE, TWO)


def test_of_a_text_that_has_run_only_ours_is_left() -> None:
    (ours,) = parts(with_host_key("#cloud-config\n", ONE))
    assert list(yaml.safe_load(ours)) == ["merge_how", "ssh_keys"]


PORTAL = "ssh-ed25519 AAAAC3Nzportal minga-portal"


def with_portal(text: str, *keys: str, login: str = "student") -> str:
    spec = ServerSpec("m", Owner("o", "o"), "n", "f", "i", keys, text, portal_key=PORTAL, line_key=LINE, login=login)
    return base64.b64decode(userdata.of_spec(spec, []) or "").decode()


def run_as(script: str, home: Path) -> str:
    """Run it as the guest's root, where the user student has this home; what authorized_keys is afterwards."""
    passwd = home / "passwd"
    passwd.write_text(f"root:x:0:0::/nowhere:/bin/sh\nstudent:x:{os.getuid()}:{os.getgid()}::{home}:/bin/sh\n")
    subprocess.run(["sh"], input=script.replace("/etc/passwd", str(passwd)), text=True, check=True, cwd=home)
    return (home / ".ssh" / "authorized_keys").read_text()


def test_the_portals_keys_go_beside_the_person_s(tmp_path: Path) -> None:
    assert run(with_portal("#!/bin/sh\ntrue\n", ONE), tmp_path, f"{ONE}\n") == f"{ONE}\n{PORTAL}\n{LINE}\n"


def test_cloud_init_is_given_the_portals_keys_where_the_person_has_none() -> None:
    ours = parts(with_portal(CONFIG))[1]
    assert yaml.safe_load(ours)["ssh_authorized_keys"] == [PORTAL, LINE]


@pytest.mark.parametrize("text", ["", "#!/bin/sh\ntrue\n"])
def test_where_the_person_has_none_the_machine_s_user_gets_the_portals(tmp_path: Path, text: str) -> None:
    assert run_as(with_portal(text), tmp_path) == f"{PORTAL}\n{LINE}\n"
    assert oct((tmp_path / ".ssh").stat().st_mode)[-3:] == "700"


def test_the_portals_keys_leave_an_image_s_last_line_whole(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "authorized_keys").write_text(TWO)
    assert run_as(with_portal(""), tmp_path) == f"{TWO}\n{PORTAL}\n{LINE}\n"


def test_a_second_run_adds_the_portals_keys_only_once(tmp_path: Path) -> None:
    once = run_as(with_portal(""), tmp_path)
    assert run_as(with_portal(""), tmp_path) == once


@pytest.mark.parametrize("login", ["", "x'; touch owned; '", "../root"])
def test_who_is_no_plain_user_gets_no_keys(login: str) -> None:
    assert with_portal("", login=login) == ""


def test_a_long_template_is_launched_without_the_portals_key() -> None:
    room = userdata.LONGEST * 3 // 4 - len(with_portal("#!/bin/sh\n#\n", ONE))
    text = f"#!/bin/sh\n#{'x' * (room + 10)}\n"
    assert PORTAL not in with_portal(text, ONE)
    assert LINE in with_portal(text, ONE)
