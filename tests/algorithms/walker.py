"""Calls everything that a module of `globelet._native` exports, with whatever a careless or hostile caller may pass.

`python walker.py MODULE SEED ROUNDS` runs alone, since what it looks for may end the process: a panic, an abort, an
allocation beyond bounds. The type stubs say what there is to call. Objects come from the module's own examples and from
what calls return, so that methods meet objects in states that a program could bring them into.
"""

from __future__ import annotations

import ast
import doctest
import random
import resource
import sys
import time
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy

import globelet._native as native
from globelet.world import load

STUBS = Path(native.__file__).parent / "_native"
# What a call may add to the process, and how long it may take: generous, but a bound.
MOST_MEMORY = 2 << 30
MOST_SECONDS = 20.0
# A refusal: the module's own error, or Python's for a value of the wrong type or out of a number's range.
REFUSALS = (native.AlgorithmError, TypeError, ValueError, OverflowError, BufferError)
# Objects kept of each type, and bytes.
KEPT = 12

# What a simulation or a benchmark is asked to go on for, it goes on for.
LASTING = {"us": 20_000, "limit_us": 20_000, "spacing_us": 500, "samples": 8, "times": 3}

LARGE = [2**16, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**200, -1, -(2**63), -(2**64)]
WRONG = [None, True, 1.5, float("nan"), float("inf"), "", "x" * 70_000, "\ud800", object(), {}, set(), print, ()]


class Call(NamedTuple):
    """Something that can be called: `owner` is the class of a method, None of a function."""

    name: str
    owner: str | None
    parameters: list[tuple[str, str]]
    documented: str


def _parameters(function: ast.FunctionDef, method: bool) -> list[tuple[str, str]]:
    arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    named = [(a.arg, ast.unparse(a.annotation) if a.annotation else "object") for a in arguments]
    return named[1:] if method else named


def calls(name: str) -> list[Call]:
    """What the stub of a module declares: functions, constructors, methods, properties (which take nothing)."""
    found = []
    for node in ast.parse((STUBS / f"{name}.pyi").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.append(Call(node.name, None, _parameters(node, False), ast.get_docstring(node) or ""))
        if not isinstance(node, ast.ClassDef) or not hasattr(import_module(f"globelet._native.{name}"), node.name):
            continue
        for item in node.body:
            if isinstance(item, ast.FunctionDef):
                static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in item.decorator_list)
                about = f"{ast.get_docstring(node) or ''} {ast.get_docstring(item) or ''}"
                found.append(Call(item.name, node.name, _parameters(item, not static), about))
    return found


