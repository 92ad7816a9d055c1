"""Format `huggingface`: a folder that `datasets.load_dataset` reads and that can be pushed to a hub as it is: the rows of
`parquet` and a dataset card with licences and provenance."""

import json
from typing import Any

from execfeedback.exporters.parquet import Parquet

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
TAGS = ("code", "execution-verified", "synthetic")


class HuggingFace(Parquet):
    """One record a row, and README.md."""

    name = "huggingface"
    file = "data/train-00000-of-00001.parquet"

    def card(self, manifest: dict[str, Any]) -> str:
        return f"---\n{_front(manifest)}---\n\n{_body(manifest)}"


def create(include_semi_synthetic: bool = True) -> HuggingFace:
    """As for `parquet`, the option changes nothing."""
    return HuggingFace()


def _front(manifest: dict[str, Any]) -> str:
    """YAML; texts from a corpus are written as JSON strings, which YAML reads."""
    licences = sorted({str(source["licence"]) for source in manifest["sources"] if source["licence"]})
    known = len(licences) == 1 and all(source["licence"] for source in manifest["sources"])
    size = next((name for most, name in SIZES if manifest["rows"] < most), "n>1M")
    named = (
        [f"license: {json.dumps(licences[0].lower())}"]
        if known
        else ["license: other", "license_name: see-sources"]
    )
    lines = [
        *named,
        "task_categories:\n- text-generation",
        "tags:",
        *(f"- {tag}" for tag in TAGS),
        f"size_categories:\n- {size}",
        "configs:\n- config_name: default\n  default: true\n  data_files:\n  - split: train\n    path: data/train-*.parquet",
    ]
    return "\n".join(lines) + "\n"


def _body(manifest: dict[str, Any]) -> str:
    repaired = f"{manifest['repaired']} of them were repaired from feedback"
    parts = [
        "# A code corpus proven by execution",
        f"{manifest['rows']} records; {repaired}. Every solution ran in a sandbox, apart from its tests, passed them, and "
        "went through the gates below. `record` holds everything that is needed to run a row again.",
        '```python\nfrom datasets import load_dataset\n\nrows = load_dataset("PATH_OR_NAME", split="train")\n```',
        "## Sources and licences",
        _table(
            ("source", "licence", "records"),
            [_sourced(source) for source in manifest["sources"]],
        ),
        "The licence of each row is in its column `licence`; problem statements and tests keep it.",
        *(_counted(title, manifest.get(name, {})) for title, name in _COUNTED),
        "## Provenance",
        f"Written by execfeedback {manifest['execfeedback']} (schema {manifest['schema_version']}). Sandbox images: "
        + (", ".join(f"`{_cell(one)}`" for one in manifest["environments"]) or "none")
        + ". `manifest.json` has the checksums.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_COUNTED = (
    ("Languages", "languages"),
    ("Origins", "origins"),
    ("Models", "models"),
    ("Gates that each passed", "gates"),
)


def _counted(title: str, counts: dict[str, int]) -> str:
    rows = [(_cell(name), count) for name, count in counts.items()]
    return f"## {title}\n\n" + _table((title.lower(), "records"), rows) if counts else ""


def _sourced(source: dict[str, Any]) -> tuple[str, str, int]:
    """A line of the table of sources; a link only where nothing of the address is more than an address."""
    name, url = _cell(source["name"] or "not named"), str(source["url"] or "")
    plain = url.startswith(("https://", "http://")) and not set(url) & set("()<>|[] \n")
    return f"[{name}]({url})" if plain else name, _cell(source["licence"] or "not stated"), source["records"]


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


_PLAIN = str.maketrans({"&": "&amp;", "<": "&lt;", "|": "\\|", "[": "(", "]": ")", "`": "'"})


def _cell(text: str) -> str:
    """Text from a corpus in a line of Markdown: no break, no cell, no link, no HTML."""
    return " ".join(text.split()).translate(_PLAIN)
