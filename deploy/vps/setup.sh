#!/bin/sh
# Makes a user on this VPS that may open ports of one range and do nothing else. Run as root; safe to repeat.
# Usage: setup.sh --key "ssh-ed25519 AAAA…" --first-port 20000 --last-port 23999 [--agent ADDRESSES] [--user minga-ports] [--into DIR]
# --agent: the addresses, with commas, by which this VPS sees the agent. Strangers behind them then cannot shut the agent out.
# --into DIR writes the files there and changes nothing on the system, to look at them first.
set -eu

stop() { echo "setup.sh: $1" >&2; exit 1; }

user=minga-ports key= first= last= into= agent=
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || stop "$1 needs a value."
    case $1 in
        --user) user=$2 ;;
        --key) key=$2 ;;
        --first-port) first=$2 ;;
        --last-port) last=$2 ;;
        --into) into=$2 ;;
        --agent) agent=$2 ;;
        *) stop "unknown option $1." ;;
    esac
    shift 2
done
case $key in ssh-*\ ?* | ecdsa-*\ ?*) ;; *) stop "--key must be the agent's public key, on one line." ;; esac
case $first$last in '' | *[!0-9]*) stop "--first-port and --last-port must be numbers." ;; esac
[ -n "$first" ] && [ -n "$last" ] && [ "$first" -le "$last" ] || stop "--first-port must not be above --last-port."
[ "$first" -ge 1024 ] && [ "$last" -le 65535 ] || stop "the ports must lie between 1024 and 65535."
# OpenSSH reads at most 4096 permitlisten options for a key (SSH_AUTHOPT_PERMIT_MAX).
[ $((last - first)) -lt 4096 ] || stop "at most 4096 ports for one user; run it again with another --user for more."

case $agent in *[!0-9a-fA-F.:/,]*) stop "--agent must be addresses or networks, with commas and without spaces." ;; esac

keys=${into:-/etc/ssh/minga}/$user.keys
config=${into:-/etc/ssh/sshd_config.d}/50-$user.conf
limits=${into:-/etc/security/limits.d}/$user-nofile.conf
if [ -z "$into" ]; then
    [ "$(id -u)" -eq 0 ] || stop "run it as root, or look at the files first with --into DIR."
    id "$user" >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin "$user"
    # No password fits "*"; the "!" of useradd would lock out keys, too, where sshd runs without PAM.
    usermod --password '*' "$user"
    mkdir -p /etc/ssh/minga /etc/ssh/sshd_config.d /etc/security/limits.d
fi

sshd=$(command -v sshd || echo /usr/sbin/sshd)
# An older sshd does not know all of these lines, and does not start with an unknown one.
if_known() {
    case $("$sshd" -t -f /dev/null -o "$1" 2>&1) in *"Bad configuration option"*) ;; *) echo "$1" ;; esac
}

permits=$(seq -f 'permitlisten="*:%.0f"' -s , "$first" "$last")
printf 'restrict,port-forwarding,%s %s\n' "$permits" "$key" > "$keys"
chmod 644 "$keys"
cat > "$config" <<END
# Written by Minga's deploy/vps/setup.sh.
# Strangers who try every sshd on the internet must not keep the agent out when it comes back.
MaxStartups 100:30:200
${agent:+$(if_known "PerSourcePenaltyExemptList $agent")}
Match User $user
    AuthorizedKeysFile $keys
    AuthenticationMethods publickey
    AllowTcpForwarding remote
    # "port-forwarding" of the key would allow sockets of Unix in the VPS's file system, too.
    AllowStreamLocalForwarding no
    PermitTunnel no
    X11Forwarding no
    AllowAgentForwarding no
    GatewayPorts clientspecified
    # No shell, no command, no subsystem.
    MaxSessions 0
    # A cut wire frees the ports after 15 seconds.
    ClientAliveInterval 5
    ClientAliveCountMax 3
Match all
END
# Each port costs sshd two files (IPv4 and IPv6), each visitor one: the usual limit of 1024 would leave the agent 500 ports.
# sshd itself sets this limit when the agent signs in, where it runs with PAM. A VPS that is a container may not raise its own limit, and
# PAM then sets none: the 1024 would stay. There it is as much as the container has.
files=65536
(ulimit -n "$files") 2>/dev/null || files=$(ulimit -H -n)
printf '# Written by the setup.sh of Minga.\n%s - nofile %s\n' "$user" "$files" > "$limits"
chmod 644 "$limits"
if [ -z "$into" ]; then
    # Without PAM the limit is that of the service. It holds from its next start on, which ends no session.
    for unit in ssh sshd; do
        systemctl cat "$unit.service" >/dev/null 2>&1 || continue
        mkdir -p "/etc/systemd/system/$unit.service.d"
        printf '[Service]\nLimitNOFILE=65536\n' > "/etc/systemd/system/$unit.service.d/minga.conf"
    done
    systemctl daemon-reload 2>/dev/null || true
    "$sshd" -t || { rm -f "$config"; stop "sshd does not like the new settings; they were taken back."; }
    systemctl reload ssh 2>/dev/null || systemctl reload sshd 2>/dev/null || echo "Reload sshd now; systemctl is not here."
    echo "Done. The host key for the portal:"
    cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub
fi
