"""What a notebook shows, made small: sounds and pictures that are in its HTML."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import soundfile

SECONDS = 4.0
"""Of every sound."""

FADE = 0.05
"""Seconds in which a sound that is cut off fades."""

WIDTH, COLOURS = 800, 48
"""Of every picture: most pixels, and how many colours."""

DATA = re.compile(r"data:(audio/flac|image/png);base64,([A-Za-z0-9+/=]+)")


def small_sound(flac: bytes) -> bytes:
    """The first seconds of a sound, an MP3 file of 24 kHz and one channel."""
    sound, rate = soundfile.read(io.BytesIO(flac), dtype="float32")
    if len(sound) > SECONDS * rate:
        sound = sound[: round(SECONDS * rate)]
        sound[-round(FADE * rate) :] *= np.linspace(1.0, 0.0, round(FADE * rate))
    written = io.BytesIO()
    soundfile.write(written, sound, rate, format="MP3", compression_level=0.85, bitrate_mode="CONSTANT")
    return written.getvalue()


def small_picture(png: bytes) -> bytes:
    """A picture of few colours and no more pixels than a page has room for."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.thumbnail((WIDTH, picture.height), Image.LANCZOS)
    written = io.BytesIO()
    picture.quantize(COLOURS).save(written, "PNG", optimize=True)
    return written.getvalue()


def small(html: str) -> str:
    """HTML with the sounds and pictures in it made small."""

    def shrunk(found: re.Match) -> str:
        kind, content = found.group(1), base64.b64decode(found.group(2))
        ways = {"audio/flac": ("audio/mpeg", small_sound), "image/png": ("image/png", small_picture)}
        kind, way = ways[kind]
        return f"data:{kind};base64,{base64.b64encode(way(content)).decode('ascii')}"

    return DATA.sub(shrunk, html)
