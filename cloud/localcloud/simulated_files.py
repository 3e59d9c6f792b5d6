"""The small file system of a simulated guest: names to texts, in memory, written through to the store."""

RAM_DISKS = ("/tmp/", "/run/")  # noqa: S108 - of the guest, not of the host; lost when the guest restarts, kept while it sleeps, as in a real guest
MAX_BYTES = 1_000_000  # of one guest: it lives in our memory


class FileError(Exception):
    """The error that a Unix tool would print."""


class SimulatedFiles:
    """Files by their absolute paths; folders are only parts of names."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self.read_bytes = 0
        self.written_bytes = 0

    @staticmethod
    def fresh(hostname: str, user_data: str) -> "SimulatedFiles":
        """Return the files of a guest's first start."""
        about = "This is a simulated machine of Minga's local cloud: no real computer runs behind it.\n"
        texts = {"/etc/hostname": f"{hostname}\n", "/etc/motd": about, "/home/student/README": about}
        if user_data:
            texts["/var/lib/user-data"] = user_data
        return SimulatedFiles(texts)

    def read(self, path: str) -> str:
        """Return a file's text. Raises FileError."""
        if path not in self.texts:
            raise FileError(f"{path}: No such file or directory")
        self.read_bytes += len(self.texts[path])
        return self.texts[path]

    def write(self, path: str, text: str) -> None:
        """Replace a file's text. Raises FileError when the guest's disk would be full."""
        others = sum(len(other) for name, other in self.texts.items() if name != path)
        if others + len(text) > MAX_BYTES:
            raise FileError(f"{path}: No space left on device")
        self.texts[path] = text
        self.written_bytes += len(text)

    def lose_ram_disks(self) -> None:
        """Delete what a real guest loses in /tmp and /run at a restart."""
        for name in [name for name in self.texts if name.startswith(RAM_DISKS)]:
            del self.texts[name]
