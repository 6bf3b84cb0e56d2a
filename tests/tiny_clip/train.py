"""Train the tiny CLIP from nothing on drawn pictures and their captions, and write its files here.

    python -m tests.tiny_clip.train --out tests/tiny_clip

It draws the training pictures, learns a tokenizer from the captions' words, and trains image and
text towers together by CLIP's symmetric contrastive loss (Radford et al. 2021), in which every
caption that fits a picture counts as right, as in UniCL (Yang et al. 2022). About 11 minutes on
two cores: 2 for the drawing, then a third of a second for each step.
"""

import argparse
import logging
import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

from tests.naver_replica.pictures import STRAYS, SUBJECTS, Composition, compose, draw
from tests.tiny_clip.captions import caption, every_text, facts, fits
from tests.tiny_clip.model import FOLDER, new_model, new_processor
from tests.tiny_clip.tokens import train_tokenizer

# Training draws seeds below 500,000, evaluation those below 1,000,000, the replica the rest.
FIRST_SEED = 0
PER_SUBJECT, PER_STRAY = 1300, 180
PASSES = 6
BATCH = 128
# Muon (Jordan et al. 2024) moves the matrices inside the towers, AdamW all other parameters.
MUON_RATE, ADAMW_RATE, WEIGHT_DECAY, WARMUP_SHARE = 0.015, 2e-3, 0.05, 0.06
# CLIP bounds the logit scale by 100. A lower bound drives kinds further apart, and the pictures of
# one kind closer together, which a cosine radius of 0.18 needs.
MAX_LOGIT_SCALE = 10.0
# Sides of the drawn training pictures in pixels: small ones draw fast and all are shrunk to 64.
SIDES_PX = (200, 480)

log = logging.getLogger(__name__)


def draw_prepared(kind: str, seed: int, preparation: CLIPImageProcessorPil) -> NDArray[np.uint8]:
    """Return one picture as the model sees it but for scaling of values, uint8 (3, 64, 64)."""
    width, height = (int(side) for side in np.random.default_rng(seed).integers(*SIDES_PX, 2))
    prepared = preparation(
        images=draw(kind, seed, width, height), do_rescale=False, do_normalize=False
    )
    return np.asarray(prepared["pixel_values"][0], np.uint8)


def draw_kind(kind: str, count: int, preparation: CLIPImageProcessorPil) -> NDArray[np.uint8]:
    """Return the training pictures of one kind, uint8 (count, 3, 64, 64)."""
    cv2.setNumThreads(1)
    seeds = range(FIRST_SEED, FIRST_SEED + count)
    return np.stack([draw_prepared(kind, seed, preparation) for seed in seeds])


def training_set(
    preparation: CLIPImageProcessorPil,
) -> tuple[torch.Tensor, list[Composition]]:
    """Return all training pictures, uint8 (n, 3, 64, 64), and what each one shows."""
    counts = dict.fromkeys(SUBJECTS, PER_SUBJECT) | dict.fromkeys(STRAYS, PER_STRAY)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(draw_kind, kind, n, preparation) for kind, n in counts.items()]
        pictures = np.concatenate([job.result() for job in jobs])
    shown = [
        compose(kind, seed)
        for kind, n in counts.items()
        for seed in range(FIRST_SEED, FIRST_SEED + n)
    ]
    return torch.from_numpy(pictures), shown


def varied(pictures: torch.Tensor, preparation: CLIPImageProcessorPil) -> torch.Tensor:
    """Return pictures (n, 3, 64, 64) flipped, shifted, scaled and lit at random, normalized."""
    n = len(pictures)
    flips = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    scale = torch.empty(n).uniform_(0.9, 1.08)
    maps = torch.zeros(n, 2, 3)
    maps[:, 0, 0], maps[:, 1, 1] = scale * flips, scale
    maps[:, :, 2].uniform_(-0.08, 0.08)
    grid = functional.affine_grid(maps, list(pictures.shape), align_corners=False)
    values = functional.grid_sample(
        pictures.float() / 255, grid, padding_mode="reflection", align_corners=False
    )
    gain = torch.empty(n, 1, 1, 1).uniform_(0.85, 1.15)
    tint = torch.empty(n, 3, 1, 1).uniform_(-0.04, 0.04)
    mean, std = (
        torch.tensor(list(numbers)).view(1, 3, 1, 1)
        for numbers in (preparation.image_mean, preparation.image_std)
    )
    return ((values * gain + tint).clamp(0, 1) - mean) / std


