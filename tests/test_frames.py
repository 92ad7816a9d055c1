"""Frames between host, supervisor and processes."""

import os
import socket

import frames
import pytest
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.tuples(st.sampled_from([b"c", b"v", b"E"]), st.binary(max_size=300)), max_size=8))
def test_a_channel_gives_whole_frames_in_order(sent: list[tuple[bytes, bytes]]) -> None:
    ours, theirs = socket.socketpair()
    channel = frames.Channel(ours)
    theirs.sendall(b"".join(frames.frame(kind, payload) for kind, payload in sent))
    theirs.close()

    channel.receive()
    got = []
    while (message := channel.take()) is not None:
        got.append(message)

    assert got == sent
    ours.close()


def test_a_channel_keeps_what_came_before_the_end() -> None:
    ours, theirs = socket.socketpair()
    channel = frames.Channel(ours)
    theirs.sendall(frames.frame(b"v", b"last") + b"\0\0")
    theirs.close()

    channel.receive()
    channel.receive()

    assert channel.take() == (b"v", b"last")
    assert channel.take() is None and channel.closed
    ours.close()


def test_what_was_said_before_the_other_end_left_is_read_though_a_frame_to_it_was_lost() -> None:
    ours, theirs = socket.socketpair()
    channel = frames.Channel(ours)
    theirs.sendall(frames.frame(b"E", b"result"))
    theirs.close()

    channel.send(b"v", b"an answer that comes too late")
    assert not channel.closed  # it has not been read to its end
    channel.receive()
    channel.receive()

    assert channel.take() == (b"E", b"result")
    assert channel.closed and not channel.outbox
    ours.close()


def test_a_frame_that_announces_too_much_is_refused_before_it_is_read() -> None:
    ours, theirs = socket.socketpair()
    channel = frames.Channel(ours, limit=100)
    theirs.sendall(frames.HEADER.pack(b"v", 101))

    channel.receive()

    with pytest.raises(frames.TooLarge):
        channel.take()
    ours.close()
    theirs.close()


def test_reading_from_a_stream_that_ended_says_so() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"c\0\0")
    os.close(write_end)

    with pytest.raises(frames.Closed):
        frames.Reader(read_end).frame()
    os.close(read_end)


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_a_reader_gives_frames_that_came_together_one_by_one(payloads: list[bytes]) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"".join(frames.frame(b"c", payload) for payload in payloads))
    os.close(write_end)
    reader = frames.Reader(read_end)

    assert [reader.frame() for _ in payloads] == [(b"c", payload) for payload in payloads]
    with pytest.raises(frames.Closed):
        reader.frame()
    os.close(read_end)
