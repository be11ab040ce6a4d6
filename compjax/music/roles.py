"""What each voice of a rhythm plays. Pure Python: checked before NumPy loads."""

from __future__ import annotations

from collections.abc import Mapping

from compjax.errors import UserError

VOICE_NAMES = ("low", "mid", "high")
"""Names of the voices, by their numbers."""

BASS, CHORD, ARPEGGIO, TOP, OFF = ROLES = ("bass", "chord", "arpeggio", "top", "off")
"""The chord's bass; neighbouring tones of it; one tone of it, up and down; its highest tone; nothing."""

USUAL = (BASS, CHORD, ARPEGGIO)
"""What low, mid and high play if nobody says otherwise."""


def roles_of(asked: Mapping[str, str] | None) -> tuple[str, ...]:
    """Roles of low, mid and high; UserError if a voice or a role is none of those known."""
    if not asked:
        return USUAL
    if not isinstance(asked, Mapping):
        raise UserError(f"roles are given by voice, such as {{'high': 'top'}}, not {asked!r}")
    for voice, role in asked.items():
        if voice not in VOICE_NAMES:
            raise UserError(f"there is no voice called {voice!r}; there are {', '.join(VOICE_NAMES)}")
        if role not in ROLES:
            raise UserError(f"the role of {voice} must be one of {', '.join(ROLES)}, not {role!r}")
    return tuple(asked.get(voice, usual) for voice, usual in zip(VOICE_NAMES, USUAL, strict=True))
