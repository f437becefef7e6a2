"""Reads the codes in the picture on standard input, by a decoder that is not ours; prints their texts as JSON."""

from __future__ import annotations

import io
import json
import sys

import zxingcpp
from PIL import Image


def main() -> None:
    """Print the texts of all codes found."""
    with Image.open(io.BytesIO(sys.stdin.buffer.read())) as picture:
        found = zxingcpp.read_barcodes(picture.convert("L"))
    json.dump([code.text for code in found], sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
