"""The arranging agent: hears six components, gates them, composes a piano roll, renders it.

It keeps the way of the compositional agent (extract, select, compose, cascade) and gives each part
the geometry of its factor. Its cascade has two stages of different kinds: the first composes notes,
the second renders the decided notes in the chosen timbre.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from compjax.audio.transforms.pitch_spectrum import STRIDE
from compjax.constants import NUM_VOICES, SILENT_LATENT
from compjax.models.arranging.config import ArrangingConfig
from compjax.models.arranging.listening import COMPONENT_SIZE, Components, RhythmNet, TimbreNet, unpool_time
from compjax.models.arranging.note_renderer import NoteGrid, NoteRenderer, note_ages
from compjax.models.arranging.pitch_net import PitchNet, Sounding, in_turns
from compjax.models.arranging.pooling import pool_components
from compjax.models.arranging.roll_composer import RollComposer
from compjax.models.outputs import AgentOutput, PianoRoll

Array = jax.Array


def stack_components(of_input: Components, of_target: Components) -> Array:
    """The six components in their order, `[B, T, 6, 64]`."""
    frames = of_input.rhythm.shape[1]
    parts = []
    for clip in (of_input, of_target):
        timbre = jnp.broadcast_to(clip.timbre[:, None], (clip.timbre.shape[0], frames, COMPONENT_SIZE))
        parts += [clip.rhythm, clip.harmony, timbre]
    return jnp.stack(parts, axis=2)


def mix_factors(components: Array, gates: Array) -> tuple[Array, Array, Array]:
    """Gated rhythm, harmony `[B, T, 64]`, timbre `[B, 64]` of `[B, T, 6, 64]` and gates `[B, T, 6]`."""
    gated = components * gates[..., None]
    rhythm, harmony, timbre = (gated[:, :, i] + gated[:, :, i + 3] for i in range(3))
    return rhythm, jnp.minimum(harmony, 1.0), timbre.mean(axis=1)


def decide_notes(roll: PianoRoll) -> NoteGrid:
    """Notes from a roll: an onset is a local maximum over 0.5, a note sounds while its frame is over 0.5."""
    onset = nn.sigmoid(roll.onsets)
    padded = jnp.pad(onset, ((0, 0), (1, 1), (0, 0)))
    peak = (onset >= padded[:, :-2]) & (onset > padded[:, 2:]) & (onset > 0.5)
    frames = peak | (roll.frames > 0.0)
    return NoteGrid(onsets=jnp.where(peak, roll.velocities, 0.0), frames=frames.astype(onset.dtype))


class ArrangingAgent(nn.Module):
    """See the module. `style` is `[B, T, 9]`: the style vector and, last, its contour over time.

    Hearing is taught by what can be heard, composing by notes, rendering by sound: no gradient goes
    from one to another, and none has to outweigh the others.
    """

    config: ArrangingConfig = ArrangingConfig()

    def setup(self):
        self.rhythm_net = RhythmNet(self.config)
        self.timbre_net = TimbreNet(self.config)
        self.pitch_net = PitchNet(self.config)
        self.hit_head = nn.Dense(2 * NUM_VOICES)
        self.selector = nn.Sequential([nn.Dense(128), nn.relu, nn.Dense(6)])
        self.composer = RollComposer(self.config)
        self.renderer = NoteRenderer(self.config)

    def __call__(
        self,
        input_latents: Array,
        target_latents: Array,
        *,
        spectra: Array,
        style: Array,
        gates: Array | None = None,
        notes: NoteGrid | None = None,
        train: bool = False,
    ) -> AgentOutput:
        """Compose.

        Args:
            input_latents: `[B, T, 128]`.
            target_latents: `[B, T, 128]`.
            spectra: `[B, 2, ceil(T / 4), 300]`, the pitch spectra of input and target.
            style: `[B, T, 9]`.
            gates: `[B, 6]` or `[B, T, 6]` in [0, 1]; None lets the selector decide.
            notes: notes to render; None renders what was composed.
            train: nothing differs; there is no dropout.
        """
        del train
        latents = jnp.concatenate([input_latents, target_latents])
        sounding = self.sound(jnp.concatenate([spectra[:, 0], spectra[:, 1]]), latents.shape[1])
        (rhythm, timbre), hits = self.hear(latents)
        both = Components(rhythm, nn.sigmoid(sounding.pitches), timbre)
        heard = [jax.tree.map(lambda x, i=i: jnp.split(x, 2)[i], both) for i in (0, 1)]
        components = stack_components(*heard)
        logits = self.select(pool_components(jax.lax.stop_gradient(components), jnp))
        gates = self._spread(gates if gates is not None else nn.sigmoid(logits), components)
        roll = self.compose(jax.lax.stop_gradient(components), gates, style)
        ages, _ = note_ages(notes if notes is not None else decide_notes(roll))
        latents = self.render(ages, mix_factors(components, gates)[2])
        extras = {
            "harmony_logits": sounding.pitches,
            "chord_logits": sounding.classes,
            "bass_logits": sounding.bass,
            "hits": hits,
            "gate_logits": logits,
        }
        return AgentOutput(latents, gates, components, roll, jnp.zeros(()), extras)

    def _spread(self, gates: Array, components: Array) -> Array:
        """Gates as `[B, T, 6]`."""
        return jnp.broadcast_to(gates[:, None] if gates.ndim == 2 else gates, components.shape[:3])

    def hear(self, latents: Array) -> tuple[tuple[Array, Array], Array]:
        """Rhythm `[B, T, 64]` and timbre `[B, 64]` of latents; hits `[B, T, 6]`: logits, velocities."""
        above = latents - SILENT_LATENT
        rhythm = self.rhythm_net(above)
        return (rhythm, self.timbre_net(above)), self.hit_head(rhythm)

    def sound(self, spectrum: Array, frames: int) -> Sounding:
        """What sounds in clips' pitch spectra `[B, ceil(T / 4), 300]`, at each of T latent frames."""
        heard = in_turns(self.pitch_net, spectrum)
        return jax.tree.map(lambda x: unpool_time(x, STRIDE, frames), heard)

    def select(self, pooled: Array) -> Array:
        """Gate logits `[B, 6]` for a whole clip, from `pool_components` of what is heard in both."""
        return self.selector(pooled)

    def compose(self, components: Array, gates: Array, style: Array) -> PianoRoll:
        """The piano roll of gated components."""
        rhythm, harmony, timbre = mix_factors(components, gates)
        hits = nn.sigmoid(self.hit_head(rhythm)[..., :NUM_VOICES])
        return self.composer(rhythm, harmony, timbre, jax.lax.stop_gradient(hits), style)

    def render(self, ages: Array, timbre: Array) -> Array:
        """Latents `[B, T, 128]` of decided notes, given by their ages, in a timbre `[B, 64]`."""
        return self.renderer(ages, timbre)