def contrastive_loss(logits: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return the symmetric cross entropy of logits (n, n) against the fitting pairs (n, n)."""
    by_picture = functional.cross_entropy(logits, right / right.sum(1, keepdim=True))
    by_text = functional.cross_entropy(logits.T, right.T / right.T.sum(1, keepdim=True))
    return (by_picture + by_text) / 2


def optimizers(model: CLIPModel) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Return Muon for the matrices inside the towers and AdamW for all other parameters."""
    inner = {name for name, p in model.named_parameters() if ".layers." in name and p.ndim == 2}
    matrices = [p for name, p in model.named_parameters() if name in inner]
    rest = [p for name, p in model.named_parameters() if name not in inner]
    return (
        torch.optim.Muon(matrices, lr=MUON_RATE, weight_decay=WEIGHT_DECAY),
        torch.optim.AdamW(rest, lr=ADAMW_RATE, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98)),
    )


def rate_share(step: int, steps: int) -> float:
    """Return the share of the full learning rate: a linear warm-up, then half a cosine to zero."""
    warmup = WARMUP_SHARE * steps
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


def train(
    model: CLIPModel,
    tokenizer: CLIPTokenizer,
    preparation: CLIPImageProcessorPil,
    *,
    passes: int,
    rng: np.random.Generator,
) -> None:
    """Train the model in place."""
    pictures, shown = training_set(preparation)
    all_facts = np.array([facts(composition) for composition in shown])  # (n, 3)
    per_pass = len(pictures) // BATCH
    steps = passes * per_pass
    scheduled = [
        (optimizer, LambdaLR(optimizer, partial(rate_share, steps=steps)))
        for optimizer in optimizers(model)
    ]
    with torch.no_grad():
        model.logit_scale.fill_(math.log(MAX_LOGIT_SCALE))
    model.train()
    for step in range(steps):
        if step % per_pass == 0:
            order = rng.permutation(len(pictures))
        chosen = order[step % per_pass * BATCH :][:BATCH]
        captions = [caption(shown[n], rng) for n in chosen]
        right = fits(np.array([c.claims for c in captions]), all_facts[chosen])
        words = tokenizer([c.text for c in captions], return_tensors="pt", padding=True)
        with torch.autocast("cpu", torch.bfloat16):
            output = model(pixel_values=varied(pictures[chosen], preparation), **words)
        logits = (
            model.logit_scale.exp() * output.image_embeds.float() @ output.text_embeds.float().T
        )
        loss = contrastive_loss(logits, torch.from_numpy(right).float())
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in scheduled:
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=math.log(MAX_LOGIT_SCALE))
        if step % 50 == 0 or step == steps - 1:
            log.info("step %d of %d: loss %.3f", step, steps, loss.item())
    model.eval()


def main() -> None:
    """Train with the options of the command line and write the folder's files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write (this one)")
    parser.add_argument("--passes", type=int, default=PASSES, help="passes over the pictures")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    started = time.monotonic()
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    tokenizer = train_tokenizer(every_text())
    processor = new_processor(tokenizer)
    model = new_model(tokenizer)
    rng = np.random.default_rng(options.seed)
    train(model, tokenizer, processor.image_processor, passes=options.passes, rng=rng)
    model.save_pretrained(options.out)
    processor.save_pretrained(options.out)
    # Where published CLIPs have it, for readers that load the image side alone.
    processor.image_processor.save_pretrained(options.out)
    log.info("Wrote %s after %.0f s.", options.out, time.monotonic() - started)


if __name__ == "__main__":
    main()
