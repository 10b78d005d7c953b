"""What can be wrong with a selection policy."""

from __future__ import annotations


class PolicyError(ValueError):
    """A policy that can't be used, or an answer that isn't taken: a stable `code`, a sentence that names the mend.

    At the door: policy_name, policy_not_found, policy_too_large, policy_import, policy_not_callable.
    When it is asked: policy_raised, policy_answer, policy_count, policy_weight, policy_slow.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail

    def __str__(self) -> str:
        """The sentence with its code."""
        return f"{self.detail} [{self.code}]"
