"""The original's compositional agent in PyTorch, to be timed beside ours.

Channels are first, as in the original; its state dict is `creative_agent.*` of keys.tsv. Attention weights
are not dropped out, as ours are not: so PyTorch's fused attention is used. Run by `bench_agent.py`; imports
nothing of this project, as PyTorch may live in another environment.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

SLOPE = 0.2
KERNELS = {"rhythm": (3, 5), "harmony": (7, 9), "timbre": (15, 21)}


class Extractor(nn.Module):
    """Latents `[B, 128, T]` to the three components `[B, 192, T]`."""

    def __init__(self) -> None:
        super().__init__()
        for factor, (first, second) in KERNELS.items():
            self.add_module(f"{factor}_conv1", nn.Conv1d(128, 128, first, padding=first // 2))
            self.add_module(f"{factor}_conv2", nn.Conv1d(128, 64, second, padding=second // 2))
            self.add_module(f"{factor}_skip", nn.Conv1d(128, 64, 1))
            self.add_module(f"{factor}_norm", nn.BatchNorm1d(64))

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        components = []
        for factor in KERNELS:
            conv1, conv2, skip, norm = (
                getattr(self, f"{factor}_{part}") for part in ("conv1", "conv2", "skip", "norm")
            )
            x = functional.leaky_relu(conv1(latents), SLOPE)
            components.append(norm(functional.leaky_relu(conv2(x), SLOPE) + skip(latents)))
        return torch.cat(components, dim=1)


class Positions(nn.Module):
    """The sinusoidal table, added."""

    def __init__(self, size: int, dropout: float, longest: int = 2000) -> None:
        super().__init__()
        rate = torch.exp(torch.arange(0, size, 2) * (-math.log(10_000.0) / size))
        angle = torch.arange(longest)[:, None] * rate[None]
        table = torch.stack([angle.sin(), angle.cos()], dim=-1).reshape(1, longest, size)
        self.register_buffer("pe", table)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(x + self.pe[:, : x.shape[1]])


class Composer(nn.Module):
    """Gated components `[B, T, 384]` to latents `[B, T, 128]`."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.component_projection = nn.Linear(384, 512)
        self.pos_encoder = Positions(512, dropout)
        layer = nn.TransformerEncoderLayer(512, 8, 2048, dropout, "gelu", batch_first=True)
        self.composer = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
        for one in self.composer.layers:
            one.self_attn.dropout = 0.0
        self.output_projection = nn.Sequential(
            nn.Linear(512, 256), nn.GELU(), nn.Dropout(dropout), nn.Linear(256, 128)
        )

    def forward(self, gated: torch.Tensor) -> torch.Tensor:
        return self.output_projection(self.composer(self.pos_encoder(self.component_projection(gated))))


class Agent(nn.Module):
    """Latents of two clips `[B, 128, T]` to the composition's, and the original code's regulariser."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.input_extractor, self.target_extractor = Extractor(), Extractor()
        self.component_selector = nn.Sequential(
            nn.Conv1d(384, 256, 1), nn.LeakyReLU(SLOPE), nn.Conv1d(256, 6, 1)
        )
        self.composer = Composer(dropout)

    def forward(self, mine: torch.Tensor, theirs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        components = torch.cat([self.input_extractor(mine), self.target_extractor(theirs)], dim=1)
        logits = self.component_selector(components)
        weights = torch.softmax(logits, dim=1)
        batch, _, length = components.shape
        gated = (components.reshape(batch, 6, 64, length) * weights[:, :, None]).reshape(batch, 384, length)
        latents = self.composer(gated.transpose(1, 2)).transpose(1, 2)
        cosines = [functional.cosine_similarity(latents, clip, dim=1) for clip in (mine, theirs)]
        means = logits.mean(dim=(0, 2))
        balance = (means[:3].sum() - means[3:].sum()).abs()
        return latents, 0.5 * sum(cosine.mean().abs() for cosine in cosines) + 0.1 * balance


class Trainer:
    """Steps of AdamW on one batch; the agent's weights by the original's names."""

    def __init__(self, weights: dict, clips: dict, dropout: float, threads: int, settings: dict) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self._agent = Agent(dropout)
        state = {name: torch.from_numpy(value) for name, value in weights.items()}
        self._agent.load_state_dict(state)
        # To be contiguous channels first is what its convolutions like best.
        self._clips = {
            name: torch.from_numpy(clip).transpose(1, 2).contiguous() for name, clip in clips.items()
        }
        self._weight = settings["regulariser"]
        self._optimizer = torch.optim.AdamW(
            self._agent.parameters(), settings["rate"], weight_decay=settings["decay"], fused=True
        )

    def evaluate(self, mine, theirs):
        """Latents `[B, T, 128]` and regulariser in evaluation mode."""
        self._agent.eval()
        with torch.no_grad():
            pair = [torch.from_numpy(clip).transpose(1, 2) for clip in (mine, theirs)]
            latents, regulariser = self._agent(*pair)
        return latents.transpose(1, 2).numpy(), float(regulariser)

    def step(self) -> float:
        """One step of training; the loss before it."""
        self._agent.train()
        self._optimizer.zero_grad(set_to_none=True)
        latents, regulariser = self._agent(self._clips["input"], self._clips["target"])
        loss = functional.mse_loss(latents, self._clips["wanted"]) + self._weight * regulariser
        loss.backward()
        self._optimizer.step()
        return float(loss)
