"""TRL's GRPOTrainer learns from our reward, on a CPU, in a minute: a tiny random model whose tokens are pieces of code.

    python -m venv trl && trl/bin/pip install trl torch .
    trl/bin/python benchmarks/trl_grpo.py [--steps 40]

Nothing is stood in for: the trainer samples completions, the reward runs them in the sandbox, the model is updated. A
completion is right when it opens a fence, writes the body that adds, and closes the fence; at random that is rare. The run
fails when no completion was right, none was wrong, a reward was lost, or the model did not learn.
"""

import argparse
import json
import tempfile
import time
from typing import Any

from execfeedback.rewards.trl import code_reward

PIECES = [
    "```python\n",
    "def add(a, b):\n    return a + b\n",
    "def add(a, b):\n    return a - b\n",
    "```\n",
    "Well, ",
]
VERIFY = json.dumps({"language": "python", "tests": "assert add(1, 2) == 3\n", "entry_point": "add"})


def tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<eos>", "<unk>", "Add.", *PIECES]
    made = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    made.decoder = decoders.Fuse()
    special = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, padding_side="left", **special)


def model(words: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    ids = {"pad_token_id": words.pad_token_id, "eos_token_id": words.eos_token_id, "bos_token_id": None}
    return LlamaForCausalLM(LlamaConfig(vocab_size=len(words), max_position_embeddings=64, **small, **ids))


def train(steps: int, folder: str) -> tuple[list[float], list[float]]:
    """Mean reward of each step, and every reward that was given."""
    import torch
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    torch.manual_seed(0)
    given: list[float] = []

    def watched(prompts: list[Any], completions: list[Any], **columns: Any) -> list[float | None]:
        rewards = code_reward(prompts, completions, **columns)
        given.extend(-1.0 if reward is None else reward for reward in rewards)
        return rewards

    words = tokenizer()
    config = GRPOConfig(
        output_dir=folder, max_steps=steps, per_device_train_batch_size=64, num_generations=32, learning_rate=2e-2,
        max_completion_length=4, beta=0.0, temperature=1.0, logging_steps=1, save_strategy="no", report_to="none",
        use_cpu=True, bf16=False, seed=0, disable_tqdm=True, lr_scheduler_type="constant",
    )  # fmt: skip
    data = Dataset.from_list([{"prompt": "Add.", "verify": VERIFY}] * 64)
    trainer = GRPOTrainer(
        model=model(words), reward_funcs=[watched], args=config, train_dataset=data, processing_class=words
    )
    trainer.train()
    return [row["reward"] for row in trainer.state.log_history if "reward" in row], given


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=40)
    steps = parser.parse_args().steps
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        means, given = train(steps, folder)
    first, last = means[0], sum(means[-5:]) / len(means[-5:])
    right, wrong, lost = (given.count(reward) for reward in (1.0, 0.0, -1.0))
    print(f"{len(given)} completions judged, {right} right, {wrong} wrong, {lost} without a reward")
    took = time.perf_counter() - start
    print(f"mean reward {first:.3f} at the first step, {last:.3f} over the last five; {took:.0f} s")
    if not (right and wrong) or lost or last <= first:
        raise SystemExit("the trainer did not learn from the rewards")


if __name__ == "__main__":
    main()
