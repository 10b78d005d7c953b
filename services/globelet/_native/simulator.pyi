from collections.abc import Callable, Sequence
from typing import Literal, final

__all__ = ["ADVERSARIES", "BrokenInvariant", "Simulation"]

ADVERSARIES: tuple[str, ...]

class BrokenInvariant(Exception):  # noqa: N818 (named after what happened)
    """An invariant of the design is broken: which one, when in virtual time, and what was seen."""

    invariant: str
    at_us: int
    detail: str

@final
class Simulation:
    """A world in virtual time, from its resolved JSON and a seed: the same seed and calls give the same world.

    Calls let other threads run. Those that let the world run raise `BrokenInvariant`; a name that is not in the
    world raises KeyError, a value that cannot be read ValueError. Times are microseconds, orders are named by id.
    """

    def __new__(cls, world_json: str, seed: int) -> Simulation: ...
    def tag(self) -> int:
        """The world tag that orders are signed for."""

    def now_us(self) -> int:
        """Virtual time of the epoch."""

    def steps(self) -> int:
        """Events handled so far."""

    def fingerprint(self) -> str:
        """The hash of everything that happened so far, hexadecimal."""

    def treasury_seed(self, municipality: str) -> bytes:
        """Seed of the treasury's key, 32 bytes."""

    def submit(self, orders: Sequence[bytes], after_us: Sequence[int] | None = None) -> list[str]:
        """Have clients hand in signed orders (Borsh), each so long from now; their ids.

        A client asks an honest ingress of its account, the next one where there is no answer, and again while none
        has power, for a minute.
        """

    def run_for(self, us: int) -> None:
        """Let the world run."""

    def run_until_answered(self, ids: Sequence[str], limit_us: int) -> bool:
        """Run until each order was answered by its ingress; whether they were."""

    def run_until_stage(self, ids: Sequence[str], stage: str | None, limit_us: int) -> bool:
        """Run until each order reached a stage or no longer can (None: has an end); whether they did."""

    def run_until_step(self, order: str, known: int, limit_us: int) -> bool:
        """Run until an order reached more steps than `known`; whether it did."""

    def run_until_rest(self, limit_us: int) -> bool:
        """Run until nothing is under way: all ended and anchored, all lanes settled; whether it came to that."""

    def finish(self) -> None:
        """Check what holds at rest, and that every node's log replays to the same ledger."""

    def receipts(self, ids: Sequence[str]) -> list[str | None]:
        """State of each order, JSON; None where it is not known."""

    def complete_receipts(self, ids: Sequence[str]) -> list[str | None]:
        """The complete receipt of each order, the JSON document that proves it; None where there is none yet."""

    def genesis(self) -> str:
        """The world's genesis, as `genesis.json` of a dealt world holds it."""

    def account(self, municipality: str, account: str) -> tuple[int, int] | None:
        """Balance and highest nonce at the account's ingress; None where it is not open."""
    def home(self, municipality: str, account: str) -> str | None:
        """Where an account lives that went from a municipality; None where it is there, or never was."""

    def bytes_held(self) -> dict[str, int]:
        """Bytes of shards that each holder keeps, by its name."""

    def ledgers(self) -> str:
        """What the honest replicas that are up have booked: a JSON list, one entry per chain."""

    def probe_links(self, samples: int, spacing_us: int) -> str:
        """Send probes over every link, so long apart, while the world runs: a JSON list, one row per link."""

    def cut(self, source: str, to: str, route: str | None = None) -> None:
        """Cut the link from one region to another; all of it, or one of its routes."""

    def lossy(self, source: str, to: str, probability: float, route: str | None = None) -> None:
        """Lose messages of a link for good."""

    def slow(self, source: str, to: str, extra_us: int, route: str | None = None) -> None:
        """Delay what is sent on a link by so much more than declared."""

    def heal(self, source: str, to: str, route: str | None = None) -> None:
        """Make a link, or one of its routes, as the world declares it."""

    def routes(self) -> str:
        """The routes between continents as they are used now: a JSON list, one row per directed link and route."""

    def crash(self, name: str) -> None:
        """Power fails at a node, or at every node of a process."""

    def restart(self, name: str) -> None:
        """A node, or every node of a process, comes back from its log."""

    def pause(self, name: str) -> None:
        """Freeze a node, or every node of a process."""

    def resume(self, name: str) -> None:
        """Let frozen nodes go on."""

    def is_up(self, name: str) -> bool:
        """Whether a node, or every node of a process, has power."""

    def select_by(
        self, policy: Callable[[Literal["S1", "R2"], int, int, Sequence[tuple[int, bool]]], Sequence[int] | None]
    ) -> None:
        """Ask a selection policy now, and whenever those present change: (stage, here, of, candidates).

        `here` and `of` are numbers of chains, candidates numbers of nodes and whether they are present. It returns a
        weight for each, or None, which leaves the weights in force. It must not call the simulation.
        """

    def corrupt(self, node: str, adversary: str) -> None:
        """Make a node (or every node of a process) an adversary."""

    def corrupt_one_each(self, adversary: str) -> None:
        """Make the last replica of every committee an adversary, or its last holder where the name says holder."""

    def misbehaviours(self) -> list[tuple[str, int, str]]:
        """What honest nodes reported: the node, the member of its committee, what that did."""
