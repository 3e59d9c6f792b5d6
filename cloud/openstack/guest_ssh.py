"""Keep the sshd of a guest from shutting out everybody: all visitors of a machine come from the agent's address.

sshd 9.8 and newer punishes an address for wrong passwords (PerSourcePenalties), every sshd limits sessions that are not signed in
yet (MaxStartups), and fail2ban bans. Each of them would let a few strangers lock the owner out.
"""

import contextlib
import ipaddress
from collections.abc import Iterable

WIDEST = {4: 16, 6: 48}  # bits of prefix; to exempt more than that would exempt the neighbours
SCRIPT = """\
# Minga: all visitors come from the agent's address. What one of them does must not shut out the others.
(
agents='{agents}'
config=/etc/ssh/sshd_config
ours=/etc/ssh/sshd_config.d/00-minga.conf
sshd="$(command -v sshd || echo /usr/sbin/sshd)"
if [ -x "$sshd" ] && [ -f "$config" ]; then
    mkdir -p /run/sshd
    lines="$(for line in "PerSourcePenaltyExemptList $agents" "PerSourceMaxStartups none" "MaxStartups 100:30:200"; do
        # An older sshd does not know each of them, and would not start with one that it does not know.
        "$sshd" -t -f "$config" -o "$line" 2> /dev/null && printf '%s\\n' "$line"
    done)"
    if [ -z "$lines" ] || grep -qs '^# Minga: begin' "$config" "$ours"; then
        :
    elif grep -qi '^[[:space:]]*Include[[:space:]].*sshd_config\\.d/' "$config"; then
        mkdir -p "${{ours%/*}}"
        printf '# Minga: begin\\n%s\\n' "$lines" > "$ours"
        "$sshd" -t -f "$config" || rm -f "$ours"
    else
        cp -p "$config" "$config.minga"
        {{ printf '# Minga: begin\\n%s\\n# Minga: end\\n' "$lines"; cat "$config.minga"; }} > "$config"
        "$sshd" -t -f "$config" || cat "$config.minga" > "$config"
    fi
    systemctl try-reload-or-restart ssh.service sshd.service || kill -HUP "$(cat /run/sshd.pid)"
fi
# Also for who installs fail2ban later.
if [ ! -e /etc/fail2ban/jail.d/minga.local ]; then
    mkdir -p /etc/fail2ban/jail.d
    printf '[DEFAULT]\\nignoreip = 127.0.0.1/8 ::1 %s\\n' "$(echo "$agents" | tr ',' ' ')" > /etc/fail2ban/jail.d/minga.local
    command -v fail2ban-client && fail2ban-client reload
fi
) > /dev/null 2>&1 || :  # what a guest lacks is no failure of its first boot: cloud-init would say so of each machine
"""


def script(agents: Iterable[str]) -> str:
    """Return commands of a POSIX shell, run as root in the guest; '' when it is not known by which addresses the agent comes."""
    exempt = [network for network in map(_network, agents) if network]
    return SCRIPT.format(agents=",".join(exempt)) if exempt else ""


def _network(text: str) -> str:
    """Return a network as sshd and fail2ban read it; '' for one that is none, or too wide."""
    with contextlib.suppress(ValueError):
        network = ipaddress.ip_network(text.strip(), strict=False)
        if network.prefixlen >= WIDEST[network.version]:
            return str(network)
    return ""
