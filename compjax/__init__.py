"""compjax: two clips in, a new one out.

>>> import compjax
>>> session = compjax.load()
>>> composition = session.compose("drums.wav", "piano.wav", seed=1)
>>> composition.save("out.wav")
"""

from __future__ import annotations


def load(checkpoint=None, codec: str = "vocos", codec_weights=None):
    """A session with the bundled model: see `compjax.inference.session.load`, which this calls."""
    from compjax.inference import session  # heavy, so not before it is wanted

    return session.load(checkpoint, codec, codec_weights)
