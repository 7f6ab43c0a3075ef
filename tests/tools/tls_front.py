"""Takes TCP on loopback and passes it on over TLS, so that tools that only speak TCP can talk to a TLS port.

  tls_front.py LISTEN_PORT HOST:PORT

Each connection goes on from the client's own address. Certificates are not checked. Only the standard library.
"""

import asyncio
import contextlib
import ssl
import sys


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until either side ends."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def main() -> None:
    host, _, port = sys.argv[2].rpartition(":")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    under_way: set[asyncio.Task[None]] = set()

    def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(passed_on(reader, writer))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source = writer.get_extra_info("peername")[0]
        try:
            inner, outer = await asyncio.open_connection(host, int(port), ssl=context, local_addr=(source, 0))
        except OSError as error:
            print(f"no TLS to {host}:{port}: {error}", file=sys.stderr)
            writer.close()
            return
        await asyncio.gather(copy(reader, outer), copy(inner, writer))

    server = await asyncio.start_server(taken, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
