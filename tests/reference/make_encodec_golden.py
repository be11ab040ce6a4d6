"""Writes encodec_golden.npz and encodec_keys.tsv: what transformers' EncodecModel computes, and the names.

    pip install torch==2.13.0 transformers==5.23.0 encodec==0.1.1 numpy
    python tests/reference/make_encodec_golden.py

Only this script needs PyTorch. The weights are drawn from their names (`encodec_weights`).
"""

from __future__ import annotations

import importlib.machinery
import sys
import types

import encodec_weights as drawn
import numpy as np
import torch
from transformers import EncodecConfig, EncodecModel

BANDWIDTHS = (1.5, 3.0, 6.0, 12.0, 24.0)


def model_of(**settings) -> EncodecModel:
    """A model whose weights are drawn."""
    model = EncodecModel(EncodecConfig(**settings)).eval()
    state = model.state_dict()
    model.load_state_dict(
        {k: torch.from_numpy(drawn.draw(drawn.plain_name(k), tuple(v.shape))) for k, v in state.items()}
    )
    return model


def small_blocks() -> dict[str, np.ndarray]:
    """Every layer of a small network on one clip, both ends at many lengths, and gradients."""
    config = drawn.SMALL
    size, filters = config["dimension"], config["filters"]
    model = model_of(
        num_filters=filters,
        upsampling_ratios=list(config["ratios"]),
        hidden_size=size,
        codebook_dim=size,
        codebook_size=16,
    )
    audio = torch.from_numpy(drawn.clip(64))[None, None]
    frames = torch.from_numpy(drawn.latents(11, size)).T[None]
    found = {}
    for part, x in (("encoder", audio), ("decoder", frames)):
        for index, layer in enumerate(getattr(model, part).layers):
            x = layer(x)
            found[f"small_{part}_{index}"] = x[0].T.detach().numpy()
    for samples in drawn.SMALL_LENGTHS:
        x = model.encoder(torch.from_numpy(drawn.clip(samples))[None, None])
        found[f"small_latents_{samples}"] = x[0].T.detach().numpy()
        found[f"small_audio_{samples}"] = model.decoder(x)[0, 0].detach().numpy()
    for part, x in (("encoder", audio), ("decoder", frames)):
        x = x.clone().requires_grad_()
        (getattr(model, part)(x) ** 2).sum().backward()
        found[f"small_gradient_{part}"] = x.grad[0].T.numpy()
    return found


def whole_network() -> dict[str, np.ndarray]:
    """The published size: latents, audio and codes."""
    model, found = model_of(), {}
    for samples in drawn.LENGTHS:
        x = model.encoder(torch.from_numpy(drawn.clip(samples))[None, None])
        found[f"latents_{samples}"] = x[0].T.detach().numpy()
        found[f"audio_{samples}"] = model.decoder(x)[0, 0].detach().numpy()
        codes = model.quantizer.encode(x, BANDWIDTHS[-1])[:, 0]
        found[f"codes_{samples}"] = codes.numpy().astype(np.int16)
    frames = torch.from_numpy(drawn.latents(40, 128)).T[None]
    for bandwidth in BANDWIDTHS:
        codes = model.quantizer.encode(frames, bandwidth)
        found[f"quantizer_codes_{bandwidth:g}"] = codes[:, 0].numpy().astype(np.int16)
        if bandwidth in (1.5, 24.0):
            found[f"quantizer_latents_{bandwidth:g}"] = model.quantizer.decode(codes)[0].T.numpy()
    return found


def encodec_package():
    """The model class of the encodec package, which imports torchaudio only to read files."""
    stub = types.ModuleType("torchaudio")
    stub.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    sys.modules["torchaudio"] = stub
    from encodec import EncodecModel as Original

    return Original


def write_keys() -> None:
    """The names and shapes of both layouts."""
    models = {
        "transformers": EncodecModel(EncodecConfig()),
        "encodec": encodec_package().encodec_model_24khz(pretrained=False),
    }
    with open(drawn.FOLDER / "encodec_keys.tsv", "w") as file:
        print("layout\tname\tshape", file=file)
        for layout, model in models.items():
            for name, value in model.state_dict().items():
                print(layout, name, "x".join(map(str, value.shape)), sep="\t", file=file)


if __name__ == "__main__":
    torch.set_grad_enabled(True)
    write_keys()
    np.savez_compressed(drawn.FOLDER / "encodec_golden.npz", **small_blocks(), **whole_network())
