"""What a loop's file says of itself: tempo, meter, key, and that it is one.

WAV gets the chunks `acid` (as ACID and most sequencers read it), `smpl` (the loop's points) and `LIST INFO`;
FLAC gets Vorbis comments BPM, TIME_SIGNATURE, INITIALKEY and LOOPLENGTH.
"""

from __future__ import annotations

import dataclasses
import struct

STRETCHES, HAS_ROOT = 0x04, 0x02
"""Flags of the `acid` chunk: it is a loop that follows a tempo; its root note is known."""

MIDDLE_C = 60
VORBIS_COMMENT = 4
"""Kind of a FLAC metadata block."""


@dataclasses.dataclass(frozen=True)
class Tags:
    """Of a file of `samples` at `sample_rate`.

    Attributes:
        bpm: quarter notes per minute.
        beats: beats of the meter in all.
        meter: beats to the bar, and their note.
        key: such as Am; empty if it is not known.
        root: pitch class of the key, C = 0; None if it is not known.
        loop: whether it is one.
    """

    samples: int
    sample_rate: int
    bpm: float
    beats: int
    meter: tuple[int, int] = (4, 4)
    key: str = ""
    root: int | None = None
    loop: bool = True


def tagged(data: bytes, tags: Tags) -> bytes:
    """A WAV or FLAC file's bytes with the tags in it."""
    return _flac(data, tags) if data[:4] == b"fLaC" else _wav(data, tags)


def _wav(data: bytes, tags: Tags) -> bytes:
    chunks = [_acid(tags), _info(tags)] + ([_smpl(tags)] if tags.loop else [])
    body = data[8:] + (b"\0" if len(data) % 2 else b"") + b"".join(chunks)
    return data[:4] + struct.pack("<I", len(body)) + body


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + (b"\0" if len(body) % 2 else b"")


def _acid(tags: Tags) -> bytes:
    flags = (STRETCHES if tags.loop else 0) | (HAS_ROOT if tags.root is not None else 0)
    root = MIDDLE_C + (tags.root or 0)
    count, unit = tags.meter
    return _chunk(
        b"acid", struct.pack("<IHHfIHHf", flags, root, 0x8000, 0.0, tags.beats, unit, count, tags.bpm)
    )


def _smpl(tags: Tags) -> bytes:
    root = MIDDLE_C + (tags.root or 0)
    head = struct.pack("<9I", 0, 0, round(1e9 / tags.sample_rate), root, 0, 0, 0, 1, 0)
    return _chunk(b"smpl", head + struct.pack("<6I", 0, 0, 0, tags.samples - 1, 0, 0))


def _info(tags: Tags) -> bytes:
    words = [f"{tags.bpm:.8g} bpm", "{}/{}".format(*tags.meter), *([tags.key] if tags.key else [])]
    fields = _chunk(b"ICMT", ", ".join(words).encode() + b"\0")
    fields += _chunk(b"IKEY", tags.key.encode() + b"\0") if tags.key else b""
    return _chunk(b"LIST", b"INFO" + fields)


def _flac(data: bytes, tags: Tags) -> bytes:
    blocks, place, last = [], 4, False
    while not last:
        head = data[place]
        last, kind = bool(head & 0x80), head & 0x7F
        size = int.from_bytes(data[place + 1 : place + 4], "big")
        if kind != VORBIS_COMMENT:
            blocks.append((kind, data[place + 4 : place + 4 + size]))
        place += 4 + size
    blocks.append((VORBIS_COMMENT, _comments(tags)))
    heads = [kind | (0x80 if number == len(blocks) - 1 else 0) for number, (kind, _) in enumerate(blocks)]
    written = [
        bytes([head]) + len(body).to_bytes(3, "big") + body
        for head, (_, body) in zip(heads, blocks, strict=True)
    ]
    return b"fLaC" + b"".join(written) + data[place:]


def _comments(tags: Tags) -> bytes:
    fields = [f"BPM={tags.bpm:.8g}", "TIME_SIGNATURE={}/{}".format(*tags.meter)]
    fields += [f"INITIALKEY={tags.key}"] if tags.key else []
    fields += [f"LOOPLENGTH={tags.samples}", "LOOPSTART=0"] if tags.loop else []
    packed = [
        struct.pack("<I", len(text)) + text for text in (field.encode() for field in ("compjax", *fields))
    ]
    return packed[0] + struct.pack("<I", len(fields)) + b"".join(packed[1:])
