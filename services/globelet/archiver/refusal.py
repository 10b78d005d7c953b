"""What can go wrong between the bus and the stores: at the door, for a while, or for good with one record."""

# ruff: noqa: N818  (these are named after what happened)
from __future__ import annotations

from globelet.engines.errors import EngineError


class WrongCredentials(EngineError):
    """A store does not know the user, or not this password."""

    code, exit_status = "wrong_credentials", 2

    def __init__(self, store: str, where: str, variables: str) -> None:
        super().__init__(
            f"{store} at {where} refuses the credentials; set {variables} to those the store was made with"
        )


class OtherSchema(EngineError):
    """What lies in a store was made by another version, or by somebody else."""

    code, exit_status = "other_schema", 2

    def __init__(self, store: str, what: str, found: object, expected: int) -> None:
        super().__init__(
            f"{what} in {store} has schema {found}, this version writes {expected}; move it away or remove it, "
            "and the archiver fills the store again from the bus"
        )


class LedgerLost(EngineError):
    """immuDB cannot prove that what was verified before is still there."""

    code, exit_status = "ledger_lost", 1

    def __init__(self, where: str, why: str, state: str) -> None:
        super().__init__(
            f"immuDB at {where} does not hold what was verified before: {why}; bring its data back, or remove {state} "
            "if the loss is known"
        )


class BusAway(EngineError):
    """The bus does not answer."""

    code, exit_status = "bus_away", 4

    def __init__(self, bus: str, why: object) -> None:
        super().__init__(f"the bus at {bus} does not answer ({why}); start it, or name the right one in GLOBELET_BUS")


class Unset(EngineError):
    """A variable of the environment is missing."""

    code, exit_status = "unset", 4

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} is not set; it says {what}")


class Transient(Exception):
    """A store cannot take anything now and will later: away, throttled, restarting."""


class Full(Transient):
    """A store is there and has all it was given, and can be given no more now."""


class Poisoned(Exception):
    """A store refuses this record for good, or it is no record: stable `code`, the reason and the mend."""

    def __init__(self, code: str, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.code, self.reason, self.mend = code, reason, mend
