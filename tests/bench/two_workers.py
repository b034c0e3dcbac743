"""Two workers on two cores against one worker on one, on the same database (PostgreSQL). No Django.

Each worker has as many sessions alone as beside the other. On a machine of two cores the load has to share them, so
that calls per second say little; what the CPU per call would let two free cores carry is given beside them.
"""

from __future__ import annotations

from tests.bench.cores import pin, plan_for_two
from tests.bench.governed import Governed
from tests.bench.rounds import Rounds, Scenario, Target

ONE, TWO = "one worker", "two workers"
EACH = "64 each"
SESSIONS = 64


def measure(gateway: Governed, rounds: Rounds, number: int) -> str:
    """Run both shapes in turn, `number` times; says how the cores were shared."""
    cores = plan_for_two()
    first, *others = sorted(cores.gateway)
    if not others:
        return "two workers were not measured: this machine has one core"
    running = gateway.running
    load, rounds.cores, before = rounds.cores, cores.load, gateway.cores
    with running.beside() as second:
        one, two = frozenset((first,)), frozenset(others)
        second_url = second.url + gateway.url.removeprefix(running.url)

        def alone() -> dict[str, list[int]]:
            gateway.cores = one
            pin([running.pid], one)
            return gateway.processes()

        def both() -> dict[str, list[int]]:
            gateway.cores = cores.gateway
            pin([running.pid], one)
            pin([second.pid], two)
            found = gateway.processes()
            return found | {"gateway": [*found["gateway"], second.pid]}

        of_one = Target(ONE, (gateway.url,), gateway.authorization, alone)
        of_two = Target(TWO, (gateway.url, second_url), gateway.authorization, both)
        for round_number in range(number):
            rounds.run(of_one, Scenario(EACH, SESSIONS), round_number)
            rounds.run(of_two, Scenario(EACH, 2 * SESSIONS), round_number)
        second.stop()
    rounds.cores, gateway.cores = load, before
    shared = cores.load == cores.gateway
    return f"two workers: the generator {'shares their cores' if shared else 'has cores of its own'}"
