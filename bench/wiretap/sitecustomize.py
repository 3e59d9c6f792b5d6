"""Python loads this by itself where its folder is on PYTHONPATH: every request that http.client writes becomes a line of a file.

All of OpenStack's clients for Python write their requests there, signing in included, in whichever process. One line costs
about ten microseconds; nothing stands between the client and the cloud.
"""

import http.client
import os
import time
from typing import Any

if file := os.environ.get("MINGA_WIRETAP"):
    out = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    putrequest = http.client.HTTPConnection.putrequest

    def noted(self: http.client.HTTPConnection, method: str, url: str, *args: Any, **more: Any) -> None:
        os.write(out, f"{time.time():.3f} {os.getpid()} {self.port} {method} {url}\n".encode())
        putrequest(self, method, url, *args, **more)

    http.client.HTTPConnection.putrequest = noted  # type: ignore[method-assign]
