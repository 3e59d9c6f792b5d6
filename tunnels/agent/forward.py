"""A port of the gateway: its listener, its visitors, and whether its target answers."""

import asyncio
import contextlib
import errno
import logging
import random
import time
from collections.abc import Coroutine, Iterator
from typing import Any

import asyncssh

from tunnels.agent.counts import Counts
from tunnels.agent.places import Places, home_of
from tunnels.agent.relay import Stream
from tunnels.agent.trials import Trials
from tunnels.agent.waiting import HELD_WINDOW, Limits, Waiters
from tunnels.agent.wishes import Wish

log = logging.getLogger("agent")
OPEN_SECONDS = 10.0  # for the gateway to answer a wish for a port
PROBE_SECONDS = 3.0  # for a target to answer a probe
HASTE_SECONDS = 0.1  # between two probes while somebody waits
HASTY_PROBE_SECONDS = 0.4  # for the first of these; the next are given more and more
WINDOW = 1 << 20  # bytes; 1 MiB carries 10 MB/s over 100 ms, and bounds what one stuck visitor costs
SLOWEST_RETRY = 10.0  # seconds between two wishes for a port that is refused
BANNERS = {"ssh": b"SSH-", "vnc": b"RFB "}


class Forward:
    """A port that is or should be listened on. `state` is opening, open or failed."""

    def __init__(self, wish: Wish, changed: asyncio.Event, limits: Limits) -> None:
        self.wish = wish
        self.changed = changed
        self.limits = limits
        self.waiters = Waiters(limits, wish)
        self.state = "opening"
        self.answered = False
        self.mishaps = limits.mishaps
        self.trials = Trials(self.mishaps)
        self.places = Places(within=limits.places)
        self.counts = Counts()
        self.streams: set[Stream] = set()
        self.refusals = 0  # in a row
        self.retry_at = 0.0  # time.monotonic()
        self._listener: asyncssh.SSHListener | None = None
        self._opening = asyncio.Lock()
        self._probe: asyncio.Task[None] | None = None
        self._passing: set[asyncio.Task[None]] = set()
        self.follow(wish)

    def follow(self, wish: Wish) -> None:
        """Take a new wish for the same port: visitors who may not stay are cut off."""
        moved = wish.hold or wish.target != self.wish.target
        for stream in list(self.streams):
            if moved or not wish.lets_in(stream.origin):
                stream.cut()
        renewed = wish.since != self.wish.since or self._probe is None
        self.wish = wish
        self.waiters.follow(wish)
        if wish.hold:
            self.answered = False
            self._stop_probe()
        elif renewed and wish.probe:
            self.answered = False
            self._stop_probe()
            self._probe = asyncio.create_task(self._probe_until_answered())
        elif not wish.probe:
            self._pass_on()

    def _pass_on(self) -> None:
        """Pass on those who waited: they are visitors like others now."""
        for stream in self.waiters.release():
            self._begin_to_pass(stream)

    def _begin_to_pass(self, stream: Stream) -> None:
        stream.ended = self._left
        self._enter(stream)
        task = asyncio.create_task(self._pass(stream))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _pass(self, stream: Stream) -> None:
        with contextlib.suppress(asyncssh.ChannelOpenError):
            await self._reach(stream)
            stream.join()

    @property
    def is_open(self) -> bool:
        return self._listener is not None

    @property
    def reported_state(self) -> str:
        """Return the state as it is reported to the portal."""
        return "held" if self.wish.hold and self.state == "open" else self.state

    async def open(self, ssh: asyncssh.SSHClientConnection, bind_address: str) -> None:
        """Ask the gateway for the port; a refusal is kept in `state` and tried again at `retry_at`."""
        async with self._opening, self.limits.ports:
            if self._listener:
                return
            try:
                async with asyncio.timeout(OPEN_SECONDS):
                    self._listener = await ssh.create_server(self._receive, bind_address, self.wish.port, window=WINDOW)
                    self._guard(self._listener, ssh)  # before any visitor comes: nothing is awaited in between
            except asyncssh.ChannelListenError:
                self._was_refused()
            except (OSError, asyncssh.Error) as error:  # TimeoutError is an OSError
                self.retry_at = time.monotonic() + SLOWEST_RETRY
                log.warning("port %s: %s", self.wish.port, error or "no answer in time")
            except Exception as error:  # one port that cannot be asked for keeps no other one shut
                self.retry_at = time.monotonic() + SLOWEST_RETRY
                self.mishaps.fault(f"port {self.wish.port}", error)
            else:
                self.state, self.refusals = "open", 0
                log.info("port %s is %s, for %s:%s", self.wish.port, self.reported_state, *self.wish.target)
        self.changed.set()

    def _was_refused(self) -> None:
        self.state = "failed"
        self.counts.refused += 1
        pause = min(0.5 * 2 ** min(self.refusals, 10), SLOWEST_RETRY)
        self.retry_at = time.monotonic() + pause * random.uniform(0.8, 1.2)
        self.refusals += 1
        log.warning("port %s is refused by the gateway", self.wish.port)

    async def close(self) -> None:
        """Close the port and cut off its visitors. Waits until the gateway was told, or does not answer."""
        self._stop_probe()
        self._cut_all()
        async with self._opening, self.limits.ports:
            listener, self._listener = self._listener, None
            if listener:
                listener.close()
                try:
                    with contextlib.suppress(asyncssh.Error, OSError):  # TimeoutError is an OSError
                        async with asyncio.timeout(OPEN_SECONDS):
                            await listener.wait_closed()
                except Exception as error:
                    self.mishaps.fault("closing a port", error)
        self._cut_all()  # visitors who came in meanwhile
        log.info("port %s is closed", self.wish.port)

    def lose(self) -> None:
        """Note that the connection to the gateway is gone, and the port with it."""
        self._listener, self.state, self.retry_at = None, "opening", 0.0
        self._cut_all()

    def _cut_all(self) -> None:
        for stream in [*self.streams, *self.waiters.held, *self.trials.looked_at]:
            stream.cut()

    def _guard(self, listener: Any, ssh: asyncssh.SSHClientConnection) -> None:
        """Refuse strangers before asyncssh makes a channel and a task for them: a scanner comes a thousand times a second."""
        usual = listener.process_connection

        def process_connection(origin: str, port: int) -> Any:
            with self._refusing():
                if self.trials.is_due:
                    session = self.trials.look(origin, self._take).visitor
                else:
                    self._require(origin)
                    if not self._must_wait(origin):
                        return usual(origin, port)
                    session = self.waiters.hold(origin, self.counts)
                chan: asyncssh.SSHTCPChannel[bytes] = ssh.create_tcp_channel(window=HELD_WINDOW)
                bind_address, bound = listener.get_addresses()[0]
                chan.set_inbound_peer_names(bind_address, bound, origin, port)
                return chan, session

        listener.process_connection = process_connection

    def _take(self, stream: Stream) -> None:
        """Take a visitor who was looked at and is no trial: as if it came now."""
        try:
            self._require(stream.origin)
            seen, stream.counts = stream.counts, self.counts
            self.counts.bytes_in += seen.bytes_in
            self.counts.last_byte_at = max(self.counts.last_byte_at, seen.last_byte_at)
            if self._must_wait(stream.origin):
                self.waiters.take(stream)
            else:
                self._begin_to_pass(stream)
        except asyncssh.ChannelOpenError:
            stream.cut()

    def _require(self, origin: str) -> None:
        """Check a visitor. Raises asyncssh.ChannelOpenError where this port is closed to it, or has no place left."""
        wish = self.wish
        if not wish.admits(origin):
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "not from there")
        if not wish.hold and (why := self.places.why_not(home_of(origin))):
            raise self._full(why)

    def _full(self, why: str) -> asyncssh.ChannelOpenError:
        self.mishaps.turn_away(f"port {self.wish.port}: {why}")
        return asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "too many")

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        """Make a refusal of every exception: any other would end the connection to the gateway."""
        try:
            yield
        except asyncssh.ChannelOpenError:
            raise
        except Exception as error:
            self.mishaps.fault("letting a visitor in", error)
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "it cannot be passed on") from error

    def _must_wait(self, origin: str) -> bool:
        """Say whether a visitor must wait: the machine sleeps, or is waking up."""
        return self.wish.hold or (self.wish.probe and not self.answered and self.wish.may_knock(origin))

    def _receive(self, origin: str, _port: int) -> Coroutine[Any, Any, asyncssh.SSHTCPSession[bytes]]:
        """Take a visitor whom _guard has let in: it has its place at once, before its target is reached."""
        stream = Stream(origin, self.counts, self._left, self.mishaps)
        self._enter(stream)
        return self._reach(stream)

    async def _reach(self, stream: Stream) -> asyncssh.SSHTCPSession[bytes]:
        """Connect to the target. Raises asyncssh.ChannelOpenError when it does not take the visitor; the stream has ended then."""
        with self._refusing():
            try:
                await stream.reach(*self.wish.target)
            except OSError as error:  # TimeoutError is one
                stream.cut()
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    raise self._full("no file is left (LimitNOFILE)") from error
                raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "the machine does not answer") from error
            except BaseException:  # also a task that is ended: no stream stays behind
                stream.cut()
                raise
            return stream.visitor

    def _enter(self, stream: Stream) -> None:
        self.streams.add(stream)
        self.places.enter(home_of(stream.origin))

    def _left(self, stream: Stream) -> None:
        if stream in self.streams:
            self.streams.discard(stream)
            self.places.leave(home_of(stream.origin))

    def _stop_probe(self) -> None:
        if self._probe:
            self._probe.cancel()

    async def _probe_until_answered(self) -> None:
        pause, hasty = 0.5, HASTY_PROBE_SECONDS
        while True:
            # A guest that is not up yet lets a try hang. While somebody waits, short fresh tries succeed sooner than TCP's repeats.
            waits = bool(self.waiters.held)
            async with self.limits.probes:
                if await self._is_answered(hasty if waits else PROBE_SECONDS):
                    break
            await asyncio.sleep(HASTE_SECONDS if waits else pause)
            pause = min(pause * 1.02, 3.0)  # about each second in the first minute
            hasty = min(hasty * 1.3, PROBE_SECONDS)
        self.answered = True
        self._pass_on()
        self.changed.set()
        log.info("%s:%s answers", *self.wish.target)

    async def _is_answered(self, seconds: float) -> bool:
        """Say whether something is there. A forwarder that accepts and hangs up at once, for a machine that is down, is not."""
        writer = None
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_connection(*self.wish.target)
                if banner := BANNERS.get(self.wish.scheme):
                    return await reader.readexactly(len(banner)) == banner
                with contextlib.suppress(TimeoutError):
                    return await asyncio.wait_for(reader.read(1), 0.3) != b""
                return True
        except (OSError, EOFError):  # TimeoutError is an OSError
            return False
        except Exception as error:  # a target that cannot be one: no probe will ever reach it, but the next wish may
            self.mishaps.fault(f"probing the target of port {self.wish.port}", error)
            return False
        finally:
            if writer:
                writer.transport.abort()
