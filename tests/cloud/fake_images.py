"""The fake cloud's images, snapshots and archives: cloud.contract.Images."""

from collections.abc import Iterator

from cloud.contract import Image, Status
from tests.cloud.fake_state import CHUNK, FakeState, Row


class FakeImages(FakeState):
    def images(self) -> list[Image]:
        with self._call("images"):
            return list(self._images.values())

    def ensure_snapshot(self, server_id: str, name: str) -> Image:
        with self._call("ensure_snapshot", server_id, name):
            row = self._row(server_id)
            found = next((image for image in self._images.values() if image.name == name), None)
            if found:
                return found
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED)
            return self._copy(row, self._images, name)

    def ensure_archived(self, server_id: str, name: str) -> Image:
        with self._call("ensure_archived", server_id, name):
            if found := next((image for image in self.archives.values() if image.name == name), None):
                return found
            row = self._row(server_id)
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED, Status.SHELVED, Status.ERROR)
            return self._copy(row, self.archives, name)

    def ensure_not_archived(self, server_id: str, name: str) -> None:
        with self._call("ensure_not_archived", server_id, name):
            for image in [image for image in self.archives.values() if image.name == name]:
                del self.archives[image.id]

    def kept_image(self, server_id: str) -> Image | None:
        with self._call("kept_image", server_id):
            self._row(server_id)
            return None

    def ensure_image_deleted(self, image_id: str) -> None:
        with self._call("ensure_image_deleted", image_id):
            self._images.pop(image_id, None)
            self.archives.pop(image_id, None)

    def image_size(self, image_id: str) -> int:
        with self._call("image_size", image_id):
            return len(self._bytes(image_id))

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        with self._call("read_image", image_id, str(start)):
            whole = self._bytes(image_id)
        part = whole[start:] if length is None else whole[start : start + length]
        for at in range(0, len(part), CHUNK):
            yield part[at : at + CHUNK]

    def _copy(self, row: Row, shelf: dict[str, Image], name: str) -> Image:
        """Begin an image of a server's disk. As with Glance, its size is known only at the end."""
        image = Image(f"image-{next(self._numbers)}", name, ready=False, login="student", status="saving")
        shelf[image.id] = image
        self._start(row, "image_snapshot", {"image": image.id})
        return image
