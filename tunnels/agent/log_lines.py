"""The agent's own log: to standard error, as text for eyes or as JSON, with the same fields as the portal's lines."""

import json
import logging
import sys
from datetime import UTC, datetime

FORMATS = ("text", "json")
LIBRARIES = ("asyncssh", "httpx", "httpcore")


class JsonLines(logging.Formatter):
    """Lines of one JSON object each, for programs."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def begin(form: str) -> None:
    """Write the log in this form from now on. Raises ValueError."""
    if form not in FORMATS:
        raise ValueError(f"LOG_FORMAT must be one of: {', '.join(FORMATS)}")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
