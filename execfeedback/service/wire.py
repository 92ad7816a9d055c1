"""HTTP as it comes over a connection: uvicorn on httptools, with a bound on what may come before a request is known, and runs
that there is no room for refused where their head ends.

httptools is quicker than h11, uvicorn's other choice, and takes heads of any length: whoever has no token yet could fill
the memory.
"""

from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from execfeedback.service.door import Door, Headers, Refusal

MOST_HEAD = 512 << 10
"""Bytes that may come without the end of a head. One read of the event loop's is half of it, and may end with the next head."""


class Connection(HttpToolsProtocol):
    """One connection. A refusal is written here, without a task and what ASGI needs: of 1,000 that come in one moment the last
    one waits for all before it."""

    head, in_head, came = 0, True, False
    """Bytes without the end of a head, whether one is awaited, and whether one ended in what came last."""
    refusal: Refusal | None = None
    """Of the request whose body comes now."""
    last = False
    """The service ends, and this request's answer is the last one here."""

    def data_received(self, data: bytes) -> None:
        self.came = False
        super().data_received(data)
        self.head = self.head + len(data) if self.in_head and not self.came else 0
        if self.head > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        self.in_head, self.came = False, True
        if self.can_answer():
            door, method = cast(Door, self.app), self.parser.get_method()
            self.refusal = door.refused_run(
                method.decode("latin-1"), self.url.decode("latin-1"), self.headers
            )
        if self.refusal is None:
            super().on_headers_complete()

    def can_answer(self) -> bool:
        """Whether an answer may go out as soon as the body is there, with nothing before it or in between."""
        free = self.cycle is None or self.cycle.response_complete
        plain = self.parser.get_http_version() == "1.1" and not self.parser.should_upgrade()
        return free and plain and not (self.expect_100_continue or self.flow.write_paused)

    def on_body(self, body: bytes) -> None:
        if self.refusal is None:
            super().on_body(body)
        else:
            self.refusal.visit.received += len(body)

    def on_message_complete(self) -> None:
        self.in_head = True
        if self.refusal is None:
            super().on_message_complete()
            return
        refusal, self.refusal = self.refusal, None
        self.tell(*refusal.answer())

    def tell(self, status: int, headers: Headers, body: bytes) -> None:
        stays = self.parser.should_keep_alive() and not self.last
        lines = [
            *self.server_state.default_headers,
            *headers,
            *([] if stays else [(b"connection", b"close")]),
        ]
        head = b"".join(b"%b: %b\r\n" % line for line in lines)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], head, body))
        if not stays:
            self.transport.close()
        self.on_response_complete()

    def shutdown(self) -> None:
        self.last = True
        if self.refusal is None:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.refusal is not None:
            self.refusal.lost()
        super().connection_lost(exc)
