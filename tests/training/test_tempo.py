"""The fit of what hears tempo, small."""

import numpy as np

from compjax.training import tempo
from compjax.training.tempo import TempoFitConfig


def test_fit_learns_which_period_is_the_beat(monkeypatch):
    monkeypatch.setattr(tempo, "GROOVES", tempo.GROOVES[:3])
    monkeypatch.setattr(tempo, "FEELS", tempo.FEELS[:2])
    monkeypatch.setattr(tempo, "PLAIN", tempo.PLAIN[:1])
    config = TempoFitConfig(turns=(2, 2, 1), inner=4, steps=60)
    clips = tempo.drawn(0, config)
    made = tempo.fit_tempo(clips, config, 0)
    right = []
    for clip, accents in clips:
        features, is_beat = tempo._choices(clip, accents)
        inner = np.tanh((features - made["mean"]) / made["spread"] @ made["inner"] + made["bias"])
        right.append(is_beat[np.argmax(inner @ made["outer"])])
    assert np.mean(right) > 0.8
    assert tempo.fit_downbeat(clips, steps=5).shape == (25,)