class Walker:
    """One walk through a module: the same seed makes the same calls."""

    def __init__(self, name: str, seed: int) -> None:
        self.module = import_module(f"globelet._native.{name}")
        self.name = name
        self.calls = calls(name)
        self.random = random.Random(f"{name} {seed}")
        self.objects: dict[str, list[Any]] = defaultdict(list)
        self.bytes: list[bytes] = [b"", b"\0", b"tokyo", b"\xff" * 32, bytes(64), bytes(range(256)) * 16]
        self.texts: list[str] = ["", "tokyo", "{}", "[]", "\0", "é" * 1_000]
        self.answered = 0

    def learn_world(self) -> None:
        """Makes a world, for the modules that read worlds, geneses, orders and receipts."""
        self.texts += native.kernels.NAMES if self.name == "kernels" else ()
        if self.name not in ("receipts", "simulator", "types"):
            return
        world = load("tokyo-paris").to_json()
        made = native.simulator.Simulation(world, 3)
        made.run_for(1_000_000)
        self.objects["Simulation"] = [made]
        self.texts += [world, *[made.genesis()] * 6, made.ledgers(), "tokyo-r0", "silent", "credited"]

    def learn_examples(self) -> None:
        """Runs the examples of the Python module of the same name, and keeps the objects that they made."""
        try:
            module = import_module(f"globelet.algorithms.{self.name}")
        except ModuleNotFoundError:
            return
        runner = doctest.DocTestRunner(verbose=False)
        for example in doctest.DocTestFinder().find(module):
            names = example.globs
            runner.run(example, out=lambda _: None, clear_globs=False)
            for made in list(names.values()):
                self.keep(made, 3)

    def keep(self, value: Any, depth: int) -> None:
        """Keeps what a call gave, and what is inside it, for the calls to come."""
        if isinstance(value, bytes):
            self._put(self.bytes, value)
        elif isinstance(value, (list, tuple)) and depth > 0:
            for item in value[:4]:
                self.keep(item, depth - 1)
        elif isinstance(value, dict) and depth > 0:
            self.keep(list(value.values()), depth - 1)
        elif isinstance(value, str) and value:
            self._put(self.texts, value)
        elif type(value).__module__.startswith("globelet"):
            self._put(self.objects[type(value).__name__], value)

    def _put(self, kept: list[Any], value: Any) -> None:
        most = 6 * KEPT if kept is self.bytes or kept is self.texts else KEPT
        if len(kept) < most:
            kept.append(value)
        else:
            kept[self.random.randrange(len(kept))] = value

    def a_number(self) -> int:
        one = self.random.random()
        if one < 0.6:
            return self.random.randrange(9)
        return self.random.randrange(300) if one < 0.8 else self.random.choice(LARGE)

    def some_bytes(self) -> Any:
        """Bytes that were seen, cut, bent or made longer, in any of the shapes that bytes have."""
        known = bytearray(self.random.choice(self.bytes))
        one = self.random.randrange(6)
        if one == 0 and known:
            known[self.random.randrange(len(known))] ^= 1 << self.random.randrange(8)
        elif one == 1:
            del known[self.random.randrange(len(known) + 1) :]
        elif one == 2:
            known += self.random.randbytes(self.random.choice([1, 7, 32, 3_000]))
        elif one == 3:
            known = bytearray(self.random.randbytes(self.random.choice([0, 1, 31, 32, 33, 48, 64, 80, 96, 1_184])))
        shape = self.random.randrange(7)
        if shape == 0:
            return known
        if shape == 1:
            return memoryview(bytes(known))
        if shape == 2:
            return memoryview(bytes(known) * 2)[::2]
        if shape == 3:
            return numpy.frombuffer(bytes(known), numpy.uint8)
        return bytes(known)

    def some_rows(self) -> Any:
        """Many byte strings: a list, or an array with one a row, also of the wrong kind."""
        count = self.random.randrange(6)
        if self.random.random() < 0.7:
            return [self.some_bytes() for _ in range(count)]
        kind = self.random.choice([numpy.uint8, numpy.uint8, numpy.float64, numpy.int32])
        rows = numpy.zeros((count, self.random.choice([0, 1, 32, 64])), kind)
        return rows.T if self.random.random() < 0.2 else rows

    def value(self, annotation: str, depth: int = 2) -> Any:
        """A value for a parameter: of its type more often than not."""
        if self.random.random() < 0.12:
            return self.random.choice([*WRONG, self.a_number(), self.some_bytes(), [self.some_bytes()], [object()]])
        choices: list[Any] = []
        for part in ast.walk(ast.parse(annotation, mode="eval")):
            if isinstance(part, ast.Constant) and isinstance(part.value, (str, int)):
                choices.append(part.value)
            elif isinstance(part, ast.Name):
                choices.extend(self._named(part.id, depth))
        if "Sequence" in annotation or "Mapping" in annotation or "list[" in annotation:
            inner = annotation.partition("[")[2].rpartition("]")[0] or "object"
            choices = [[self._inner(inner, depth) for _ in range(self.random.randrange(6))] for _ in range(3)]
            choices.append(dict(enumerate(choices[0])) if "Mapping" in annotation else choices[0])
        return self.random.choice(choices) if choices else self.a_number()

    def _inner(self, annotation: str, depth: int) -> Any:
        parts = _split(annotation.removeprefix("tuple[").removesuffix("]")) if annotation.startswith("tuple[") else []
        if parts:
            return tuple(self.value(part, depth - 1) for part in parts)
        return self.value(_split(annotation)[-1] if depth > 0 else "object", depth - 1)

    def _named(self, name: str, depth: int) -> list[Any]:
        if name == "int":
            return [self.a_number()]
        if name in ("Buffer", "bytes"):
            return [self.some_bytes()]
        if name in ("_Rows", "_Numbered"):
            rows = self.some_rows()
            pairs = [(self.a_number(), self.some_bytes()) for _ in range(depth)]
            return [rows] if name == "_Rows" else [pairs, dict(pairs), dict(enumerate(list(rows)[:8]))]
        if name == "float":
            return [self.random.choice([0.0, 0.5, -1.0, 1e-9, 1e300, 90.0, float("nan"), float("inf")])]
        if name == "bool":
            return [self.random.random() < 0.5]
        if name == "str":
            return [self.random.choice([*self.texts, self.random.choice(self.bytes).hex()])]
        if name.startswith("_"):
            return [self.some_rows(), self.a_number(), [(self.a_number(), self.a_number(), self.a_number(), 1)]]
        return list(self.objects.get(name, []))

    def step(self) -> None:
        """One call; whatever it is, it returns or refuses, in time."""
        call = self.random.choice(self.calls)
        values = [self.value(annotation) for _, annotation in call.parameters]
        for place, (parameter, _) in enumerate(call.parameters):
            if parameter in LASTING and isinstance(values[place], int):
                values[place] = min(values[place], LASTING[parameter])
        if values and self.random.random() < 0.05:
            values.pop()
        thing = self._thing(call)
        if thing is None:
            return
        began = time.monotonic()
        try:
            given = thing(*values)
        except REFUSALS:
            given = None
        except (RuntimeError, KeyError, IndexError) as refused:
            # Where the stub says so: a mapping that lacks a field.
            if type(refused).__name__ not in call.documented and call.name not in ("__getitem__", "__delitem__"):
                self.fail(call, values, refused)
            given = None
        except BaseException as broken:
            # A panic of the extension is no Exception.
            self.fail(call, values, broken)
        else:
            self.answered += 1
            self.keep(given, 3)
        if time.monotonic() - began > MOST_SECONDS:
            self.fail(call, values, TimeoutError(f"took {time.monotonic() - began:.0f} s"))

    def _thing(self, call: Call) -> Any:
        if call.owner is None:
            return getattr(self.module, call.name)
        owner = getattr(self.module, call.owner)
        if call.name in ("__new__", "__init__"):
            return owner
        receivers = self.objects.get(call.owner)
        member = getattr(owner, call.name, None)
        if callable(member) and getattr(member, "__self__", None) is owner:
            return member
        if not receivers:
            return member if callable(member) and not call.name.startswith("__") else None
        receiver = self.random.choice(receivers)
        if not callable(member):
            return lambda: getattr(receiver, call.name)
        return getattr(receiver, call.name)

    def fail(self, call: Call, values: list[Any], why: BaseException) -> None:
        """Ends the walk with what was called."""
        shown = ", ".join(repr(value)[:300] for value in values)
        place = f"{self.name}.{call.owner + '.' if call.owner else ''}{call.name}"
        raise SystemExit(f"{place}({shown}): {type(why).__name__}: {why}")


def _split(text: str) -> list[str]:
    """The parts between commas that no bracket encloses."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "[(") - (letter in "])")
        if letter == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [part for part in [*parts, text[start:].strip()] if part not in ("", "...")]


def main(name: str, seed: int, rounds: int) -> None:
    """Walks, and prints how many calls were answered."""
    walker = Walker(name, seed)
    walker.learn_examples()
    walker.learn_world()
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY, used + MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for _ in range(rounds):
        walker.step()
    sys.stdout.write(f"{walker.answered}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
