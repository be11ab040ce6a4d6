"""What a synthesiser is told: keys struck and let go."""

Event = tuple[int, int, int]
"""Sample, MIDI key, MIDI velocity; velocity 0 lets the key go."""
