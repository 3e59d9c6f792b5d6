"""Ways into a machine. Page and API show whatever is registered here; neither knows a kind by name.

To add a kind: a module with its `WayIn` and its `Kind`, a template below templates/machines/ways_in/, and a line here. A new protocol
also needs its scheme in lib/schemes.py and in clients/python/minga_client/cli/parser.py, where a test asks for it.
"""

from portal.ways_in.registry import register
from portal.ways_in.ssh import SSH
from portal.ways_in.tcp import TCP
from portal.ways_in.vnc import VNC
from portal.ways_in.web import HTTP, HTTPS

for kind in (SSH, HTTP, HTTPS, VNC, TCP):
    register(kind)
