"""A policy's source: found by name at the door, and loaded from its text wherever it is asked.

A policy is one module: it may import what is installed, and nothing that lies beside it.
"""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import cast

from globelet.selection.candidate import Policy
from globelet.selection.errors import PolicyError

MOST_SOURCE = 64 * 1024
"""Bytes of a module's source."""

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_HERE = Path(__file__).resolve().parents[1]
# The policies that come with globelet, in a clone and in a wheel.
_EXAMPLES = (Path("scenarios/policies"), _HERE / "world" / "policies")


def _parts(name: str) -> tuple[str, str]:
    if len(name) > 255 or not _NAME.fullmatch(name):
        raise PolicyError("policy_name", f"{name!r} names no policy: write module:function, such as near:prefer_near")
    module, _, function = name.partition(":")
    return module, function


def find(name: str, folder: Path = Path()) -> str:
    """The source of the module that a policy's name names.

    Looked for in `folder` (the world file's), the working directory, `scenarios/policies/`, then among what is
    installed. Raises `PolicyError` policy_name, policy_not_found, policy_too_large.
    """
    module, _ = _parts(name)
    for path in _places(module, folder):
        if path.is_file():
            return _read(path)
    raise PolicyError(
        "policy_not_found",
        f"there is no module {module} for the policy {name}: put {module.replace('.', '/')}.py beside the world file, "
        "into the working directory or into scenarios/policies/, or install it",
    )


def _places(module: str, folder: Path) -> Iterator[Path]:
    relative = Path(*module.split(".")).with_suffix(".py")
    for around in (folder, Path(), *_EXAMPLES):
        yield around / relative
    try:
        spec = find_spec(module)
    except Exception:  # looking for a.b imports a, which may raise anything
        return
    if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
        yield Path(spec.origin)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_SOURCE + 1)
        text = data[:MOST_SOURCE].decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError("policy_not_found", f"{path} can't be read: {error}; write it as UTF-8 text") from error
    if len(data) > MOST_SOURCE:
        raise PolicyError(
            "policy_too_large", f"{path} has more than {MOST_SOURCE // 1024} KiB: move what is large into a package"
        )
    return text


def load(name: str, source: str) -> Policy:
    """The policy, from its module's source. Raises `PolicyError` policy_name, policy_import, policy_not_callable."""
    module_name, function = _parts(name)
    module = _executed(module_name, source)
    found = getattr(module, function, None)
    if not callable(found):
        known = sorted(n for n, value in vars(module).items() if callable(value) and not n.startswith("_"))
        what = "has no function" if found is None else "can't be called as"
        mend = f"it has {', '.join(known)}" if known else "define it"
        raise PolicyError("policy_not_callable", f"the module {module_name} {what} {function}: {mend}")
    return cast(Policy, found)


def _executed(name: str, source: str) -> ModuleType:
    """The module of a source text. It has a name of its own, so that it is never taken for what is installed."""
    own = f"globelet_policy_{sha256(source.encode()).hexdigest()[:16]}_{name.replace('.', '_')}"
    if (known := sys.modules.get(own)) is not None:
        return known
    file = f"<policy {name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    module = ModuleType(own)
    # Dataclasses look their module up by name.
    sys.modules[own] = module
    try:
        exec(compile(source, file, "exec", dont_inherit=True), vars(module))  # noqa: S102 (a policy is code of one's own)
    except (Exception, SystemExit) as error:
        del sys.modules[own]
        raise PolicyError(
            "policy_import",
            f"the module {name} of the policy can't be imported: {type(error).__name__}: {error}; "
            "it is one file, and may import only what is installed where the world runs",
        ) from error
    return module
