"""Analysis: what the stores hold, as pandas frames, and what can be worked out of them (extra `lab`).

```python
from globelet.analysis import open_archive

archive = open_archive("tokyo-paris")  # or mongo=…, s3=…, parquet=…
archive.receipts(), archive.blocks(), archive.roots(), archive.links()
```

The columns are the same whatever the store. Names load on first use: nothing here is paid for before it is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from globelet.analysis.archive import Archive, open_archive
    from globelet.analysis.errors import AnalysisError
    from globelet.analysis.live import archive_of, running

__all__ = ["AnalysisError", "Archive", "archive_of", "open_archive", "running"]

_HOMES = {
    "AnalysisError": "errors",
    "Archive": "archive",
    "archive_of": "live",
    "open_archive": "archive",
    "running": "live",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"globelet.analysis.{_HOMES[name]}"), name)
