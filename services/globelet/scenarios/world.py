"""The World API: what a scenario holds in its hands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import product
from math import nan

from globelet.client.account import Account, Key
from globelet.client.bank import Bank
from globelet.client.climb import Climb
from globelet.client.move_receipt import MoveReceipt
from globelet.client.problem import Problem, Unreachable
from globelet.client.receipt import Receipt
from globelet.engines.engine import Engine
from globelet.engines.errors import NoSuchRoute, UnknownProcess
from globelet.scenarios import committee, invariants
from globelet.scenarios.committee import Committee
from globelet.scenarios.faults import FaultLog, LinkHandle, ProcessHandle
from globelet.scenarios.invariants import Book, Mark
from globelet.scenarios.load import Load, begin
from globelet.scenarios.result import Expectation, Invariant
from globelet.world.resolved import RouteName

# Seconds between two looks at the processes' metrics.
_LOOK = 0.25
# Transfers that are asked first whether they are where all shall be.
_FEW = 16


class World:
    """A running world. Nothing here sleeps: time passes by `run_for`, `wait_until` and waiting for stages."""

    def __init__(self, engine: Engine, seed: int, run: str = "", rate: float | None = None) -> None:
        self.engine, self.seed, self.spec, self._run, self._rate = engine, seed, engine.world, run, rate
        self.bank, self.faults = Bank(engine), FaultLog(engine)
        self.expectations: list[Expectation] = []
        self.receipts: list[Receipt] = []
        self.moves: list[MoveReceipt] = []
        self.rate_asked = False
        self._accounts = 0
        self._funded: list[tuple[Account, int]] = []
        self._marks: set[Mark] = set()
        self._repaired_before = self._repaired()

    # accounts and transfers

    def account(self, municipality: str, balance: int = 0, *, opened: bool = True) -> Account:
        """A new account that can be used at once; its balance comes from the municipality's treasury.

        `opened=False` gives an account that nobody has opened.
        """
        return self.accounts(municipality, 1, balance=balance, opened=opened)[0]

    def accounts(self, municipality: str, count: int, balance: int = 0, *, opened: bool = True) -> list[Account]:
        """Several new accounts of one municipality."""
        made = []
        for _ in range(count):
            self._accounts += 1
            key = Key.derive(self.spec.name, self.engine.tag, self._run, self.seed, self._accounts)
            made.append(_Remembering(key, self.bank.municipality(municipality), self))
        if not opened:
            return list(made)
        for account in made:
            self.bank.open(account)
        if balance > 0:
            treasury = self.bank.treasury(made[0].municipality)
            gifts = [self.bank.send(treasury, account, balance) for account in made]
            for gift in gifts:
                gift.wait("credited")
        self._funded += [(account, balance) for account in made]
        return list(made)

    def rate(self, own: float) -> float:
        """Transfers a second of the scenario's load: its own, unless the run was asked for another."""
        self.rate_asked = True
        return own if self._rate is None else self._rate

    def load(
        self,
        rate: float,
        seconds: float,
        weights: str | Mapping[str, float] = "population",
        pairs: Sequence[tuple[str, str]] | None = None,
        settle: float = 60.0,
    ) -> list[Receipt]:
        """Open loop: `rate` transfers a second, whatever becomes of them; then waits up to `settle` s for their ends.

        Latency counts from the intended time of sending. `pairs` sends between these municipalities only.
        """
        return self.begin_load(rate, seconds, weights, pairs).finish(settle)

    def begin_load(
        self,
        rate: float,
        seconds: float,
        weights: str | Mapping[str, float] = "population",
        pairs: Sequence[tuple[str, str]] | None = None,
    ) -> Load:
        """As `load`, but returns at once: the scenario breaks things meanwhile, and then calls its `finish`."""
        begun = begin(self, rate, seconds, weights, list(pairs) if pairs else None)
        self.receipts.extend(begun.receipts)
        return begun

    @property
    def climbs(self) -> list[Climb]:
        """Every transfer and every move of this run."""
        return [*self.receipts, *self.moves]

    def settle(self, receipts: Sequence[Climb] | None = None, timeout: float = 60.0, stage: str | None = None) -> bool:
        """Waits until all receipts have ended, or reached `stage`; whether they did."""
        watched = list(self.climbs if receipts is None else receipts)
        waiting, part = watched.copy(), _FEW

        def there() -> bool:
            nonlocal part
            while waiting:
                # Few are asked as long as they are behind: asking for all takes the time of those who do the work.
                behind = self._behind(waiting[-part:], stage)
                waiting[-part:] = behind
                if behind:
                    part = _FEW
                    return False
                part *= 2
            return True

        reached = self.wait_until(there, timeout)
        if not reached:
            self._behind(watched, stage)
        return reached

    def _behind(self, receipts: Sequence[Climb], stage: str | None) -> list[Climb]:
        def done(receipt: Climb) -> bool:
            return (
                receipt.ended is not None if stage is None else stage in receipt.micros or "refused" in receipt.micros
            )

        asked = {r.id: r for r in receipts if not done(r)}
        states = self.engine.states({r.id: r.source for r in asked.values()}) if asked else {}
        for order, state in states.items():
            asked[order].absorb(state)
        return [r for r in asked.values() if not done(r)]

    # time

    def run_for(self, seconds: float) -> None:
        """Lets the world run."""
        self.engine.run_for(seconds)

    def wait_until(self, condition: Callable[[], bool], timeout: float = 60.0) -> bool:
        """Lets the world run until the condition holds; whether it came to hold in time."""
        return self.engine.wait_until(condition, timeout)

    # faults

    def processes(self) -> list[ProcessHandle]:
        """All processes that host nodes."""
        return [self.process(name) for name in self.engine.processes()]

    def process(self, name: str) -> ProcessHandle:
        """A process of the world, a chain's or a service's, by name. Raises `UnknownProcess`."""
        if name not in (known := [*self.engine.processes(), *self.engine.services()]):
            raise UnknownProcess(name, known)
        return ProcessHandle(name, self.engine, self.faults, self._note_marks)

    def kill_all(self) -> None:
        """A power cut: every process that hosts nodes ends at once."""
        self._note_marks()
        self.faults.note("kill_all")
        self.engine.stop_all()

    def restart_all(self) -> None:
        """Starts all that is down and waits until it is ready."""
        self.engine.restart()
        self.faults.note("restart_all")

    def _note_marks(self) -> None:
        """Before a fault: the certified blocks that no fault may take. A process that is away adds none."""
        with suppress(Unreachable, Problem):
            self._marks.update(invariants.marks(self.engine.ledgers(), self.engine.certified))

    def link(self, source: str, to: str, *, both: bool = False, route: RouteName | None = None) -> LinkHandle:
        """The directed link from one region to another; `both` for the way back too.

        Between two continents, `route` ("backbone" or "internet") takes one of its two routes alone.
        """
        for region in (source, to):
            if region not in self.spec.regions:
                raise UnknownProcess(region, list(self.spec.regions))
        return self._links([(source, to), (to, source)] if both else [(source, to)], route)

    def ocean(self, one: str, other: str, *, route: RouteName | None = None) -> LinkHandle:
        """All links between two continents, both ways; with `route`, one of the two routes alone."""
        here, there = (self._regions(continent) for continent in (one, other))
        return self._links([*product(here, there), *product(there, here)], route)

    def _links(self, pairs: list[tuple[str, str]], route: RouteName | None) -> LinkHandle:
        for source, to in pairs:
            known = self.spec.routes(source, to)
            if route is not None and route not in known:
                raise NoSuchRoute(source, to, route, known)
        return LinkHandle(pairs, self.engine, self.faults, route)

    def on_internet(self) -> float:
        """The share of streams between continents that send over the public internet now; NaN where there are none."""
        rows = self.engine.routes()
        streams = sum(row["active"] for row in rows)
        return sum(row["active"] for row in rows if row["route"] == "internet") / streams if streams else nan

    def wait_for_route(self, route: RouteName, timeout: float = 30.0) -> float:
        """Waits until all streams between continents send over this route; the seconds it took, NaN if too many."""
        share, began = {"internet": 1.0, "backbone": 0.0}[route], self.engine.now_us()
        while (waited := (self.engine.now_us() - began) / 1e6) < timeout:
            if self.on_internet() == share:
                return waited
            self.run_for(_LOOK)
        return nan

    def _regions(self, continent: str) -> list[str]:
        above = [i for i, c in enumerate(self.spec.chains) if c.kind == "continental" and c.name == continent]
        if not above:
            raise UnknownProcess(continent, [c.name for c in self.spec.chains if c.kind == "continental"])
        below = {i for i, c in enumerate(self.spec.chains) if c.parent == above[0]}
        return sorted({self.spec.regions[n.region] for n in self.spec.nodes if n.chain in below})

    # what must hold

    def expect(
        self,
        name: str,
        value: float | int | str | bool | None,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        equals: object = None,
    ) -> bool:
        """Notes an expectation and whether it holds; a scenario goes on either way. NaN and None never hold."""
        number = value if isinstance(value, int | float) else None
        checks, bounds = [], []
        if at_most is not None:
            checks.append(number is not None and number <= at_most)
            bounds.append(f"≤ {at_most:g}")
        if at_least is not None:
            checks.append(number is not None and number >= at_least)
            bounds.append(f"≥ {at_least:g}")
        if equals is not None:
            checks.append(value == equals)
            bounds.append(f"= {equals}")
        if not checks:
            raise ValueError(f"the expectation {name!r} needs at_most, at_least or equals")
        self.expectations.append(Expectation(name=name, value=value, bound=", ".join(bounds), holds=all(checks)))
        return all(checks)

    def invariants(self) -> list[Invariant]:
        """Checks the invariants now; they are checked at the end of every run anyway."""
        ledgers = self.engine.ledgers()
        before = sorted(self._marks, key=lambda m: (m.chain, m.height))
        checked = invariants.check(ledgers, self.climbs, before, self.engine.certified)
        homes = [invariants.one_home(self._homes())] if self.moves else []
        return [*checked, invariants.booked(self._books(), self.receipts), *homes]

    def _books(self) -> list[Book]:
        """What each account of this run was given and what it holds now; nothing while it is under way."""
        moved = {receipt.account.id for receipt in self.moves}

        def held(account: Account) -> int:
            if account.id not in moved:
                return self.bank.balance(account)
            found = self.engine.account(account.locate(), account.id)
            return int(found["balance"]) if found else 0

        return [Book(a.id, given, held(a)) for a, given in self._funded]

    def _homes(self) -> dict[str, list[str]]:
        """The municipalities that keep each account that has moved and arrived."""
        places = [chain.name for chain in self.spec.municipalities()]
        moved = {receipt.account.id for receipt in self.moves if receipt.ended == "credited"}
        return {a: [place for place in places if self.engine.account(place, a) is not None] for a in sorted(moved)}

    def committee(self, municipality: str) -> Committee:
        """The committee of a municipality, as its farthest replica knows it. ValueError in a world without epochs."""
        return committee.of(self.engine.ledgers(), municipality)

    def repairs(self) -> int:
        """Parcels that destinations brought home by asking for them (R2 to R4), since their processes started."""
        return invariants.repairs(self.engine.ledgers())

    def repaired(self) -> int | None:
        """Those of this run; None where the ledgers do not answer."""
        now = self._repaired()
        return None if now is None or self._repaired_before is None else max(0, now - self._repaired_before)

    def _repaired(self) -> int | None:
        try:
            return self.repairs()
        except Exception:
            return None


class _Remembering(Account):
    """An account whose transfers and moves count in the run's figures."""

    def __init__(self, key: Key, municipality: str, world: World) -> None:
        super().__init__(key, municipality, world.bank)
        self._receipts, self._moves = world.receipts, world.moves

    def send(self, to: Account, amount: int) -> Receipt:
        """Pays, and remembers the receipt."""
        receipt = super().send(to, amount)
        self._receipts.append(receipt)
        return receipt

    def move(self, to: str) -> MoveReceipt:
        """Moves, and remembers the receipt."""
        receipt = super().move(to)
        self._moves.append(receipt)
        return receipt
