"""The settings of Minga: each an environment variable with its kind, its default and one line of documentation.

docs/admin/settings.md and .env.example are written from this table: `python -m portal.settings_docs`. A new setting is a row here, a
line in portal/settings.py (sign-in: portal/settings_sign_in.py, settings_federated.py, or settings_donations.py), one in docker-compose.yml, and its Spanish in
locale/docs/es.po; tests/house/test_settings.py and test_written_pages.py say which is missing.
"""

from dataclasses import dataclass
from typing import Literal

from courses import policy
from lib import logs
from lib.environment import (
    DATABASE,
    FLAG,
    HOSTS,
    MAIL_SERVER,
    NETWORKS,
    ORIGINS,
    PATH,
    PORT,
    REDIS,
    SECONDS,
    SECRET_KEY,
    TEXT,
    TIME_ZONE,
    TOKEN,
    WEB_ADDRESS,
    Variable,
    choice,
    networks_or_none,
    number,
    whole_number,
)
from lib.sign_in_kinds import DOMAINS, FERNET_KEYS, some_of
from portal import settings_elsewhere

# Who reads a setting. deploy: docker-compose.yml and the units, for a program's command line; trial: make run and the tests.
Reader = Literal["minga", "deploy", "compose", "openstack", "trial"]


@dataclass(frozen=True, slots=True)
class Section:
    """Settings of one concern."""

    title: str
    reader: Reader
    variables: tuple[Variable, ...]
    intro: str = ""


