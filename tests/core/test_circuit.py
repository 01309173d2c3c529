"""A circuit opens on failures in a row, and not on those of calls that ran while others were answered."""

import pytest

from core.circuit import Circuit
from core.http import NotAsked, Unavailable


def fail(circuit: Circuit) -> None:
    with pytest.raises(Unavailable), circuit.call():
        raise Unavailable("It is down.")


def test_it_opens_after_failures_in_a_row_and_one_call_tries_again():
    clock = [0.0]
    circuit = Circuit("It", failures=2, pause=60, now=lambda: clock[0])
    fail(circuit)
    with circuit.call():
        pass
    fail(circuit)
    fail(circuit)
    with pytest.raises(NotAsked, match="It failed 2 times in a row: it is asked again in 60 s"), circuit.call():
        pass
    clock[0] = 61
    with circuit.call(), pytest.raises(NotAsked), circuit.call():
        pass
    fail(circuit)


def test_a_call_that_fails_while_others_are_answered_says_nothing_of_the_service():
    circuit = Circuit("It", failures=1)
    # Broken items of many that are asked for at once fail last, with all their tries.
    with pytest.raises(Unavailable), circuit.call():
        with circuit.call():
            pass
        raise Unavailable("This one is broken.")
    with circuit.call():
        pass
