"""A short piece whose notes are known, as a MIDI file."""

import pathlib

import pytest

BEAT = 0.5
CHORDS = ((60, 64, 67), (65, 69, 72))


def write_piece(path: pathlib.Path) -> None:
    """16 beats of chords on one channel, a bass of their roots, two octaves lower, on another, and drums."""
    mido = pytest.importorskip("mido")
    file = mido.MidiFile(ticks_per_beat=480)
    for channel in (0, 1, 9):
        track = mido.MidiTrack()
        file.tracks.append(track)
        for beat in range(16):
            chord = CHORDS[beat // 2 % 2]
            pitches = {0: chord, 1: (chord[0] - 24,), 9: (36,)}[channel]
            for name, time in (("note_on", 0), ("note_off", 480)):
                for place, pitch in enumerate(pitches):
                    wait = 0 if place else time
                    track.append(mido.Message(name, channel=channel, note=pitch, velocity=90, time=wait))
    file.save(path)