# fmt: off
SECTIONS: tuple[Section, ...] = (
    Section("Must be set", "minga", (
        Variable("SECRET_KEY", SECRET_KEY, None,
                 "A random text of 32 characters or more that signs sessions and links in mails; host keys of machines are derived from it.",
                 required=True, example="change-me", note="Make one: openssl rand -hex 32. A new one signs everybody out. The example's is refused."),
        Variable("ALLOWED_HOSTS", HOSTS, "127.0.0.1,localhost,[::1]",
                 "The names by which browsers reach the site. Requests for any other name are refused.",
                 example="labs.example.org", note="127.0.0.1 is always among them: by that name the agent beside web asks."),
        Variable("CSRF_TRUSTED_ORIGINS", ORIGINS, "", "The same names with https:// before them: forms are taken from pages of these addresses only.",
                 example="https://labs.example.org"),
        Variable("HTTPS", FLAG, "off", "on: cookies travel over https only, pages over http lead to https, and the API refuses http.", example="on",
                 note="Cookies are then this host's alone (__Host-), and the proxy's word on https (X-Forwarded-Proto) is believed. Without a "
                      "proxy with TLS in front nobody can sign in then. Compose: on by default."),
        Variable("SECURE_HSTS_SECONDS", whole_number("seconds", least=0), None,
                 "For how long a browser that was here once comes by https only (Strict-Transport-Security). 0: never said.",
                 otherwise="a year with HTTPS=on, else 0", example="31536000",
                 note="Browsers remember it: on a first trial with a certificate that may go again, say 3600."),
    )),
    Section("Compose only", "compose", (
        Variable("DATABASE_PASSWORD", TEXT, None, "Password of the application's database role.", required=True, example="change-me-too"),
        Variable("POSTGRES_PASSWORD", TEXT, None, "Password of PostgreSQL's superuser, which nobody uses.", required=True, example="change-me-as-well"),
        Variable("REDIS_PASSWORD", TEXT, None, "Password of Redis.", required=True, example="and-me"),
        Variable("CONFIG_DIR", PATH, "/etc/minga",
                 "The folder on this computer with cloud/ (clouds.yaml), keys/ (the portal's own key) and agent/ (its key and token)."),
        Variable("BACKUP_DIR", PATH, "/var/backups/minga", "The folder on this computer into which backups go."),
        Variable("WEB_PORT", PORT, "8000", "The port on 127.0.0.1 that the proxy asks."),
        Variable("LIVE_PORT", PORT, "8001", "The port on 127.0.0.1 to which the proxy leads /live/."),
        Variable("SIGN_IN_EXTRAS", TEXT, "",
                 "What the image is built with besides: ldap where LDAP_URL is set, saml where SAML_METADATA is; for both, a space between.",
                 example="ldap"),
        Variable("MINGA_VERSION", TEXT, "local", "The image's tag. One for each release lets you go back to the last one."),
    ), "The three passwords become part of an address: letters and digits only. openssl rand -hex 32, three times."),
    Section("systemd only", "minga", (
        Variable("DATABASE_URL", DATABASE, None, "The database, by a role that owns it and is no superuser.",
                 required=True, example="postgres://minga:password@127.0.0.1:5432/minga"),
        Variable("REDIS_URL", REDIS, "redis://127.0.0.1:6379/0", "Redis, with its password.", example="redis://:password@127.0.0.1:6379/0"),
        Variable("STATIC_MANIFEST", FLAG, "off", "on: pages name the collected files by their hash, so that browsers keep them for ever.", example="on",
                 note="The units set it."),
        Variable("STATIC_ROOT", PATH, None, "Where `python -m deploy.local.assets --collect` puts the collected files.",
                 otherwise="staticfiles/ in the program's folder", example="/opt/minga/staticfiles"),
        Variable("FILES_DIR", PATH, "/var/lib/minga-files",
                 "The folder with the photos and other files of people. Web writes into it; the worker clears up; backup and restore carry it.",
                 note="minga-web.service makes the default. Another one must belong to minga-web, be writable by the group minga-web, and stand in "
                 "ReadWritePaths= of the units."),
    ), "Compose writes these itself."),
    Section("The worker", "deploy", (
        Variable("WORKERS", whole_number("processes"), "8",
                 "How many things are done with the cloud at once: each is a process of about 80 MB that mostly waits.",
                 note="8 launch 100 machines in one go."),
    )),
    Section("Signing in to the cloud: a clouds.yaml and its entry, or the OS_* variables of an openrc file", "openstack", (
        Variable("OS_CLOUD", TEXT, None,
                 "The entry of clouds.yaml by which Minga signs in to the cloud.", example="minga", otherwise="the variables below"),
        Variable("DISKS_OS_CLOUD", TEXT, None,
                 "An entry of clouds.yaml for the process that reads disks, where it has an account of its own (docs/admin/roles.md).",
                 example="minga-disks", otherwise="that of OS_CLOUD"),
        Variable("OS_CLIENT_CONFIG_FILE", PATH, None, "Where clouds.yaml is. The units need it; compose always takes CONFIG_DIR/cloud/clouds.yaml.",
                 example="/etc/minga/cloud/clouds.yaml"),
        Variable("OS_AUTH_URL", WEB_ADDRESS, None, "Instead of OS_CLOUD: Keystone's address.", example="https://cloud.example.org:5000/v3"),
        Variable("OS_AUTH_TYPE", TEXT, "password", "How Minga shows Keystone who it is."),
        Variable("OS_USERNAME", TEXT, None, "The account's name.", example="minga"),
        Variable("OS_PASSWORD", TEXT, None, "The account's password.", example="secret"),
        Variable("OS_PROJECT_NAME", TEXT, None, "The project's name. Of each pair of name and id one is enough.", example="minga"),
        Variable("OS_PROJECT_ID", TEXT, None, "The project's id.", example="0123456789abcdef0123456789abcdef"),
        Variable("OS_USER_DOMAIN_NAME", TEXT, None, "The name of the account's domain.", example="Default"),
        Variable("OS_USER_DOMAIN_ID", TEXT, None, "The id of the account's domain.", example="default"),
        Variable("OS_PROJECT_DOMAIN_NAME", TEXT, None, "The name of the project's domain.", example="Default"),
        Variable("OS_PROJECT_DOMAIN_ID", TEXT, None, "The id of the project's domain.", example="default"),
        Variable("OS_IDENTITY_API_VERSION", TEXT, "3", "The version of Keystone's API."),
        Variable("OS_REGION_NAME", TEXT, None, "The cloud's region.", example="RegionOne"),
        Variable("OS_INTERFACE", choice("public", "internal", "admin"), "public", "Which of the catalogue's addresses are asked."),
        Variable("OS_CACERT", PATH, None, "The certificate authority of the cloud, where it is one of your own. Compose: put it into CONFIG_DIR/cloud.",
                 example="/etc/minga/cloud/ca.pem"),
    )),
    Section("The cloud", "minga", (
        Variable("CLOUD", choice("openstack", "local"), None, "Where the machines are.", otherwise="openstack with OS_CLOUD or OS_AUTH_URL, else local",
                 example="openstack", note="Compose and the units say it to those processes that have no OS_*."),
        Variable("OPENSTACK_NETWORK", TEXT, "",
                 "The network that machines are put on, by name or id. Empty: the only one that all projects share.", example="students"),
        Variable("AGENT_ADDRESSES", NETWORKS, "", "Networks from which the agent reaches the machines: only these get in.", example="10.0.0.5/32",
                 note="Mostly this computer's address as the machines see it, /32. Compose needs it; the units find it out without."),
        Variable("GUEST_EGRESS_BLOCKED", networks_or_none(), "", "Networks to which the machines open no connections; none: machines reach everything.",
                 example="10.0.0.0/24", note="Name where the cloud's own services, its database, its queue and its computers are: best the whole management "
                 "network. Empty: the addresses that the cloud's catalogue names, and AGENT_ADDRESSES. After a change: `manage.py setup_cloud` "
                 "(docs/admin/cloud.md)."),
        Variable("HORIZON_URL", WEB_ADDRESS, "",
                 "Where Horizon is, for administrators' links to it, and for people who have an account there. Empty: no links.", example="https://cloud.example.org/horizon"),
    )),
    Section("Mail, time, logs, numbers", "minga", (
        Variable("EMAIL_URL", MAIL_SERVER, "consolemail://",
                 "The mail server. Without it no mail goes out, not even for a forgotten password.",
                 example="smtp+tls://user:password@mail.example.org:587"),
        Variable("DEFAULT_FROM_EMAIL", TEXT, "Minga <minga@localhost>", "The sender of mails.", example="Minga <minga@example.org>"),
        Variable("DONATIONS_EMAIL", TEXT, "", "Where people write to who want to give a computer: donors read it on their page. Empty: no address is named.",
                 example="computers@example.org"),
        Variable("INSTITUTION", TEXT, "",
                 "The name of the institution that receives given computers: it stands on receipts. Empty: Minga, with the portal's own address.",
                 example="Universidad Nacional de Loja"),
        Variable("DONATIONS_PLACE", TEXT, "",
                 "Where and when people bring the computers that they give: those whose offer was accepted read it, as it is written here.",
                 example="Building 12, second floor, weekdays from 9:00 to 13:00"),
        Variable("MIN_COMPUTER_RAM_MB", whole_number("MiB", least=256), "1024",
                 "The least memory of a computer that is offered: one with less is thanked, not taken."),
        Variable("MIN_COMPUTER_NIC_MBIT", whole_number("Mbit/s", least=1), "100", "The slowest network card of a computer that is offered."),
        Variable("INTAKE_CODE_DAYS", whole_number("days", least=1), "14",
                 "How long the code works by which minga-intake says what a given computer is. It works once."),
        Variable("SUBSCRIPTION_STARTS", choice("received", "accepted"), "received",
                 "When the subscription of an accepted computer starts: once it was received, or once it was accepted. It waits for its donor's account."),
        Variable("SUBSCRIPTION_GRACE_DAYS", whole_number("days"), "30",
                 "The grace after the end of a subscription, before it counts as ended."),
        Variable("COMPUTER_WATTS", whole_number("W", least=0), "0",
                 "The power that a donated computer draws at work, on average: measure some with a plug meter. 0: donors are told of no electricity."),
        Variable("SHARED_DISKS", FLAG, "off",
                 "Whether machines' disks lie on storage that all nodes share. Off: a machine of a dead node begins anew."),
        Variable("THANKS_WALL", FLAG, "on",
                 "off: there is no public wall of thanks (/thanks/). With it, donors stand there only where they chose to."),
        Variable("MAINTENANCE_DAYS", whole_number("days", least=0), "60",
                 "How often a node is to be maintained: dust, fans, disks. 0: never said to be due."),
        Variable("FILES_MAX_GB", whole_number("GB", least=1), "20",
                 "The most that photos and other files of people take on the disk, all together. Beyond it a page says that there is no room."),
        Variable("PORTAL_URL", WEB_ADDRESS, "",
                 "The portal's own address, for links in mails. Empty: the first of ALLOWED_HOSTS.", example="https://labs.example.org"),
        Variable("LIVE_URL", WEB_ADDRESS, "", "Where browsers reach the live process. Empty: at /live/ of the portal's own address.",
                 example="https://live.labs.example.org"),
        Variable("LIVE_INSIDE", WEB_ADDRESS, "http://127.0.0.1:8001", "Where workers reach the live process, not through the proxy.",
                 example="http://10.0.0.5:8001"),
        Variable("PORTAL_KEY_FILE", PATH, "", "The private half of the portal's own SSH key (ed25519, no passphrase). Empty: no lines in terminals.",
                 example="/etc/minga/keys/portal_key", note="With it a line is written into the open terminals of a machine before it is put to sleep "
                 "(docs/admin/mail.md). Compose: put it into CONFIG_DIR/keys."),
        Variable("MACHINE_KEYS_FILE", PATH, "", "The keys that seal the portal's own SSH key of each machine: Fernet keys, one on a line, the newest first.",
                 example="/etc/minga/keys/machine_keys", note="Empty: machines get no such key, and keys of people are put into machines at their launch only "
                 "(docs/admin/machine-keys.md). Compose: put it into CONFIG_DIR/keys."),
        Variable("AUDIT_DAYS", whole_number("days", least=90), "730",
                 "For how many days the audit log is kept: what staff did to other people's things. At least 90."),
        Variable("TIME_ZONE", TIME_ZONE, "UTC", "The time zone in which times are shown.", example="America/Guayaquil"),
        Variable("MAIL_LANGUAGE", choice("en", "es"), "en",
                 "The language of mails to people who have chosen none and have not signed in yet: invitations.", example="es"),
        Variable("LOG_FORMAT", choice(*logs.FORMATS), "text",
                 "json: one object a line, for programs (compose's default); text: for eyes.", example="json"),
        Variable("LOG_LEVEL", choice(*logs.LEVELS, fold=str.upper), "INFO",
                 "Which lines are logged: these and all that are more serious. DEBUG is a lot."),
        Variable("METRICS_TOKEN", TOKEN, "",
                 "Whoever sends this token may read /metrics; 16 characters or more. Empty: nobody by token.", example="a-long-random-text",
                 note="Make one: openssl rand -hex 32. Compose needs it: there whoever asks on this computer comes to web from an address of Docker's own."),
        Variable("METRICS_ALLOW", NETWORKS, "127.0.0.0/8,::1", "Networks from which /metrics may be read without a proxy."),
        Variable("TRUSTED_PROXIES", NETWORKS, "",
                 "Networks of further proxies before the portal, whose X-Forwarded-For is believed.", example="192.0.2.0/24",
                 note="Name them where the proxy before the portal is not the first (a load balancer, a CDN), or is not on this computer (with compose: in "
                 "another container). Only they, 127.0.0.1, and with compose this computer are believed: the last hop that is none of these is the visitor. "
                 "From where somebody signed in decides whose connection wakes a sleeping machine."),
    )),
    Section("Signing in", "minga", (
        Variable("PASSWORD_CHECKS", whole_number("checks", least=0), "0",
                 "How many passwords are checked at once on this computer, over all processes. 0: its processors less one, at least one."),
        Variable("PASSWORD_WAIT_SECONDS", SECONDS, "2",
                 "For how long somebody waits for their turn before they read that many people are signing in just now (503)."),
        Variable("SIGN_UP_DOMAINS", DOMAINS, "",
                 "Whoever has an e-mail address at one of these domains may make an account. Empty: nobody, accounts are made by you.",
                 example="example.org,students.example.org"),
        Variable("ADDRESS_CHANGES", FLAG, "off",
                 "on: people may change the e-mail address of their account, to one that they prove by a mailed link."),
        Variable("MFA_REQUIRED_FOR", some_of("student", "teacher", "donor", "admin"), "",
                 "Roles whose people must have a second step: without one they reach nothing else. Empty: everybody's own choice.", example="admin"),
        Variable("SIGN_IN_KEYS", FERNET_KEYS, "",
                 "Keys that seal the secrets of second steps, with commas between, the newest first. Empty: a key derived from SECRET_KEY.",
                 example="a-key-of-44-characters", note="Make one: openssl rand -base64 32 | tr '+/' '-_'. With keys of its own SECRET_KEY can be "
                 "changed without ending second steps (docs/admin/sign-in.md)."),
        Variable("API_WRITES_A_MINUTE", whole_number("requests per minute"), "60",
                 "How many requests that change something one token of the API may send."),
        Variable("API_READS_A_MINUTE", whole_number("requests per minute"), "600",
                 "How many other requests one token may send, to each web process."),
    ), "More: docs/admin/sign-in.md."),
    Section("Signing in with an account of the cloud, or of the university", "minga", settings_elsewhere.VARIABLES,
            "More: docs/admin/sign-in-elsewhere.md."),
    Section("Times; the defaults are right for a cluster of hundreds of machines", "minga", (
        Variable("CLAIM_SECONDS", SECONDS, "60",
                 "How long a worker may hold a machine before another takes it over. Longer than the slowest single call of the cloud."),
        Variable("SWEEP_BUSY_SECONDS", SECONDS, "1", "Between two lists of servers while anything is unsettled."),
        Variable("SWEEP_QUIET_SECONDS", SECONDS, "15", "Between two lists of servers otherwise."),
        Variable("SWEEP_WHOLE_SECONDS", SECONDS, "60", "Between two lists of all servers instead of those that changed."),
        Variable("CATALOG_SECONDS", SECONDS, "30", "Between two looks at the cloud's images and sizes: a card whose image is gone is grey after that."),
        Variable("BUILD_SECONDS", SECONDS, "900", "A launch that takes longer has failed. Old computers may need more."),
        Variable("STEP_SECONDS", SECONDS, "300", "A sleep, a wake, a restart or a delete that takes longer has failed."),
        Variable("RESTART_SECONDS", SECONDS, "120", "A restart in good order that takes longer becomes one by force: the power is cut and switched on."),
        Variable("BOOT_SECONDS", SECONDS, "180",
                 "A guest in which not every service answers by then is called running all the same; its page names what does not answer."),
        Variable("STRAY_SECONDS", SECONDS, "120", "After so long a second server of one machine is removed. Not within a day after a restore."),
        Variable("EMPTY_PROJECT_SECONDS", SECONDS, "2592000", "How long the cloud keeps a person's empty project after their last machine (30 days)."),
        Variable("AGENT_POLL_SECONDS", SECONDS, "25",
                 "How long an agent's question is held when nothing is new: below the proxy's own time limit (60 with nginx)."),
        Variable("AGENT_SILENT_SECONDS", SECONDS, "40", "An agent unheard for longer counts as away, and its ports as not open."),
    )),
    Section("Idle machines", "minga", (
        Variable("IDLE_SWEEP_SECONDS", SECONDS, "30", "How often Minga looks which machines are idle, and does what is due."),
        Variable("IDLE_MOST", whole_number("things"), "100", "How many things are done in one look, the longest due first. The next does the rest."),
        Variable("IDLE_SAMPLE_SECONDS", SECONDS, "30", "How often guests' load is asked for. Half of that time may be used."),
        Variable("IDLE_SAMPLE_MOST", whole_number("guests"), "2000", "How many guests are asked in one such turn, those heard longest ago first."),
        Variable("IDLE_LOAD_SECONDS", SECONDS, "120",
                 "One guest is asked no sooner again, while launches are under way 1.75 times as late. Unheard for 2.5 times as long, its load is unknown."),
        Variable("IDLE_UNTOLD_HOURS", number("hours"), "12", "After so long a machine is put to sleep although no message reached its owner."),
    ), "More: docs/admin/idle.md."),
    Section("The idle policy of the site", "minga", tuple(policy.VARIABLES.values()),
            "A course and a template may change any of these rules (docs/admin/idle.md)."),
    Section("Only for make run, the tests and development", "trial", (
        Variable("DEBUG", FLAG, "off", "on: errors are shown in the browser, with settings and variables. Never in production."),
        Variable("DB_POOL", FLAG, "on", "off: each request opens a connection to the database of its own."),
        Variable("LOCAL_CLOUD_URL", WEB_ADDRESS, "http://127.0.0.1:8790", "Where the local cloud is."),
        Variable("LOCAL_CLOUD_TOKEN", TEXT, "", "The token by which the portal shows the local cloud who it is."),
        Variable("DISKS_SOCKET", PATH, "/run/minga-disks/socket", "Where the process that reads disks out of the cloud answers web."),
        Variable("PORT", PORT, "8000", "The port of the site."),
        Variable("DATA", PATH, ".data",
                 "The folder with the database, the logs and all else that a trial keeps.", otherwise=".data, or .data-NAME with OS_CLOUD=NAME"),
        Variable("GUESTS", choice("auto", "qemu", "simulated"), "auto", "What the machines of the local cloud are. auto: QEMU where it is installed."),
        Variable("STARTER_IMAGE", FLAG, "on",
                 "off: the Debian guest is not built. on: once the site is up, where GUESTS are QEMU's (about 1.5 minutes, 180 MB; 2 GB while it is built)."),
        Variable("LOCAL_CLOUD_BUILD_SECONDS", SECONDS, None, "How long a simulated guest takes to start."),
        Variable("LOCAL_CLOUD_VCPUS", whole_number("processors"), None, "Processors of the local cloud."),
        Variable("LOCAL_CLOUD_RAM_MB", whole_number("MiB"), None, "Memory of the local cloud."),
        Variable("LOCAL_CLOUD_DISK_GB", whole_number("GiB"), None, "Disk of the local cloud."),
        Variable("VPS_PORT", PORT, None,
                 "The SSH port of the embedded VPS, for `manage.py prepare --demo`.", otherwise="the demo has no gateway"),
        Variable("VPS_HOST_KEY_FILE", PATH, None, "The public host key of the embedded VPS."),
        Variable("VPS_FIRST_PORT", PORT, None, "The first public port of the embedded VPS."),
        Variable("VPS_LAST_PORT", PORT, None, "The last public port of the embedded VPS."),
        Variable("AGENT_TOKEN_FILE", PATH, None, "The token of the agent of the embedded VPS."),
        Variable("MINGA_CACHE", PATH, None, "A folder that keeps what is downloaded from one start to the next.", otherwise="nothing is kept"),
        Variable("MINGA_ENV", PATH, "/etc/minga/minga.env", "Where deploy/systemd/manage and manage.py find the settings of a systemd installation."),
        Variable("MINGA_USER", TEXT, "minga", "The user as whom deploy/systemd/manage runs a command."),
    )),
)
# fmt: on
VARIABLES: dict[str, Variable] = {variable.name: variable for section in SECTIONS for variable in section.variables}
