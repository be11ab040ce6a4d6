"""The factor losses: each hears its own factor and lets the others be."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from compjax.codec.vocos import bands
from compjax.constants import SAMPLE_RATE, SILENT_LATENT, midi_to_hz
from compjax.losses import factors

SECONDS = 2.0


def clip(onsets, pitches, partials=4, decay=6.0) -> np.ndarray:
    """Latents `[1, T, 128]` of a chord struck at `onsets` (seconds), of tones with some partials."""
    time = np.arange(int(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    audio = np.zeros_like(time)
    for onset in onsets:
        since = np.maximum(time - onset, 0.0)
        envelope = np.exp(-decay * since) * (time >= onset)
        for pitch in pitches:
            for k in range(1, partials + 1):
                audio += envelope * np.sin(2 * np.pi * k * midi_to_hz(pitch) * since) / k
    audio = 0.1 * audio / np.sqrt(np.mean(audio**2))
    return bands.encode(audio[None].astype(np.float32), bands.BandConfig(), np)


STEADY, SYNCOPATED = (0.0, 0.5, 1.0, 1.5), (0.0, 0.375, 0.75, 1.125, 1.625)
MAJOR, OTHER = (60, 64, 67), (61, 65, 68)
PLAIN = clip(STEADY, MAJOR)
MOVED = clip(SYNCOPATED, MAJOR)
TRANSPOSED = clip(STEADY, OTHER)
BRIGHT = clip(STEADY, MAJOR, partials=16)
CLIPS = {"rhythm": MOVED, "harmony": TRANSPOSED, "timbre": BRIGHT}


@jax.jit
def all_distances(a, b):
    return {factor: distance(a, b)[0] for factor, distance in factors.DISTANCES.items()}


def distances(a, b):
    return {factor: float(found) for factor, found in all_distances(a, b).items()}


def test_a_clip_is_at_no_distance_from_itself():
    assert distances(PLAIN, PLAIN) == pytest.approx({"rhythm": 0, "harmony": 0, "timbre": 0}, abs=2e-3)


@pytest.mark.parametrize("changed", factors.FACTORS)
def test_each_hears_its_own_factor(changed):
    """The distance of the factor that was changed is several times what it is in the other two changes."""
    others = [distances(PLAIN, other)[changed] for factor, other in CLIPS.items() if factor != changed]
    assert distances(PLAIN, CLIPS[changed])[changed] > 3.0 * max(others)


def test_level_does_not_matter():
    louder = PLAIN + 0.5 * (PLAIN > SILENT_LATENT + 0.01)
    for value in distances(PLAIN, louder).values():
        assert value < 0.05


def test_the_octave_does_not_matter_to_harmony():
    up = clip(STEADY, [pitch + 12 for pitch in MAJOR])
    assert distances(PLAIN, up)["harmony"] < 0.3 * distances(PLAIN, TRANSPOSED)["harmony"]


def test_gates_say_which_clip():
    gates = jnp.array([[1, 0, 0, 0, 1, 1]], jnp.float32)  # rhythm of the input, the rest of the target
    found = factors.factor_losses(TRANSPOSED, TRANSPOSED, MOVED, gates)
    assert float(found["rhythm"][0]) == pytest.approx(0.0, abs=2e-3)
    assert float(found["harmony"][0]) == pytest.approx(distances(TRANSPOSED, MOVED)["harmony"])
    both = factors.factor_losses(PLAIN, PLAIN, MOVED, jnp.ones((1, 6)))
    assert float(both["rhythm"][0]) == pytest.approx(distances(PLAIN, MOVED)["rhythm"] / 2, abs=2e-3)
    none = factors.factor_losses(PLAIN, MOVED, MOVED, jnp.zeros((1, 6)))
    assert all(float(value[0]) == 0 for value in none.values())


@pytest.mark.parametrize("factor", factors.FACTORS)
def test_gradients_are_finite_at_silence(factor):
    silence = jnp.full((2, 40, 128), SILENT_LATENT)
    noise = jax.random.normal(jax.random.key(0), (2, 40, 128))
    gradient = jax.jit(jax.grad(lambda x, y: jnp.sum(factors.DISTANCES[factor](x, y))))
    for output, source in ((silence, noise), (noise, silence), (silence, silence)):
        assert np.isfinite(gradient(output, source)).all()


@pytest.mark.parametrize("factor", factors.FACTORS)
def test_descending_approaches_the_clip(factor):
    """Steps along the gradient alone bring the other clip's factor."""
    optimizer = optax.adam(0.1)

    @jax.jit
    def descend(output, source):
        def step(carry, _):
            output, state = carry
            found, slope = jax.value_and_grad(lambda x: jnp.sum(factors.DISTANCES[factor](x, source)))(output)
            updates, state = optimizer.update(slope, state)
            return (output + updates, state), found

        return jax.lax.scan(step, (output, optimizer.init(output)), None, length=60)[1]

    found = descend(jnp.asarray(PLAIN), jnp.asarray(CLIPS[factor]))
    assert float(found[-1]) < 0.4 * float(found[0])


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        factors.factor_losses(PLAIN, PLAIN[:, 1:], PLAIN, jnp.ones((1, 6)))
