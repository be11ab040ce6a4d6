"""The agent of a weights file, ready to compose."""

from __future__ import annotations

import os
import pathlib

from compjax.audio.transforms.pitch_spectrum import NUM_BINS, STRIDE
from compjax.codec import weights_path
from compjax.compose.composers.contract import Composer
from compjax.constants import LATENT_SIZE, STYLE_SIZE
from compjax.errors import UserError
from compjax.files import sha256_of

SHAPE_FRAMES = 64
"""Latent frames of the clips by which an agent tells the shapes of its arrays; they do not depend on it."""

ASSETS = pathlib.Path(__file__).parents[2] / "assets"
BUNDLED = ASSETS / "compositional.npz"
TRANSFORMER = ASSETS / "transformer.npz"

NO_TRANSFORMER = (
    "no transformer is bundled: train one (compjax-train --config=experiments/transformer.py --workdir=DIR) "
    "and give its file with --checkpoint DIR/transformer.npz"
)


def load_composer(path: str | os.PathLike | None = None, codec: str = "vocos") -> Composer:
    """The bundled agent, or the one of a file that training or `compjax-port` wrote.

    Args:
        path: weights of an agent of any kind; None takes the bundled ones.
        codec: name of the codec whose latents it will be given.

    Raises:
        UserError: if the file holds no agent, or one for another codec's latents.
    """
    from compjax.codec.weights import read_weights

    stored = read_weights(path or BUNDLED)
    config, variables = stored.config, stored.params
    name = os.fspath(path or BUNDLED)
    if "agent" not in config:
        raise UserError(f"{name} holds the weights of a codec, not of an agent; give it as --codec_weights")
    _check_codec(name, config, codec)
    try:
        return _composer(config, variables, stored.sealed, path is None)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{name} holds no agent of this version ({error}); train it again") from error


def _check_codec(name: str, config: dict, codec: str) -> None:
    """Refuse latents of another codec than the agent knows."""
    trained_on = config.get("codec", "vocos")
    if trained_on != codec:
        raise UserError(
            f"{name} was trained on latents of the codec {trained_on!r}, not {codec!r}; "
            f"choose it with --codec {trained_on}"
        )


def _composer(config: dict, variables: dict, sealed: bool, bundled: bool) -> Composer:
    """The composer of an agent's kind; weights that are not `sealed` are counted first.

    Those that are `bundled` fit this version, so that the network need not be built to know it.
    """
    from compjax.models.registry import Blueprint

    if config["agent"] == "transformer":
        return _writing_composer(config, variables)
    network = Blueprint.of(config["agent"], config["settings"])
    if config["agent"] == "arranging":
        from compjax.compose.composers.arranging import ArrangingComposer

        if not bundled:
            network.module  # noqa: B018  # settings that this version does not know are told of now
        if not sealed:  # only what is asked for is run, so that what is missing would not be noticed
            _check_complete(network.module, variables)
        return ArrangingComposer.of(network, variables, bundled_transformer)
    from compjax.compose.composers.direct import FRAMES, DirectComposer

    frames, raw = int(config.get("frames", FRAMES)), bool(config.get("raw_latents", False))
    return DirectComposer(network.module, variables, frames, raw)


def _check_complete(module, variables: dict) -> None:
    """ValueError unless all arrays of an arranging agent are there, of their shapes, and no others."""
    import jax
    import jax.numpy as jnp

    from compjax.codec.weights import flatten

    def initial(key):
        latents, style = (
            jnp.zeros((1, SHAPE_FRAMES, LATENT_SIZE)),
            jnp.zeros((1, SHAPE_FRAMES, STYLE_SIZE + 1)),
        )
        spectra = jnp.zeros((1, 2, SHAPE_FRAMES // STRIDE, NUM_BINS))
        return module.init(key, latents, latents, spectra=spectra, style=style)

    wanted = {name: leaf.shape for name, leaf in _leaves(jax.eval_shape(initial, jax.random.key(0))).items()}
    found = {name: value.shape for name, value in flatten(variables).items()}
    odd = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if odd:
        raise ValueError(f"{len(odd)} of {len(wanted)} arrays differ, first {odd[0]}")


def _leaves(tree: dict, prefix: str = "") -> dict:
    """Leaves of a nested dict by their '/'-joined path."""
    found: dict = {}
    for name, value in tree.items():
        inner = isinstance(value, dict)
        found |= _leaves(value, f"{prefix}{name}/") if inner else {f"{prefix}{name}": value}
    return found


def _writing_composer(config: dict, variables: dict) -> Composer:
    """The bundled agent, which hears and plays, with a transformer that writes for it."""
    from compjax.arranging.transformer import Transformer
    from compjax.codec.weights import load_weights
    from compjax.compose.composers.arranging import ArrangingComposer
    from compjax.models.composing.note_transformer import make_transformer
    from compjax.models.registry import Blueprint

    given = Transformer(make_transformer(config["settings"]), variables)
    about, weights = load_weights(BUNDLED)
    network = Blueprint.of(about["agent"], about["settings"])
    return ArrangingComposer.of(network, weights, lambda: given, "transformer")


def bundled_transformer():
    """The transformer among the bundled weights.

    Raises:
        UserError: if there is none.
    """
    if not TRANSFORMER.is_file():
        raise UserError(NO_TRANSFORMER)
    return read_transformer(TRANSFORMER)


def read_transformer(path: pathlib.Path):
    """The transformer of a file of weights.

    Raises:
        UserError: if they are another network's.
    """
    from compjax.arranging.transformer import Transformer
    from compjax.codec.weights import load_weights
    from compjax.models.composing.note_transformer import make_transformer

    about, weights = load_weights(path)
    if about.get("agent") != TRANSFORMER.stem:
        raise UserError(f"{path}: weights of {about.get('agent')!r}, and those of a transformer are wanted")
    return Transformer(make_transformer(about["settings"]), weights)


def checksums(checkpoint, codec: str, codec_weights) -> dict[str, str]:
    """SHA-256 of the weights in use."""
    files = {
        "model": pathlib.Path(checkpoint or BUNDLED),
        "codec": pathlib.Path(codec_weights or weights_path(codec)),
    }
    return {name: sha256_of(path) for name, path in files.items() if path.is_file()}
