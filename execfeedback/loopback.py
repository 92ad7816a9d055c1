"""An aiohttp application on the loopback address, for this machine alone."""

import asyncio
import signal
from typing import TYPE_CHECKING

from execfeedback.errors import InputError

if TYPE_CHECKING:
    from aiohttp import web


class Serving:
    """`async with Serving(application) as address:` - on a free port by default. Raises InputError for a port in use."""

    def __init__(self, application: "web.Application", port: int = 0) -> None:
        self._application, self._port = application, port

    async def __aenter__(self) -> str:
        from aiohttp import web

        self._runner = web.AppRunner(self._application, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise InputError(
                f"port {self._port} cannot be used ({error.strerror}); --port 0 takes a free one"
            ) from error
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()


async def until_stopped() -> int:
    """Wait for SIGINT or SIGTERM, and say which it was."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _end, ended, int(number))
    return await ended


def _end(ended: asyncio.Future[int], number: int) -> None:
    if not ended.done():
        ended.set_result(number)
