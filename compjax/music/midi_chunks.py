"""MIDI files put in order before they are parsed: what is no header and no track goes, sizes are made true.

Programs write chunks of their own, wrap the file (RMID), count tracks that are not there, and lose power
before a track's length is written. The standard (Standard MIDI Files 1.0) has readers skip unknown chunks.
"""

from __future__ import annotations

import struct

HEADER, TRACK = b"MThd", b"MTrk"
_HEADER_BYTES = 6


def in_order(content: bytes) -> bytes:
    """Header and tracks alone, counted; what does not begin as MIDI is left as it is."""
    if content[:4] == b"RIFF" and content[8:12] == b"RMID":
        content = content[max(content.find(HEADER), 0) :]
    if content[:4] != HEADER or len(content) < 8 + _HEADER_BYTES:
        return content
    kind, _, division = struct.unpack(">HHH", content[8 : 8 + _HEADER_BYTES])
    tracks = _tracks(content, 8 + max(struct.unpack(">I", content[4:8])[0], _HEADER_BYTES))
    header = HEADER + struct.pack(">IHHH", _HEADER_BYTES, kind, len(tracks), division)
    return header + b"".join(tracks)


def _tracks(content: bytes, place: int) -> list[bytes]:
    """The tracks' chunks; one whose length was never written reaches to the next.

    One that is longer than the file stays so: it ends early, and the parser says it.
    """
    found = []
    while place + 8 <= len(content):
        kind, length = struct.unpack(">4sI", content[place : place + 8])
        begin, end = place + 8, place + 8 + length
        if not all(32 <= byte < 127 for byte in kind):
            break
        if kind == TRACK:
            if not length and not all(32 <= byte < 127 for byte in content[begin : begin + 4]):
                following = content.find(TRACK, begin)
                end = following if following > 0 else len(content)
            found.append(TRACK + struct.pack(">I", end - begin) + content[begin:end])
        place = end
    return found
