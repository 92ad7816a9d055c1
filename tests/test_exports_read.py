"""Exports as the libraries that people train with read them. Those that are not here are skipped, and say so."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from execfeedback.exporters.files import export
from execfeedback.registry import exporter_named
from execfeedback.rewards.trl import code_reward
from execfeedback.rewards.verl import compute_score
from execfeedback.types import Record, Source

GOLDEN = Path(__file__).parent / "golden"
RECORD = Record.model_validate_json((GOLDEN / "export_jsonl.json").read_text("utf-8"))
RIGHT, WRONG = (f"```python\n{attempt.solution.code}```" for attempt in reversed(RECORD.attempts))


def exported(name: str, folder: Path, *records: Record) -> Path:
    """The folder with an export of these records, else of the golden one."""
    export(records or (RECORD,), exporter_named(name), folder, "1.0")
    return folder


def sourced(number: int, **source: str | None) -> Record:
    problem = RECORD.problem.model_copy(update={"source": Source(**source)})
    return RECORD.model_copy(update={"id": f"{number:064}", "problem": problem})


@pytest.mark.docker
def test_the_tests_of_an_export_tell_right_from_wrong(tmp_path: Path) -> None:
    """`rl` through TRL's reward, `verl` through verl's, with nothing changed in between."""
    parquet = pytest.importorskip("pyarrow.parquet")
    row = json.loads((exported("rl", tmp_path / "rl") / "rl.jsonl").read_text("utf-8"))
    columns = {name: [value] * 2 for name, value in row.items() if name != "prompt"}
    assert code_reward([row["prompt"]] * 2, [RIGHT, WRONG], **columns) == [1.0, 0.0]
    (row,) = parquet.read_table(exported("verl", tmp_path / "verl") / "verl.parquet").to_pylist()
    truth = row["reward_model"]["ground_truth"]
    given = [compute_score(row["data_source"], code, truth, row["extra_info"]) for code in (RIGHT, WRONG)]
    assert [one["score"] for one in given] == [1.0, 0.0]


@pytest.mark.parametrize("name", ["verl", "parquet", "huggingface"])
def test_a_table_holds_the_golden_row(name: str, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    (file,) = exported(name, tmp_path).rglob("*.parquet")
    (row,) = parquet.read_table(file).to_pylist()
    assert Record.model_validate(json.loads(row.pop("record", "null")) or RECORD) == RECORD
    assert row == json.loads((GOLDEN / f"export_{name}.json").read_text("utf-8"))


def test_many_rows_and_odd_text_fit_into_a_table(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    item = RECORD.item.model_copy(update={"solution": {"solution.py": "s = '\udcff'\n"}})
    records = [RECORD.model_copy(update={"id": f"{n:064}", "item": item}) for n in range(1001)]
    rows = parquet.read_table(exported("parquet", tmp_path, *records) / "parquet.parquet").to_pylist()
    assert [row["id"] for row in rows] == [record.id for record in records]
    assert json.loads(rows[0]["solution"]) == item.solution
    assert Record.model_validate(json.loads(rows[-1]["record"])).problem == RECORD.problem


def card(folder: Path, *records: Record) -> tuple[dict[str, Any], str]:
    """The front matter of the dataset card, and its text."""
    pytest.importorskip("pyarrow")
    text = (exported("huggingface", folder, *records) / "README.md").read_text("utf-8")
    front, body = re.fullmatch(r"---\n(.*?)---\n(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    return yaml.safe_load(front), body


def test_the_card_says_licence_and_origin(tmp_path: Path) -> None:
    front, body = card(tmp_path)
    assert front["license"] == "cc0-1.0" and front["size_categories"] == ["n<1K"]
    assert front["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]
    for said in ("| demo | CC0-1.0 | 1 |", "| synthetic | 1 |", "| stable | 1 |", "sha256:eeee"):
        assert said in body


def test_text_of_a_corpus_cannot_write_the_card(tmp_path: Path) -> None:
    evil = 'x"\n---\n# <script>alert(1)</script> | [a](javascript:alert(1))'
    front, body = card(tmp_path, sourced(1, name=evil, licence=evil, url="javascript:alert(1)"))
    assert front["license"] == evil.lower()
    assert "<script>" not in body and "](javascript:" not in body and body.count("\n# ") == 1
    front, _ = card(tmp_path / "two", sourced(1, licence="MIT"), sourced(2, licence=None))
    assert (front["license"], front["license_name"]) == ("other", "see-sources")


# ---- datasets and TRL -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sft", "dpo", "kto", "rl", "openai", "jsonl"])
def test_datasets_loads_the_lines(name: str, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    file = exported(name, tmp_path) / f"{name}.jsonl"
    rows = datasets.load_dataset(
        "json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert rows.num_rows == len(file.read_text("utf-8").splitlines())


def test_datasets_loads_the_folder_by_its_card(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    folder = exported("huggingface", tmp_path / "out")
    rows = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert rows[0]["id"] == RECORD.id


TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}<end>{% endfor %}"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a model of a few hundred numbers with its tokenizer, made here."""
    pytest.importorskip("trl")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = {word: n for n, word in enumerate(("<pad>", "<eos>", "<unk>", "def", "add", "return", "a", "b"))}
    made = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, chat_template=TEMPLATE, **special)
    config = LlamaConfig(
        vocab_size=8, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    folder = str(tmp_path_factory.mktemp("tiny"))
    for part in (LlamaForCausalLM(config), tokenizer):
        part.save_pretrained(folder)
    return folder


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["sft", "dpo", "kto"])
def test_trl_trains_a_step_on_it(name: str, tmp_path: Path, tiny: str) -> None:
    """Its own checks of the rows, its tokenization, its loss."""
    trl, datasets = pytest.importorskip("trl"), pytest.importorskip("datasets")
    kinds = {
        "sft": ("SFTConfig", "SFTTrainer"),
        "dpo": ("DPOConfig", "DPOTrainer"),
        "kto": ("KTOConfig", "KTOTrainer"),
    }
    config, trainer = (getattr(trl, kind) for kind in kinds[name])
    file = exported(name, tmp_path / "out") / f"{name}.jsonl"
    rows = datasets.load_dataset(
        "json", data_files=[str(file)] * 2, split="train", cache_dir=str(tmp_path / "cache")
    )
    told = config(
        output_dir=str(tmp_path / "run"), max_steps=1, per_device_train_batch_size=2, use_cpu=True, bf16=False,
        report_to="none", save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    ran = trainer(model=tiny, args=told, train_dataset=rows)
    assert ran.train().training_loss > 0
