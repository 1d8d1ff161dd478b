"""Times of several programs, taken in turns, so that whatever slows one slows the others."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds for one turn, round by round: by the clock, and of this process's processors."""

    clock: Sequence[float]
    processor: Sequence[float]

    @property
    def seconds(self) -> float:
        """The median by the clock."""
        return median(self.clock)

    @property
    def processor_seconds(self) -> float:
        """The median of processor time, all threads of this process together."""
        return median(self.processor)

    def of(self, baseline: "Times") -> float:
        """The median over the rounds of this time over the baseline's in the same round."""
        return _ratio(self.clock, baseline.clock)

    def of_processor(self, baseline: "Times") -> float:
        """The same for processor time: of what only computes, others on the machine apart."""
        return _ratio(self.processor, baseline.processor)


def _ratio(mine: Sequence[float], its: Sequence[float]) -> float:
    return median(one / other for one, other in zip(mine, its, strict=True))


def in_turns(
    turns: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    repeats: int = 1,
    before: Callable[[], object] = lambda: None,
    collector: bool = True,
) -> dict[str, Times]:
    """Run every turn once unmeasured, then `rounds` times, each round in the other direction.

    A turn runs `repeats` times at a stretch; times are of one. Before each stretch `before` is
    called and the garbage collector has emptied all generations; during it the collector is on
    or off for all alike, by `collector`.
    """
    clock: dict[str, list[float]] = {name: [] for name in turns}
    processor: dict[str, list[float]] = {name: [] for name in turns}
    for turn in turns.values():
        turn()
    was_on = gc.isenabled()
    try:
        for number in range(rounds):
            order = list(turns.items())
            for name, turn in order if number % 2 == 0 else reversed(order):
                before()
                gc.collect()
                (gc.enable if collector else gc.disable)()
                begun, begun_processor = time.perf_counter(), time.process_time()
                for _ in range(repeats):
                    turn()
                ended_processor, ended = time.process_time(), time.perf_counter()
                clock[name].append((ended - begun) / repeats)
                processor[name].append((ended_processor - begun_processor) / repeats)
    finally:
        (gc.enable if was_on else gc.disable)()
    return {name: Times(clock[name], processor[name]) for name in turns}
