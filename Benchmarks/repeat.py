#!/usr/bin/env python3
"""repeat.py RECORDING TIMES TOGETHER OUT: writes to OUT a recording that repeats RECORDING TIMES times. Each repetition
is later by the duration of RECORDING. The records of TOGETHER repetitions are read together. The format is in
Sources/CWire/include/recording.h."""
import struct
import sys

HEADER, FRAME, MARK = 112, 8, struct.Struct("=QQ")
KIND_MARK, KIND_RECORD, KIND_END = 1, 2, 3


def frames(data):
    at = struct.unpack_from("=H", data, 14)[0]
    while at < len(data):
        kind, size = struct.unpack_from("=II", data, at)
        yield kind, data[at + FRAME:at + FRAME + size]
        at += FRAME + (size + 7) // 8 * 8


def frame(kind, content):
    return struct.pack("=II", kind, len(content)) + content + bytes(-len(content) % 8)


def main():
    path, times, together, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    with open(path, "rb") as file:
        data = file.read()
    all_frames = list(frames(data))
    marks = [MARK.unpack(content)[0] for kind, content in all_frames if kind == KIND_MARK]
    records = [content for kind, content in all_frames if kind == KIND_RECORD]
    span = marks[-1] - marks[0]
    with open(out, "wb") as file:
        file.write(data[:HEADER])
        for first in range(0, times, together):
            file.write(frame(KIND_MARK, MARK.pack(marks[-1] + (first + together) * span, 0)))
            for time in range(first, min(first + together, times)):
                for content in records:
                    # A record begins with its time.
                    then = struct.unpack_from("=Q", content)[0] + time * span
                    file.write(frame(KIND_RECORD, struct.pack("=Q", then) + content[8:]))
        end = MARK.pack(marks[-1] + (times + together) * span, 0)
        file.write(frame(KIND_END, end + struct.pack("=Q", times * len(records))))


if __name__ == "__main__":
    main()
