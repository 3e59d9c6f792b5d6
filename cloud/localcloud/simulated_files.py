"""The small file system of a simulated guest: names to texts, in memory, written through to the store."""

import posixpath

RAM_DISKS = ("/tmp", "/run")  # noqa: S108 - of the guest, not of the host; lost when the guest restarts, kept while it sleeps, as in a real guest
MAX_BYTES = 1_000_000  # of one guest: it lives in our memory


class FileError(Exception):
    """The error that a Unix tool would print."""


class SimulatedFiles:
    """Absolute paths only; a folder is there when something is in it, or when it was so from the beginning."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self.read_bytes = 0
        self.written_bytes = 0

    @staticmethod
    def fresh(hostname: str, user_data: str) -> "SimulatedFiles":
        about = "This is a simulated machine of Minga's local cloud: no real computer runs behind it.\n"
        texts = {"/etc/hostname": f"{hostname}\n", "/etc/motd": about, "/home/student/README": about}
        if user_data:
            texts["/var/lib/user-data"] = user_data
        return SimulatedFiles(texts)

    def read(self, path: str) -> str:
        if path not in self.texts:
            raise FileError(f"{path}: {'Is a directory' if self.is_folder(path) else 'No such file or directory'}")
        self.read_bytes += len(self.texts[path])
        return self.texts[path]

    def write(self, path: str, text: str, *, append: bool = False) -> None:
        if self.is_folder(path):
            raise FileError(f"{path}: Is a directory")
        if not self.is_folder(posixpath.dirname(path)):
            raise FileError(f"{path}: No such file or directory")
        whole = (self.texts.get(path, "") if append else "") + text
        others = sum(len(other) for name, other in self.texts.items() if name != path)
        if others + len(whole) > MAX_BYTES:
            raise FileError(f"{path}: No space left on device")
        self.texts[path] = whole
        self.written_bytes += len(text)

    def remove(self, path: str) -> None:
        if path not in self.texts:
            raise FileError(f"{path}: No such file or directory")
        del self.texts[path]

    def is_folder(self, path: str) -> bool:
        standing = ("/", "/root", "/home", "/home/student", "/etc", "/var", *RAM_DISKS)
        return path in standing or any(name.startswith(path.rstrip("/") + "/") for name in self.texts)

    def names(self, path: str) -> list[str]:
        if not self.is_folder(path):
            return [(self.read(path) and path) or path]
        inside = path.rstrip("/") + "/"
        standing = ("/root", "/home/student", "/etc", "/var", *RAM_DISKS)
        found = [name for name in (*self.texts, *standing) if name.startswith(inside)]
        return sorted({name[len(inside) :].split("/")[0] for name in found})

    def lose_ram_disks(self) -> None:
        for name in [name for name in self.texts if name.startswith(tuple(f"{disk}/" for disk in RAM_DISKS))]:
            del self.texts[name]
