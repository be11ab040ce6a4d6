"""Headers that libsndfile does not read as they are: behind a tag, chunks not padded, never finished.

Nothing is copied: some bytes of the file are left out, put in or read as others.
"""

from __future__ import annotations

import bisect
import dataclasses
import io
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

_BEHIND = 0.1  # of the samples' bytes, at most so many of tags where both sizes of a WAV header agree
_MOST = 2**32 - 1  # the largest size of a chunk
_MOST_CHUNKS = 10_000  # of a file; more are damage
_TAG_HEAD = 10  # bytes of an ID3 tag before what its size counts
_LONGEST_GAP = 65_536  # zero bytes between a tag and what it stands before

_MAGIC = (b"RIFF", b"RF64", b"RIFX", b"OggS", b"fLaC", b"FORM", b"riff", b"caff", b".snd")
"""First bytes of files before which a tag is skipped; MPEG audio brings its own."""

_CHUNKS = {b"fmt ", b"data", b"LIST", b"fact", b"bext", b"id3 ", b"ID3 ", b"smpl", b"cue ", b"acid", b"inst"}
_CHUNKS |= {b"PEAK", b"iXML", b"JUNK", b"junk", b"PAD ", b"ds64", b"COMM", b"SSND", b"MARK", b"INST", b"NAME"}
"""Usual names of chunks."""

NEVER_FINISHED = "its header was never finished (a recorder that lost power?); all there is was read"


@dataclasses.dataclass(frozen=True)
class Edit:
    """From `place` on so many bytes of a file are left out, and others put in."""

    place: int
    removed: int
    inserted: bytes = b""


class EditedFile(io.RawIOBase):
    """A file of which some bytes are read as others."""

    def __init__(self, source: BinaryIO, edits: Sequence[Edit]):
        """The file `source`, with edits in the order of their places."""
        super().__init__()
        self._source, self._place = source, 0
        pieces: list[bytes | tuple[int, int]] = []  # bytes, or begin and end in the source
        begin = 0
        for edit in edits:
            pieces += [(begin, edit.place), edit.inserted]
            begin = edit.place + edit.removed
        pieces.append((begin, _size(source)))
        self._pieces, self._starts = [], [0]
        for piece in pieces:
            length = len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
            if length > 0:
                self._pieces.append(piece)
                self._starts.append(self._starts[-1] + length)

    def readinto(self, buffer) -> int:
        """See `io.RawIOBase`; short at the edits."""
        if self._place >= self._starts[-1]:
            return 0
        number = bisect.bisect_right(self._starts, self._place) - 1
        piece, within = self._pieces[number], self._place - self._starts[number]
        count = min(len(buffer), self._starts[number + 1] - self._place)
        if isinstance(piece, bytes):
            data = piece[within : within + count]
        else:
            self._source.seek(piece[0] + within)
            data = self._source.read(count)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        origins = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._starts[-1]}
        self._place = origins[whence] + offset
        return self._place

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._place

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def close(self) -> None:
        """See `io.RawIOBase`."""
        self._source.close()
        super().close()


@dataclasses.dataclass(frozen=True)
class Mended:
    """A file as libsndfile reads it, and what there is to say about it."""

    file: BinaryIO
    remarks: tuple[str, ...] = ()


def mended(path: str | os.PathLike) -> Mended | None:
    """The file at `path` behind tags, its chunks padded, its header finished; None if it is read as it is."""
    file, remarks, is_mended = open(path, "rb"), [], False  # noqa: SIM115  # closed with what is given back
    for mend, remark in ((_tags, ""), (_unpadded, ""), (_unfinished, NEVER_FINISHED)):
        edits = mend(file, _size(file))
        if edits:
            file, is_mended = io.BufferedReader(EditedFile(file, edits)), True
            remarks += [remark] if remark else []
    if is_mended:
        file.seek(0)
        return Mended(file, tuple(remarks))
    file.close()
    return None


