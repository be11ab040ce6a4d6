"""Training on another codec's latents, the whole way: cache, train, validate, export, compose."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from compjax.codec.encodec import converted_file
from compjax.codec.encodec.encodec import EncodecConfig
from compjax.codec.weights import flatten, load_weights, unflatten
from compjax.data.rendering import analysis
from compjax.data.sources import latent_cache
from compjax.data.sources.latent_cache import CLIPS
from compjax.errors import UserError
from compjax.training.agent import cache_latents
from compjax.training.loop import train
from compjax.training.task import RunOptions

FRAMES = 24
STEPS = 16
TINY = EncodecConfig(filters=2, lstm_layers=1, codebooks=0, codebook_size=2)


def noise(seed: int, split: str) -> dict[str, np.ndarray]:
    """In the place of rendering."""
    rng = np.random.default_rng([seed, len(split)])
    return {x: rng.normal(0, 0.1, FRAMES * 320).astype(np.float32) for x in CLIPS}


@pytest.fixture(scope="module")
def encodec(tmp_path_factory) -> str:
    """A file of EnCodec's form with random weights, small enough for a test."""
    folder = tmp_path_factory.mktemp("encodec")
    rng = np.random.default_rng(0)
    shapes = converted_file.shapes(TINY)
    weights = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    (folder / "source.bin").write_bytes(b"drawn")
    converted_file.save(folder / "encodec.npz", TINY, unflatten(weights), folder / "source.bin")
    return str(folder / "encodec.npz")


@pytest.fixture
def folders(config, monkeypatch) -> dict[str, str]:
    """Rendered shards of six examples, `train` and `dev`, without rendering."""
    monkeypatch.setattr(latent_cache, "render_pair", noise)
    found = {split: config.data[split] for split in ("train", "dev")}
    for split, folder in found.items():
        path = f"{folder}/shard_00000.npz"
        with np.load(path) as stored:
            fields = {name: longer(stored[name], stored["latents_a"].shape[1]) for name in stored.files}
        audio = [noise(seed, split) for seed in range(6)]
        for x in CLIPS:
            fields[f"latents_{x}"] = np.stack([analysis.encode(a[x]) for a in audio]).astype(np.float16)
        np.savez(path, **fields | {"seed": np.arange(6)})
    return found


