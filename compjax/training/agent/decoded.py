"""Losses on sound: composed latents through the frozen codec's decoder.

One stretch of every example is decoded, as decoding costs more than composing. The decoder's last polish,
the Griffin-Lim steps, is left out: it changes the waveform and hardly the spectrum, and multiplies the cost
of the gradient. The truth goes through the same decoder, so what the codec cannot do is not asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from compjax.losses.latent import match_level
from compjax.losses.novelty import anti_modulation
from compjax.losses.spectral import mel_loss, multi_resolution_stft_loss
from compjax.training.task import Batch

Array = jax.Array

NAMES = ("spectral", "mel", "spectral_sources", "mel_sources", "anti_modulation")
"""Losses on sound; the critic of sound is apart (`critics`)."""

DISTANCES = {"spectral": multi_resolution_stft_loss, "mel": mel_loss}
OF_SOURCES = {f"{name}_sources": name for name in DISTANCES}
OF_CLIPS = {*OF_SOURCES, "anti_modulation"}
"""Losses that hear the two clips; without one of them the clips are not decoded."""

QUIET = 1e-3
"""Root mean square (-60 dB) up to which a batch's stretch counts as silent."""

MIN_FRAMES = 16
"""Shortest stretch: the longest analysis window of the losses fits in."""


class DecodedSound(NamedTuple):
    """Decoded audio, `[B, S]` each, and for which examples the truth is known, 0 or 1 `[B]`.

    `clips` are the input's and the target's, empty where no loss hears them.
    """

    made: Array
    truth: Array
    clips: tuple[Array, ...]
    known: Array


class SoundDecoder:
    """The decoder of the codec `name` (weights file `path`); its weights are given with each call.

    Attributes:
        params: the codec's weights, to be passed back as `params`.
    """

    def __init__(self, name: str, path: str | None, seconds: float, clips: bool = True) -> None:
        """Decodes `seconds` of each example, all of it where 0; with `clips` those of both clips too."""
        import compjax.codec

        codec, self.params = compjax.codec.load(name, path)
        self._codec, self._clips = codec.unpolished, clips
        self._frames = max(MIN_FRAMES, round(seconds * codec.frame_rate)) if seconds else 0

    def silence(self, latents: Array) -> Array:
        """Zeros of the shape of decoded stretches of one example."""
        frames = min(self._frames or latents.shape[1], latents.shape[1])
        return jnp.zeros((1, frames * self._codec.hop_length), jnp.float32)

    def stretches(self, latents: tuple[Array, ...], key: Array | None, params: Any) -> tuple[Array, ...]:
        """Audio `[B, S]` of the same stretch of each `[B, T, D]`: drawn by `key`, the middle if None."""
        length = latents[0].shape[1]
        frames = min(self._frames or length, length)
        most = length - frames
        begin = most // 2 if key is None else jax.random.randint(key, (), 0, most + 1)
        pieces = [jax.lax.dynamic_slice_in_dim(one, begin, frames, axis=1) for one in latents]
        # Beside each other and not behind: so every example stays on the device that it is on.
        together = jnp.stack(pieces, axis=1).astype(jnp.float32)  # [B, pieces, frames, D]
        audio = self._codec.decode(params, together.reshape(-1, *together.shape[2:]))
        audio = audio.reshape(*together.shape[:2], -1)
        return tuple(audio[:, index] for index in range(len(pieces)))

    def sound(self, latents: Array, batch: Batch, key: Array | None, params: Any) -> DecodedSound:
        """The composition, its arrangement (where none is known, itself) and, where heard, the two clips.

        Log bands are brought to the arrangement's level first: composed audio is levelled in the end.
        """
        known = batch.get("has_arrangement", jnp.ones(latents.shape[0]))
        truth = jnp.where((known > 0)[:, None, None], batch["arrangement"], jax.lax.stop_gradient(latents))
        levelled = match_level(latents, truth) if self._codec.log_bands else latents
        clips = (batch["input_latents"], batch["target_latents"]) if self._clips else ()
        made, *others = self.stretches((levelled, truth, *clips), key, params)
        truth, *clips = jax.lax.stop_gradient(others)
        return DecodedSound(made, truth, tuple(clips), known)


def _heard(distance: Callable[[Array, Array], Array], made: Array, truth: Array) -> Array:
    """The distance over the batch; 0 where the stretch happens to be silent in all of it.

    Spectral convergence is relative to the truth's energy: it is taken of the batch, not clip by clip, as one
    rest in one clip would outweigh everything.
    """
    audible = jnp.mean(jnp.square(truth)) > QUIET**2
    return jnp.where(audible, distance(made, jnp.where(audible, truth, 1.0)), 0.0)


def losses(sound: DecodedSound, names: set[str]) -> dict[str, Array]:
    """The losses of these `names`, scalars; examples without an arrangement are silent on both sides.

    `..._sources` is the original's: half against each clip, whose optimum is a blend of both.
    """
    found = {}
    there = sound.known[:, None] > 0
    for name in sorted(names & set(DISTANCES)):
        made, truth = (jnp.where(there, audio, 0.0) for audio in (sound.made, sound.truth))
        found[name] = _heard(DISTANCES[name], made, truth)
    for name in sorted(names & set(OF_SOURCES)):
        apart = [_heard(DISTANCES[OF_SOURCES[name]], sound.made, clip) for clip in sound.clips]
        found[name] = (apart[0] + apart[1]) / 2.0
    if "anti_modulation" in names:
        found["anti_modulation"] = anti_modulation(sound.made, sound.clips[1])
    return found
