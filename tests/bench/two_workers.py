"""Two workers on two cores against one worker on one, on the same database (PostgreSQL). No Django."""

from __future__ import annotations

from tests.bench.cores import pin, plan_for_two
from tests.bench.governed import Governed
from tests.bench.rounds import Rounds, Scenario, Target

ONE, TWO = "one worker", "two workers"
SCENARIO = Scenario("64", 64)


def measure(gateway: Governed, rounds: Rounds, number: int) -> str:
    """Run both shapes in turn, `number` times; says how the cores were shared."""
    cores = plan_for_two()
    first, *others = sorted(cores.gateway)
    if not others:
        return "two workers were not measured: this machine has one core"
    running = gateway.running
    load, rounds.cores = rounds.cores, cores.load
    with running.beside() as second:
        one, two = frozenset((first,)), frozenset(others)
        second_url = second.url + gateway.url.removeprefix(running.url)

        def alone() -> dict[str, list[int]]:
            pin([running.pid, *gateway.processes()["database"]], one)
            pin([second.pid], two)
            return {}

        def both() -> dict[str, list[int]]:
            pin([running.pid], one)
            pin([second.pid], two)
            pin(gateway.processes()["database"], cores.gateway)
            return {}

        targets = (
            Target(ONE, (gateway.url,), gateway.authorization, alone),
            Target(TWO, (gateway.url, second_url), gateway.authorization, both),
        )
        rounds.measure(targets, [SCENARIO], number)
        second.stop()
    rounds.cores = load
    return "the generator shares the two cores" if cores.load == cores.gateway else "the generator has cores of its own"
