"""The socket that the service listens on."""

import socket

import pytest

serving = pytest.importorskip("execfeedback.service.serving", reason="the extra [serve] is not installed")


def test_small_answers_do_not_wait_for_the_client_to_acknowledge() -> None:
    """Nagle's algorithm and a delayed ACK cost 40 ms for each request on a connection that is kept."""
    with (
        serving.listening("127.0.0.1", 0, None, ()) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
