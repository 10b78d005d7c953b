"""Rules of the repository. A rule is a function from a file to its breaches; each has a canary that it must catch."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.tidy

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".git", ".venv", "target", "node_modules", ".globelet", "results", "__pycache__", ".hypothesis"}
MOST_LINES = 800


@dataclass(frozen=True)
class File:
    """A file of the repository: its path from the root, its text."""

    path: str
    text: str


Rule = Callable[[File], Iterator[str]]


def below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in SKIPPED or path.is_symlink():
            continue
        if path.is_dir():
            yield from below(path)
        else:
            yield path


def files(*endings: str) -> list[File]:
    paths = (path for path in below(ROOT) if path.name.endswith(endings))
    return [File(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in paths]


def lines_of_code(text: str, comment: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith(comment):
            yield number, line


def without_tests(text: str) -> str:
    """Rust source up to its test module, which stands last."""
    return re.split(r"^#\[cfg\(test\)\]\s*\n(?:#\[[^\n]*\n)*mod ", text, maxsplit=1, flags=re.MULTILINE)[0]


# What the core must not call, and what to use instead.
BANNED_IN_CORE = {
    r"\bHash(Map|Set)\b": "BTreeMap or BTreeSet: the order of iteration must be the same every time",
    r"\b(Instant|SystemTime)\b|\bstd::time\b": "`now` as an argument",
    r"\b(OsRng|ThreadRng|thread_rng|getrandom|from_os_rng|from_entropy)\b|\brand::(rng|random)\b": "a seed given",
    r"\bstd::(net|os)\b|\b(Tcp|Udp|Unix)(Stream|Listener|Socket|Datagram)\b": "an effect that the driver carries out",
    r"\bstd::fs\b|\bFile::(open|create)\b|\bOpenOptions\b": "the effect Persist",
    r"\bstd::(thread|sync::(mpsc|Mutex|RwLock|Condvar))\b|\btokio\b|\brayon\b": "the driver's threads",
    r"\bstd::(env|process)\b": "a field of the configuration",
    r"\be?print(ln)?!": "an effect or a returned value",
}
CORE = re.compile(r"^native/(types|protocol|algorithms/[a-z0-9_-]+)/src/")


def core_is_pure(file: File) -> Iterator[str]:
    if not CORE.match(file.path) or file.path.endswith("/python.rs"):
        return
    for number, line in lines_of_code(without_tests(file.text), "//"):
        for pattern, instead in BANNED_IN_CORE.items():
            if found := re.search(pattern, line):
                yield f"{file.path}:{number}: {found.group()} has no place in the core; use {instead}"


SLEEPS = re.compile(
    r"\btime\.sleep\(|\basyncio\.sleep\((?!0\))|\bthread::sleep\b|\btokio::time::sleep\b|\btime\.Sleep\("
)
TESTS = re.compile(r"(^|/)tests/|_test\.go$")


def no_sleep_in_tests(file: File) -> Iterator[str]:
    if not TESTS.search(file.path) or file.path.startswith("tests/tidy/"):
        return
    for number, line in lines_of_code(file.text, "//" if not file.path.endswith(".py") else "#"):
        if found := SLEEPS.search(line):
            yield f"{file.path}:{number}: {found.group()} waits for a guess; wait for the event with a deadline"


def files_are_small(file: File) -> Iterator[str]:
    count = file.text.count("\n")
    if count > MOST_LINES:
        yield f"{file.path}: {count} lines, at most {MOST_LINES}; split it by its nouns"


def names_say_something(file: File) -> Iterator[str]:
    stem = Path(file.path).name.split(".")[0]
    if stem in {"utils", "util", "helpers", "helper", "manager", "misc", "common"}:
        yield f"{file.path}: {stem} names nothing; name the file after its noun"


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")


def links_resolve(file: File) -> Iterator[str]:
    prose = re.sub(r"^```.*?^```", "", file.text, flags=re.MULTILINE | re.DOTALL)
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", prose)):
        path = target.split("#")[0]
        if not path or re.match(r"[a-z]+:", path):
            continue
        if not (ROOT / Path(file.path).parent / path).exists():
            yield f"{file.path}: the link to {target} leads nowhere"


# Arrows point one way: a crate may depend on crates of a lower level only; the drivers not on each other.
LEVELS = {
    "types": 0,
    "binding": 0,
    "fuzz": 0,
    "algorithms": 1,
    "protocol": 2,
    "node": 3,
    "simulator": 3,
    "links": 3,
    "python": 4,
}


def arrows_point_down(file: File) -> Iterator[str]:
    here = kind_of(file.path)
    manifest = tomllib.loads(file.text)
    for section in ("dependencies", "build-dependencies", "dev-dependencies"):
        for name in manifest.get(section, {}):
            there = crate_kinds().get(name)
            if there is None or here is None or name == manifest["package"]["name"]:
                continue
            same = here == there == "algorithms"
            if not same and LEVELS[there] >= LEVELS[here]:
                yield f"{file.path}: {here} must not depend on {name} ({there}); arrows go {' → '.join(LEVELS)} upwards"


def kind_of(path: str) -> str | None:
    found = re.match(r"native/([a-z]+)/", path)
    return found.group(1) if found and found.group(1) in LEVELS else None


def crate_kinds() -> dict[str, str]:
    kinds = {}
    for path in (ROOT / "native").glob("**/Cargo.toml"):
        kind = kind_of(str(path.relative_to(ROOT)))
        if kind:
            kinds[tomllib.loads(path.read_text(encoding="utf-8"))["package"]["name"]] = kind
    return kinds


def manifests() -> list[File]:
    return [file for file in files("Cargo.toml") if file.path.startswith("native/")]


RULES: dict[str, tuple[Rule, Callable[[], Iterable[File]]]] = {
    "core_is_pure": (core_is_pure, lambda: files(".rs")),
    "no_sleep_in_tests": (no_sleep_in_tests, lambda: files(".rs", ".py", ".go")),
    "files_are_small": (files_are_small, lambda: files(".rs", ".py")),
    "names_say_something": (names_say_something, lambda: files(".rs", ".py", ".go", ".ts", ".js")),
    "links_resolve": (links_resolve, lambda: files(".md")),
    "arrows_point_down": (arrows_point_down, manifests),
}

CORE_FILE = "native/protocol/src/state.rs"
MANIFEST = '[package]\nname = "x"\n[dependencies]\n'
CANARIES: list[tuple[str, File]] = [
    ("core_is_pure", File(CORE_FILE, "use std::collections::HashMap;\n")),
    ("core_is_pure", File(CORE_FILE, "let t = Instant::now();\n")),
    ("core_is_pure", File(CORE_FILE, "let mut rng = OsRng;\n")),
    ("core_is_pure", File("native/algorithms/vrf/src/lib.rs", "let s = TcpStream::connect(a);\n")),
    ("core_is_pure", File("native/types/src/lib.rs", "std::fs::read(path)\n")),
    ("core_is_pure", File(CORE_FILE, "std::thread::spawn(f);\n")),
    ("core_is_pure", File(CORE_FILE, 'let v = std::env::var("X");\n')),
    ("core_is_pure", File(CORE_FILE, 'println!("here");\n')),
    ("core_is_pure", File(CORE_FILE, "#[cfg(test)]\nuse a::b;\nfn f() { let m = HashSet::new(); }\n")),
    ("no_sleep_in_tests", File("tests/e2e/test_x.py", "    time.sleep(1)\n")),
    ("no_sleep_in_tests", File("native/node/tests/x.rs", "tokio::time::sleep(d).await;\n")),
    ("no_sleep_in_tests", File("tests/links/goclient/x_test.go", "\ttime.Sleep(d)\n")),
    ("files_are_small", File("native/node/src/net.rs", "\n" * (MOST_LINES + 1))),
    ("names_say_something", File("services/globelet/utils.py", "")),
    ("links_resolve", File("README.md", "see [the design](no-such-page.md#words)\n")),
    ("arrows_point_down", File("native/types/Cargo.toml", MANIFEST + "globelet-protocol.workspace = true\n")),
    ("arrows_point_down", File("native/node/Cargo.toml", MANIFEST + "globelet-simulator.workspace = true\n")),
    ("arrows_point_down", File("native/algorithms/vrf/Cargo.toml", MANIFEST + "globelet-node = {}\n")),
]
ALLOWED: list[tuple[str, File]] = [
    ("core_is_pure", File(CORE_FILE, "// a HashMap would do\n#[cfg(test)]\nmod tests { use std::fs; }\n")),
    ("core_is_pure", File("native/node/src/disk.rs", "use std::fs;\n")),
    ("core_is_pure", File("native/types/src/python.rs", "use std::fs;\n")),
    (
        "links_resolve",
        File("README.md", "[changes](CHANGELOG.md#unreleased) and [a page](https://example.org) `[a](b)`\n"),
    ),
    ("arrows_point_down", File("native/protocol/Cargo.toml", MANIFEST + "globelet-types.workspace = true\n")),
]


@pytest.mark.parametrize("name", RULES)
def test_rule_holds(name: str) -> None:
    rule, chosen = RULES[name]
    examined = list(chosen())
    assert examined, "the rule looked at no file"
    breaches = [breach for file in examined for breach in rule(file)]
    assert not breaches, "\n" + "\n".join(breaches)


@pytest.mark.parametrize(("name", "file"), CANARIES, ids=lambda part: part if isinstance(part, str) else part.path)
def test_rule_bites(name: str, file: File) -> None:
    assert list(RULES[name][0](file))


@pytest.mark.parametrize(("name", "file"), ALLOWED, ids=lambda part: part if isinstance(part, str) else part.path)
def test_rule_lets_pass(name: str, file: File) -> None:
    assert not list(RULES[name][0](file))


def test_every_rule_has_a_canary() -> None:
    assert {name for name, _ in CANARIES} == set(RULES)
