"""How far our Qwen3-VL is from transformers': largest logit difference, divergence and gradient error over tiny random models, in float32.

PYTHONPATH=. python bench/parity.py
"""

import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers

from model.weights import load_hf
from tests.model.reference import reference_logits, reference_model, save_reference
from tests.model.rows import packed, tiny
from tests.model.test_parity import CONFIGS, MEDIA, both_logits, difference, divergence, gradient_errors


def main() -> None:
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    print(f"{'model':30} {'input':15} {'logits':>9} {'KL (nats)':>10} {'gradients':>10}")
    for name, changes in CONFIGS.items():
        theirs = reference_model(tiny(**changes))
        with tempfile.TemporaryDirectory() as folder:
            save_reference(theirs, Path(folder))
            ours = load_hf(Path(folder))
        for media, samples in MEDIA.items():
            logits = both_logits(theirs, ours, samples)
            theirs.zero_grad()
            ours.zero_grad()
            ours(packed(samples)).loss.backward()
            for sample in samples:
                wanted = reference_logits(theirs, sample)
                F.cross_entropy(wanted[:-1], torch.from_numpy(sample.ids[1:]).long(), reduction="sum").backward()
            worst = max(gradient_errors(theirs, ours).values())
            print(f"{name:30} {media:15} {difference(logits):9.1e} {divergence(logits):10.1e} {worst:10.1e}", flush=True)


if __name__ == "__main__":
    main()
