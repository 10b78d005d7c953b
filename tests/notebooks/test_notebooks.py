"""The notebooks: committed without outputs, run from top to bottom on a live world, and what their cells then show."""

import base64
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.notebooks

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
# What each one must have worked out, and the checks that the embedded store alone cannot make.
FRAMES = {
    "tokyo_to_paris": ["rows", "archived", "checks"],
    "latency_map": ["transfers", "table", "links", "oceans", "checks"],
    "load_test": ["steps", "transfers", "by_pair", "usage", "checks"],
    "ledger_audit": ["transfers", "blocks", "roots", "sums", "kept", "verified", "checks"],
    "algorithms": ["shares", "made", "delays", "redundancy", "errors", "history", "sizes", "checks"],
}
UNTOLD = {
    "load_test": {"the world was the limit"},
    "ledger_audit": {"receipts as in immuDB", "roots as in immuDB", "receipts re-verified from S3"},
}
LONGEST = 600


def read(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def draws(cell: Any) -> bool:
    return cell.cell_type == "code" and "plt.show()" in cell.source


@dataclass(frozen=True)
class Executed:
    """A notebook with its outputs; each code cell's images; what its last frames hold."""

    notebook: Any
    lengths: dict[str, int]
    checks: list[dict[str, Any]]

    def images(self, cell: Any) -> list[bytes]:
        return [base64.b64decode(o.data["image/png"]) for o in cell.outputs if "image/png" in o.get("data", {})]

    def said(self, stream: str) -> str:
        cells = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        return "".join(o.text for cell in cells for o in cell.outputs if o.get("name") == stream)


def execute(name: str, folder: Path) -> Executed:
    """Runs every cell in order in a fresh kernel, and then asks that kernel what it has."""
    notebook = read(name)
    client = NotebookClient(
        notebook, timeout=LONGEST, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    lengths = "{" + ", ".join(f"{frame!r}: len({frame})" for frame in FRAMES[name]) + "}"
    question = f"import json\nprint(json.dumps([{lengths}, json.loads(checks.to_json(orient='records'))]))"
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        asked = nbformat.v4.new_code_cell(question)
        notebook.cells.append(asked)
        client.execute_cell(asked, len(notebook.cells) - 1)
    notebook.cells.remove(asked)
    lengths, checks = json.loads("".join(output.text for output in asked.outputs))
    return Executed(notebook, lengths, checks)


def test_every_notebook_is_known_here():
    assert set(NOTEBOOKS) == set(FRAMES)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_committed_without_outputs(name):
    notebook = read(name)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert notebook.cells[0].cell_type == "markdown"
    assert any(draws(cell) for cell in code)
    assert not any("globelet." in key or key in ("execution", "collapsed") for cell in code for key in cell.metadata)


@pytest.fixture(scope="module", params=NOTEBOOKS)
def executed(request, engine, tmp_path_factory) -> tuple[str, Executed]:
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    done = execute(name, folder)
    nbformat.write(done.notebook, folder / f"{name}.ipynb")
    return name, done


def test_its_frames_hold_something_and_its_checks_hold(executed, engine):
    name, done = executed
    assert min(done.lengths.values()) > 0, done.lengths
    untold = UNTOLD.get(name, set())
    assert len(done.checks) > len(untold)
    assert [check for check in done.checks if check["holds"] is False] == []
    unknown = {check["check"] for check in done.checks if check["holds"] is None}
    assert unknown <= untold
    if engine.name == "compose":
        assert unknown <= UNTOLD["load_test"], "the containers' stores can tell"


def test_every_drawing_is_an_image_with_something_on_it(executed):
    from matplotlib import image

    _, done = executed
    drawn = [(cell, done.images(cell)) for cell in done.notebook.cells if draws(cell)]
    assert drawn
    for cell, images in drawn:
        assert len(images) == 1, cell.source
        pixels = image.imread(io.BytesIO(images[0]), format="png")
        assert pixels.shape[0] > 100, "too small to read"
        assert pixels.shape[1] > 400, "too small to read"
        assert len({tuple(row) for row in pixels.reshape(-1, pixels.shape[2])[::97].round(2)}) > 3, "nothing was drawn"


def test_it_complains_of_nothing(executed):
    _, done = executed
    assert "Warning" not in done.said("stderr"), done.said("stderr")
