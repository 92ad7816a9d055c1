"""HTTP as it comes over a connection: uvicorn on httptools, with a bound on what may come before a request is known.

httptools is quicker than h11, uvicorn's other choice, and takes heads of any length: whoever has no token yet could fill
the memory.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD = 512 << 10
"""Bytes that may come without the end of a head. One read of asyncio's is half of it, and may end with the next head."""


class BoundedHeads(HttpToolsProtocol):
    """One connection."""

    head, in_head, came = 0, True, False
    """Bytes without the end of a head, whether one is awaited, and whether one ended in what came last."""

    def data_received(self, data: bytes) -> None:
        self.came = False
        super().data_received(data)
        self.head = self.head + len(data) if self.in_head and not self.came else 0
        if self.head > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        self.in_head, self.came = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.in_head = True
        super().on_message_complete()
