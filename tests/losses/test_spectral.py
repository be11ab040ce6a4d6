import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.losses import spectral


def test_spectral_convergence_by_hand():
    truth, estimate = jnp.array([[3.0, 4.0]]), jnp.array([[3.0, 1.0]])
    assert float(spectral.spectral_convergence(estimate, truth)) == pytest.approx(3 / 5, rel=1e-4)


def test_log_difference_by_hand():
    truth, estimate = jnp.array([1.0, 1.0]), jnp.array([jnp.e, 1.0])
    assert float(spectral.log_difference(estimate, truth)) == pytest.approx(0.5, rel=1e-4)


def test_halved_clip_by_hand(rng):
    """Half the amplitude: convergence 1/2, log difference log 2, at every resolution."""
    audio = jnp.asarray(rng.standard_normal((2, 4096)), jnp.float32)
    loss = spectral.multi_resolution_stft_loss(audio / 2, audio)
    assert float(loss) == pytest.approx(0.5 + np.log(2), abs=1e-3)


def test_same_clip_is_at_no_distance(rng):
    audio = jnp.asarray(rng.standard_normal((1, 4096)), jnp.float32)
    assert float(spectral.multi_resolution_stft_loss(audio, audio)) == 0.0
    assert float(spectral.mel_loss(audio, audio)) == 0.0


def test_scaled_clip_has_a_known_mel_loss(rng):
    audio = jnp.asarray(rng.standard_normal((1, 4096)), jnp.float32)
    assert float(spectral.mel_loss(audio * 3, audio)) == pytest.approx(np.log(3), abs=1e-3)


def test_mel_loss_hears_nothing_above_its_top():
    time = np.arange(4096) / 24_000
    low = np.sin(2 * np.pi * 500.0 * time)
    added = {f: low + 0.3 * np.sin(2 * np.pi * f * time) for f in (3000.0, 11_000.0)}
    losses = {
        f: float(spectral.mel_loss(jnp.asarray(x[None], jnp.float32), jnp.asarray(low[None], jnp.float32)))
        for f, x in added.items()
    }
    assert losses[11_000.0] < 0.3 * losses[3000.0]


@pytest.mark.parametrize("loss", [spectral.multi_resolution_stft_loss, spectral.mel_loss])
def test_gradient_is_finite_at_silence(loss, rng):
    audio = jnp.asarray(rng.standard_normal((1, 2048)), jnp.float32)
    gradient = jax.grad(loss)(jnp.zeros_like(audio), audio)
    assert bool(jnp.all(jnp.isfinite(gradient)))