def _size(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def _at(file: BinaryIO, place: int, count: int) -> bytes:
    file.seek(place)
    return file.read(count)


def _tags(file: BinaryIO, size: int) -> list[Edit]:
    """ID3 tags (and zeros behind) before other sound than MPEG's: programs write them before anything."""
    place = 0
    while (head := _at(file, place, _TAG_HEAD))[:3] == b"ID3" and len(head) == _TAG_HEAD:
        has_footer = head[5] & 0x10
        length = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        place += _TAG_HEAD + length + (_TAG_HEAD if has_footer else 0)
        gap = _at(file, place, _LONGEST_GAP)
        place += len(gap) - len(gap.lstrip(b"\0"))
    return [Edit(0, place)] if 0 < place < size and _at(file, place, 4) in _MAGIC else []


def _unpadded(file: BinaryIO, size: int) -> list[Edit]:
    """Chunks of odd length end with a byte more (EA IFF 85); where a program left it out, it is put in."""
    order = {b"RIFF": "<", b"RF64": "<", b"FORM": ">"}.get(_at(file, 0, 4))
    chunks = _chunks(file, size, order) if order else ()
    ends = (place + 8 + length for place, _, length in chunks if length % 2)
    return [Edit(end, 0, b"\0") for end in ends if end < size and _is_unpadded(file, end)]


def _is_unpadded(file: BinaryIO, end: int) -> bool:
    """Whether the next chunk stands at `end`, where the byte that fills up an odd length should."""
    following = _at(file, end, 5)
    return following[:1] != b"\0" and _is_name(following[:4]) and following[1:] not in _CHUNKS


def _is_name(word: bytes) -> bool:
    return len(word) == 4 and all(32 <= byte < 127 for byte in word)


def _chunks(file: BinaryIO, size: int, order: str = "<", place: int = 12) -> Iterator[tuple[int, bytes, int]]:
    """Place, name and length of the chunks of a file of chunks from `place` on, padded or not."""
    for _ in range(_MOST_CHUNKS):
        if place + 8 > size:
            return
        name, length = struct.unpack(f"{order}4sI", _at(file, place, 8))
        yield place, name, length
        end = place + 8 + length
        place = end + (length % 2 if end >= size or not _is_unpadded(file, end) else 0)


def _unfinished(file: BinaryIO, size: int) -> list[Edit]:
    """What finishes a header; nothing where it says what is there, or is of no such format.

    A recorder writes the sizes last, and may lose power before. See "Multimedia Programming Interface and
    Data Specifications 1.0" (WAV), EBU Tech 3306 (RF64), Apple's Core Audio Format, Sun's .au.
    """
    begins = _at(file, 0, 12)
    finish = _FORMATS.get(begins[:4] + begins[8:] if begins[8:] == b"WAVE" else begins[:4])
    patches = finish(file, size) if finish else {}
    return [Edit(place, len(patch), patch) for place, patch in sorted(patches.items())]


def _wav(file: BinaryIO, size: int) -> dict[int, bytes]:
    """Without sizes the samples stand behind a chunk of no or too small a size, and no chunks follow it."""
    place, length = _chunk(file, b"data", size)
    left = size - place - 8
    if place < 0 or length >= left or _is_chain(file, place + 8 + length + length % 2, size):
        return {}
    file.seek(4)
    end = struct.unpack("<I", file.read(4))[0] + 8
    agree = 0 <= end - (place + 8 + length) <= 1
    if agree and left - length < _BEHIND * length:
        return {}
    words = (min(number, _MOST) for number in (size - 8, left))
    return dict(zip((4, place + 4), (struct.pack("<I", word) for word in words), strict=True))


def _rf64(file: BinaryIO, size: int) -> dict[int, bytes]:
    """The sizes of an RF64 file are in its first chunk, ds64."""
    sizes, _ = _chunk(file, b"ds64", size)
    place, _ = _chunk(file, b"data", size)
    form, _ = _chunk(file, b"fmt ", size)
    if min(sizes, place, form) < 0:
        return {}
    file.seek(sizes + 16)
    said = file.read(8)
    file.seek(form + 20)
    block = struct.unpack("<H", file.read(2))[0]
    if said != bytes(8) or not block:
        return {}
    left = size - place - 8
    return {sizes + 8: struct.pack("<QQQ", size - 8, left, left // block)}


def _caf(file: BinaryIO, size: int) -> dict[int, bytes]:
    """The last chunk of a CAF file may say -1, which libsndfile does not read, or more than there is."""
    place = 8
    while place + 12 <= size:
        file.seek(place)
        kind, length = struct.unpack(">4sq", file.read(12))
        left = size - place - 12
        if kind == b"data" and not 0 <= length <= left:
            return {place + 4: struct.pack(">q", left)}
        if length < 0:
            return {}
        place += 12 + length
    return {}


def _au(file: BinaryIO, size: int) -> dict[int, bytes]:
    """A size of 0 before samples: it is given as unknown."""
    file.seek(4)
    begin, length = struct.unpack(">II", file.read(8))
    return {8: struct.pack(">I", _MOST)} if not length and begin < size else {}


_FORMATS: dict[bytes, Callable[[BinaryIO, int], dict[int, bytes]]] = {
    b"RIFFWAVE": _wav,
    b"RF64WAVE": _rf64,
    b"caff": _caf,
    b".snd": _au,
}


def _chunk(file: BinaryIO, wanted: bytes, size: int) -> tuple[int, int]:
    """Place and length of the first chunk of a kind in a WAV file; -1 and 0 where there is none."""
    found = ((place, length) for place, name, length in _chunks(file, size) if name == wanted)
    return next(found, (-1, 0))


def _is_chain(file: BinaryIO, place: int, size: int) -> bool:
    """Whether chunks follow one another from `place` to the end of the file (or nearly)."""
    for begin, name, length in _chunks(file, size, place=place):
        if not _is_name(name):
            return False
        place = begin + 8 + length + length % 2
    return place <= size + 1
