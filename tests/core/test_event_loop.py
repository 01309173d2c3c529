"""The loop that a process keeps, and what a signal does to what runs in it."""

import asyncio
import signal

import pytest

from core import event_loop


class Broken(Exception):
    """What a signal's handler raises, wherever the process is."""


@pytest.fixture
def alarm():
    def handle(*_: object) -> None:
        raise Broken

    before = signal.signal(signal.SIGALRM, handle)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_what_a_signal_breaks_off_ends_in_order_and_the_next_call_has_a_loop(alarm):
    ended = []

    async def numbers():
        try:
            yield 1
            await asyncio.sleep(600)
        finally:
            ended.append("the generator")

    async def take() -> None:
        try:
            async for _ in items:
                alarm()
        finally:
            ended.append("who takes from it")

    items = numbers()
    with pytest.raises(Broken):
        event_loop.run(take())
    assert ended == ["the generator", "who takes from it"]
    event_loop.run(items.aclose())  # as a finally around it does
    assert event_loop.run(asyncio.sleep(0, "goes on")) == "goes on"


def test_the_loop_is_kept_from_call_to_call_and_after_an_error():
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    async def fail() -> None:
        raise Broken

    first = event_loop.run(loop())
    with pytest.raises(Broken):
        event_loop.run(fail())
    assert event_loop.run(loop()) is first
