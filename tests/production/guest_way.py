"""`python guest_way.py HOST`: the way from the agent's container to the guests of the test cloud, run in the container's network.

The guests have addresses 10.77.y.x in the cloud's own network namespace only; the computer's 127.0.0.1 has a port for each one's ssh. Here every
address of theirs is taken for a local one, and who connects to it is passed on to the port of that guest.
"""

import asyncio
import subprocess
import sys

GUESTS = "10.77.0.0/22"
FIRST = {22: 20_000, 80: 30_000}  # of the forwarded ports


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def serve(host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    address, port = writer.get_extra_info("sockname")
    _ten, _net, y, x = map(int, address.split("."))
    try:
        there, back = await asyncio.wait_for(asyncio.open_connection(host, FIRST[port] + 256 * y + x), 10)
    except (OSError, TimeoutError):
        writer.close()
        return
    await asyncio.gather(pump(reader, back), pump(there, writer))
    back.close()
    writer.close()


async def main(host: str) -> None:
    servers = [
        await asyncio.start_server(lambda r, w: serve(host, r, w), "0.0.0.0", port)  # in a container's network
        for port in FIRST
    ]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    subprocess.run(["ip", "route", "replace", "local", GUESTS, "dev", "lo"], check=True)
    asyncio.run(main(sys.argv[1]))