def longer(field: np.ndarray, frames: int) -> np.ndarray:
    """A shard's field with `FRAMES` frames where it had `frames`, or a fourth of either."""
    for part in (1, 4):
        if field.ndim > 1 and field.shape[1] == frames // part:
            return np.repeat(field, 2, axis=1)[:, : FRAMES // part]
    return field


def experiment(
    name: str, settings: dict, losses: dict, folders, encodec, given=("gates", "style")
) -> ConfigDict:
    return ConfigDict(
        {
            "kind": "agent",
            "seed": 0,
            "batch_size": 4,
            "num_steps": STEPS,
            "log_every": 1,
            "validate_every": STEPS,
            "loop": {"trace": True},
            "ema_decay": 0.9,
            "codec": "encodec",
            "codec_weights": encodec,
            "agent": {"name": name, "settings": settings, "given": given},
            "optimizer": {"learning_rate": 1e-2, "warmup_steps": 1, "decay_steps": 0},
            "losses": losses,
            "objective": {"decoded_seconds": 0.25},
            "data": folders | {"augment": True, "dev_examples": 2},
        }
    )


def trained(config, tmp_path, share: float) -> str:
    """The inference file of a run whose loss falls by at least this share of itself."""
    outcome = train(config, str(tmp_path / "run"), RunOptions(distributed="off"))
    assert (outcome.status, outcome.step) == (0, STEPS)
    lines = (tmp_path / "run" / "trace.jsonl").read_text().splitlines()
    steps = [json.loads(line)["scalars"] for line in lines]
    losses = [float.fromhex(step["loss/total"]) for step in steps]
    first, last = np.mean(losses[:3]), np.mean(losses[-3:])
    assert last < (1.0 - share) * first, losses
    return str(tmp_path / "run" / "agent.npz")


def test_a_masking_agent_learns_on_encodec_latents_and_composes(folders, encodec, tmp_path):
    losses = {"latent": 1.0, "novelty": 0.0, "regulariser": 0.1}
    config = experiment("masking", {"hidden": 8, "heads": 2}, losses, folders, encodec)
    path = trained(config, tmp_path, 0.75)
    about, _ = load_weights(path)
    assert (about["codec"], about["frames"]) == ("encodec", FRAMES)

    import compjax
    from compjax.constants import SAMPLE_RATE

    session = compjax.load(path, "encodec", encodec)
    rng = np.random.default_rng(3)
    clips = [rng.normal(0, 0.1, SAMPLE_RATE).astype(np.float32) for _ in range(2)]
    made = session.compose(*clips, sample_rate=SAMPLE_RATE)
    assert made.audio.shape == (SAMPLE_RATE,) and np.abs(made.audio).max() > 0
    with pytest.raises(UserError, match="trained on latents of the codec 'encodec', not 'vocos'"):
        compjax.load(path)


@pytest.mark.slow
def test_the_original_learns_by_its_own_objective(folders, encodec, tmp_path):
    """Spectral losses through EnCodec's decoder, its regulariser, and the critic of latents."""
    losses = {
        "spectral_sources": 0.01,
        "regulariser": 0.1,
        "adversarial": 0.01,
        "latent": 0.0,
        "novelty": 0.0,
    }
    settings = {"exact": True, "size": "tiny", "stages": 1, "layers": 1}
    trained(experiment("compositional", settings, losses, folders, encodec, given=()), tmp_path, 0.3)


@pytest.mark.slow
def test_the_compositional_agent_learns(folders, encodec, tmp_path):
    losses = {"latent": 1.0, "spectral": 0.01, "roll_onsets": 1.0, "roll_frames": 1.0, "roll_velocities": 0.1}
    losses |= {"selector": 0.1, "novelty": 0.1}
    settings = {"size": "tiny", "stages": 1, "layers": 1}
    trained(experiment("compositional", settings, losses, folders, encodec), tmp_path, 0.6)


def test_latents_are_those_of_the_codec_and_are_computed_once(folders, encodec, monkeypatch):
    config = ConfigDict({"codec": "encodec", "codec_weights": encodec, "data": folders | {"augment": True}})
    data = cache_latents.prepare(config)
    assert data["augment"] is False and data["train"].startswith(folders["train"])
    codec, params = converted_file.load(encodec)
    audio = noise(4, "train")
    with np.load(f"{data['train']}/shard_00000.npz") as kept:
        expected = np.asarray(codec.encode(params, jnp.asarray(audio["b"])[None]))[0]
        np.testing.assert_allclose(kept["latents_b"][4], expected, atol=2e-3 * np.abs(expected).max())

    def never(codec, params):
        return lambda audio: pytest.fail("the codec ran again")

    monkeypatch.setattr(cache_latents, "encoder_of", never)
    assert cache_latents.prepare(config) == data


def test_other_weights_are_another_cache(folders, encodec, tmp_path):
    codec, params = converted_file.load(encodec)
    changed = jax.tree.map(lambda x: 0.5 * x, params)
    converted_file.save(tmp_path / "other.npz", codec.config, changed, encodec)
    assert set(flatten(changed)) == set(flatten(params))
    first = cache_latents.cache(folders["train"], "encodec", encodec, str(tmp_path / "caches"))
    second = cache_latents.cache(
        folders["train"], "encodec", str(tmp_path / "other.npz"), str(tmp_path / "caches")
    )
    assert first.parent == second.parent == tmp_path / "caches" and first != second


def test_what_has_no_other_latents_is_refused(encodec):
    config = ConfigDict(
        {"codec": "encodec", "codec_weights": encodec, "data": {"train": {"rendered": {}}, "dev": ""}}
    )
    with pytest.raises(UserError, match="'rendered' has latents of the bundled codec only"):
        cache_latents.prepare(config)
