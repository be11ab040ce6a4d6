"""The fit of what hears tempo, small."""

import numpy as np

from compjax.training import tempo
from compjax.training.tempo import TempoFitConfig


def test_fit_learns_which_period_is_the_beat(monkeypatch):
    monkeypatch.setattr(tempo, "GROOVES", tempo.GROOVES[:3])
    monkeypatch.setattr(tempo, "FEELS", tempo.FEELS[:2])
    monkeypatch.setattr(tempo, "PLAIN", tempo.PLAIN[:1])
    config = TempoFitConfig(turns=(2, 2, 1), drawn=4, inner=4, steps=60)
    clips = tempo.drawn(0, config)
    made = tempo.fit_tempo(clips, config, 0)
    right = []
    for clip, accents in clips:
        features, is_beat = tempo._choices(clip, accents)
        inner = np.tanh((features - made["mean"]) / made["spread"] @ made["inner"] + made["bias"])
        right.append(is_beat[np.argmax(inner @ made["outer"])])
    assert np.mean(right) > 0.8
    assert made["inner"].shape[1] == len(made["outer"]) == config.several * config.inner
    assert tempo.fit_meter(clips).shape == (17,)
    made = tempo.fit_downbeat(clips, config, 0)
    assert made["downbeat_inner"].shape == (63, config.several * config.inner)


def test_choices_are_learned_among_as_many_as_there_are():
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(60):
        features = rng.standard_normal((int(rng.integers(2, 6)), 4))
        rows.append((features, int(np.argmax(features @ [1.0, -2.0, 0.0, 0.5]))))
    weights = tempo.fit_choice(rows, decay=1e-4, steps=300)
    assert np.mean([np.argmax(features @ weights) == right for features, right in rows]) > 0.95
