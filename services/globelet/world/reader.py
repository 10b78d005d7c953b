"""From a path or a name to a world, or to everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import yaml

from globelet.world import marks, rules
from globelet.world.file import WorldFile, suggestion
from globelet.world.marks import Marked
from globelet.world.mistakes import Mistake, WorldError
from globelet.world.resolve import resolve
from globelet.world.resolved import ResolvedWorld

_HERE = Path(__file__).resolve().parent
_FOLDERS = (Path("scenarios/worlds"), _HERE / "worlds", _HERE.parents[2] / "scenarios" / "worlds")
_LARGEST = 1 << 20


def find(path_or_name: str | Path) -> Path:
    """The world file at a path, or of a name, looked for in `scenarios/worlds/`. WorldError if there is none."""
    path = Path(path_or_name)
    if path.suffix in {".yaml", ".yml"} or path.is_file():
        return path
    for folder in _FOLDERS:
        if (found := folder / f"{path_or_name}.yaml").is_file():
            return found
    known = sorted({file.stem for folder in _FOLDERS for file in folder.glob("*.yaml")})
    message = f"no world is called {path_or_name}: {suggestion(str(path_or_name), known)}"
    raise WorldError([Mistake(1, 1, "", message, str(path_or_name))])


def load(path_or_name: str | Path) -> ResolvedWorld:
    """The resolved world of a file or name. WorldError with every mistake."""
    path = find(path_or_name)
    return resolve(read(path), path.parent)


def read(path_or_name: str | Path) -> WorldFile:
    """The world file with every default filled in. WorldError with every mistake."""
    path = find(path_or_name)
    world, mistakes = _examine(path)
    if mistakes or world is None:
        raise WorldError(mistakes)
    return world


def check(path_or_name: str | Path) -> list[Mistake]:
    """Everything that is wrong with a world file, in the order of its lines."""
    try:
        return _examine(find(path_or_name))[1]
    except WorldError as error:
        return list(error.mistakes)


def _examine(path: Path) -> tuple[WorldFile | None, list[Mistake]]:
    try:
        marked = marks.parse(_text(path))
    except yaml.MarkedYAMLError as error:
        return None, [_syntax(error, path)]
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        return None, [Mistake(1, 1, "", f"the file can't be read: {_reason(error)}", str(path))]
    if not isinstance(marked.value, dict):
        message = "the file must hold fields such as `name: tokyo-paris`; `globelet world new` writes one"
        return None, [Mistake(1, 1, "", message, str(path))]
    world, found = rules.examine(marked.value, path.parent)
    found += [rules.Finding(twice, "stands twice: remove one", key=True) for twice in marked.twice]
    return world, sorted({_mistake(finding, marked, path) for finding in found})


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError("it is larger than 1 MiB")
    return content.decode("utf-8")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _syntax(error: yaml.MarkedYAMLError, path: Path) -> Mistake:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    detail = ", ".join(part for part in (error.context, error.problem) if part)
    return Mistake(line, column, "", f"this is not YAML: {detail}", str(path))


def _mistake(finding: rules.Finding, marked: Marked, path: Path) -> Mistake:
    line, column = marked.place(finding.path, key=finding.key)
    return Mistake(line, column, _dotted(finding.path), finding.message, str(path))


def _dotted(path: marks.Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
