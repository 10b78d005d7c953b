"""What can go wrong with reading the stores, each with the mend and the exit status of a command that meets it."""

# ruff: noqa: N818  (these are named after what happened)
from __future__ import annotations

from globelet.engines.errors import EngineError


class AnalysisError(EngineError):
    """Base: a stable `code`, a sentence with the mend, an `exit_status`."""

    code, exit_status = "analysis", 1


class ExtraMissing(AnalysisError):
    """A package of an extra is not installed."""

    code, exit_status = "extra_missing", 4

    def __init__(self, package: str, extra: str = "lab") -> None:
        super().__init__(f"the package {package} is not installed; `pip install 'globelet[{extra}]'` brings it")
        self.package, self.extra = package, extra


class NoArchive(AnalysisError, FileNotFoundError):
    """The store answers, but nothing was ever archived in it."""

    code, exit_status = "no_archive", 4


class StoreAway(AnalysisError):
    """The store does not answer."""

    code, exit_status = "store_away", 4

    def __init__(self, store: str, where: str, why: str) -> None:
        super().__init__(
            f"{store} at {where} does not answer: {why}; start it with `globelet up --engine compose`, or name "
            f"another address"
        )


class WrongCredentials(AnalysisError):
    """The store answers and refuses us."""

    code, exit_status = "wrong_credentials", 2

    def __init__(self, store: str, where: str, variables: str) -> None:
        super().__init__(f"{store} at {where} refuses these credentials; set {variables} to those of the world")


class OtherSchema(AnalysisError):
    """What is in the store was written by another version."""

    code, exit_status = "other_schema", 2

    def __init__(self, where: str, found: str) -> None:
        super().__init__(f"{where} {found}; read it with the globelet that wrote it, or archive the world anew")


class Tampered(AnalysisError):
    """A store cannot prove that its past was not rewritten."""

    code, exit_status = "tampered", 1

    def __init__(self, store: str, where: str, key: str) -> None:
        super().__init__(
            f"{store} at {where} cannot prove what it says of {key}; compare it with a copy, and restore that"
        )


class NoBodies(AnalysisError):
    """The store keeps the columns of receipts and not their proofs."""

    code, exit_status = "no_bodies", 2

    def __init__(self, store: str) -> None:
        super().__init__(f"{store} keeps no bodies of receipts; open the archive in S3, or the embedded one")


class BadChoice(AnalysisError):
    """An argument or a variable of the environment that names nothing."""

    code, exit_status = "bad_choice", 2
