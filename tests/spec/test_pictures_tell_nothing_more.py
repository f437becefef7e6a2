"""A picture that is uploaded shows what it shows and tells nothing more: no place, no phone, no program inside."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from backend.core.errors import StorageUnavailable
from backend.media import encoding, service
from backend.media.encoding import encode
from tests.world.desk import NEIGHBOUR, SAME_SITE, Desk, Hand, picture
from tests.world.regions import ZHONGXIN

GPS, MAKE, ORIENTATION = 0x8825, 0x010F, 0x0112


def photo_of_a_home() -> bytes:
    """A photo that a phone took upright and stamped with its place and maker."""
    exif = Image.Exif()
    exif[MAKE], exif[ORIENTATION] = "ACME Phone", 6
    exif.get_ifd(GPS)[2] = (33.0, 12.0, 0.0)
    return picture(exif=exif, comment=b"child at home")


def test_place_and_phone_are_removed_and_the_picture_stands_upright(desk: Desk) -> None:
    answer = desk.cadre.uploads(photo_of_a_home(), name="../../etc/passwd.php")
    kept = desk.cadre.client.get(answer.json["url"])
    shown = Image.open(io.BytesIO(kept.data))
    assert (shown.format, shown.size) == ("JPEG", (30, 40))
    assert dict(shown.getexif()) == {}
    assert b"ACME" not in kept.data
    assert b"child" not in kept.data
    assert "passwd" not in answer.json["url"]


PICTURES = (
    (picture("PNG"), "a PNG"),
    (picture("WEBP"), "a WebP"),
    (picture("PNG", size=(3000, 20)), "a wide one"),
)


@pytest.mark.parametrize(("data", "reason"), PICTURES, ids=[row[1] for row in PICTURES])
def test_whatever_picture_comes_a_jpeg_is_kept(desk: Desk, data: bytes, reason: str) -> None:
    answer = desk.cadre.uploads(data)
    shown = Image.open(io.BytesIO(desk.cadre.client.get(answer.json["url"]).data))
    assert shown.format == "JPEG", reason
    assert max(shown.size) <= encoding.SIDE_MAX, reason


def test_what_shines_through_stands_on_white() -> None:
    kept = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(kept, "PNG")
    shown = Image.open(io.BytesIO(encode(kept.getvalue()).jpeg))
    assert shown.getpixel((5, 5)) == (255, 255, 255)


def flood() -> bytes:
    """A PNG of a megabyte that would unpack to 2.5 billion pixels; packed row by row, not to need them here."""
    side, row, packing = 50_000, bytes(1 + 50_000 // 8), zlib.compressobj(1)
    packed = b"".join(packing.compress(row * 500) for _ in range(side // 500)) + packing.flush()
    parts = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def slightly_too_large() -> bytes:
    """A PNG with a few pixels more than the limit."""
    kept = io.BytesIO()
    Image.new("1", (10_000, 5_001)).save(kept, "PNG")
    return kept.getvalue()


def animated_gif() -> bytes:
    """A format that is not taken."""
    kept = io.BytesIO()
    Image.new("P", (8, 8)).save(kept, "GIF")
    return kept.getvalue()


NO_PICTURES = (
    (b"<?php system($_GET['c']); ?>", "FILE_TYPE", "a program called .jpg"),
    (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "FILE_TYPE",
        "a drawing with a script",
    ),
    (b"<html><script>alert(1)</script></html>", "FILE_TYPE", "a page"),
    (b"", "FILE_TYPE", "nothing"),
    (animated_gif(), "FILE_TYPE", "another format"),
    (picture()[:200], "FILE_TYPE", "a picture cut short"),
    (b"\xff\xd8\xff" + b"\0" * 500, "FILE_TYPE", "the first bytes of a picture only"),
    (slightly_too_large(), "IMAGE_TOO_LARGE", "50 million pixels and more"),
    (flood(), "IMAGE_TOO_LARGE", "a flood of pixels"),
)


@pytest.mark.parametrize(("data", "code", "reason"), NO_PICTURES, ids=[row[2] for row in NO_PICTURES])
def test_what_is_no_picture_is_refused_whatever_its_name_says(desk: Desk, data: bytes, code: str, reason: str) -> None:
    answer = desk.cadre.uploads(data, name="photo.jpg")
    assert (answer.status_code, answer.json["code"]) == (422, code), reason


def test_a_file_over_ten_megabytes_is_refused(desk: Desk) -> None:
    assert desk.cadre.uploads(b"x" * (11 * 1024 * 1024)).status_code == 413
    with pytest.raises(encoding.PictureTooLarge):
        encode(b"x" * (encoding.SIZE_BYTES_MAX + 1))


def test_a_picture_is_internal_until_something_public_shows_it(desk: Desk) -> None:
    answer = desk.cadre.uploads(picture())
    code, url = answer.json["code"], answer.json["url"]
    stranger = desk.app.test_client()
    neighbour = desk.hires("village", NEIGHBOUR)
    mine = desk.cadre.client.get(url)
    assert (mine.status_code, mine.headers["Cache-Control"]) == (200, "private, no-store")
    assert [one.get(url).status_code for one in (stranger, neighbour.client)] == [404, 404]

    desk.cadre.does("/desk/projects", desk.fund_form(cover_media=code))
    shown = stranger.get(url)
    assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert stranger.get(url, headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    "path", ["absent.jpg", f"{'A' * 16}.jpg", "../../../secret_key.jpg", "..%2f..%2fsecret_key.jpg"]
)
def test_only_pictures_are_sent(desk: Desk, path: str) -> None:
    assert desk.app.test_client().get(f"/api/v1/media/{path}").status_code == 404


def test_a_picture_whose_file_is_lost_is_not_found(desk: Desk) -> None:
    answer = desk.cadre.uploads(picture())
    folder = desk.app.config["SETTINGS"].data_dir / "media"
    service.path_of(answer.json["code"], folder=folder).unlink()
    assert desk.cadre.client.get(answer.json["url"]).status_code == 404
    with pytest.raises(service.PictureUnknown):
        service.path_of("../secret_key", folder=folder)


def test_a_full_disk_is_said_and_nothing_is_written_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("backend.media.service.os.fsync", full)
    with pytest.raises(StorageUnavailable):
        service.keep_file(encode(picture()), folder=desk.app.config["SETTINGS"].data_dir / "media")
    refused = desk.cadre.uploads(picture())
    assert (refused.status_code, refused.json["code"]) == (503, "STORAGE_UNAVAILABLE")
    assert desk.audit("media.upload") == []


def test_an_auditor_looks_and_does_not_upload(desk: Desk) -> None:
    auditor: Hand = desk.hires("auditor", ZHONGXIN[:2])
    assert auditor.uploads(picture()).status_code == 403
    sent = auditor.client.post("/api/v1/desk/media", data={}, headers=SAME_SITE)
    assert (sent.status_code, sent.json["code"]) == (422, "INVALID_INPUT")
