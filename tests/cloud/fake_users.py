"""Users that a fake cloud makes for owners: cloud.contract.Users."""

from dataclasses import dataclass

from cloud.contract import CloudGone, CloudRefused, MadeUser, Owner, UserSpec
from tests.cloud.fake_state import FakeState


@dataclass
class FakeUser:
    id: str
    name: str
    owner: str
    password: str
    enabled: bool


class FakeUsers(FakeState):
    """`users` has them by name, in small letters. A test may put in somebody else's, or take one away."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, FakeUser] = {}
        self._users_made = 0

    def ensure_user(self, owner: Owner, user: UserSpec) -> MadeUser:
        with self._call("ensure_user", owner.key, user.name, user.id, user.password, str(user.enabled)):
            row = self._user(owner, user)
            if row is None:
                enabled = user.enabled is not False
                self._users_made += 1
                row = FakeUser(f"user-{self._users_made}", user.name, owner.key, user.password, enabled)
                self.users[user.name.lower()] = row
            row.password = user.password or row.password
            row.enabled = row.enabled if user.enabled is None else user.enabled
            self.tenants.setdefault(owner.key, owner)
            return MadeUser(row.id, owner.tenant or f"tenant-of-{owner.key}")

    def ensure_user_gone(self, owner: Owner, user: UserSpec) -> None:
        with self._call("ensure_user_gone", owner.key, user.name, user.id):
            mine = {
                name
                for name, row in self.users.items()
                if row.owner == owner.key and (row.id == user.id if user.id else name == user.name.lower())
            }
            self.users = {name: row for name, row in self.users.items() if name not in mine}

    def _user(self, owner: Owner, user: UserSpec) -> FakeUser | None:
        if user.id:
            if found := next((row for row in self.users.values() if row.id == user.id), None):
                return found
            raise CloudGone("There is no such user.")
        found = self.users.get(user.name.lower())
        if found and found.owner != owner.key:
            raise CloudRefused("The name is somebody else's.")
        return found
