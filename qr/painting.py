"""What poster and share card have in common: colours, text blocks, panels and the mark of demonstration data."""

from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from qr.fonts import DEFAULT, Face
from qr.text import Setting

GREEN = "#0b6b43"
ORANGE = "#c2410c"
PAPER = "#f4f1ea"
INK = "#1f2a24"
QUIET = "#5d665f"
LINE = "#e3ddd0"
PALE_GREEN = "#e3f1ea"
PALE_ORANGE = "#fdeee2"
WHITE = "#ffffff"

DEMO_MARK = "演示数据"
DEMO_WARNING = "演示数据 · 并非真实募捐 · 请勿付款"

Box = tuple[int, int, int, int]


@dataclass
class Page:
    """A picture that is being painted."""

    picture: Image.Image
    face: Face = DEFAULT
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.draw = ImageDraw.Draw(self.picture)

    def line(
        self, at: tuple[int, int], text: str, *, size: int, fill: str = INK, bold: bool = False, align: str = "left"
    ) -> int:
        """Draw one line below `at` (its left end, middle or right end) and return its width."""
        x, y = at
        width = round(self.face.width(text, size))
        start = {"left": x, "middle": x - width // 2, "right": x - width}[align]
        self.face.draw(self.draw, (start, y + round(size * 0.88)), text, size=size, fill=fill, bold=bold)
        return width

    def lines(
        self,
        at: tuple[int, int],
        lines: list[str],
        *,
        size: int,
        fill: str = INK,
        bold: bool = False,
        leading: int = 140,
    ) -> int:
        """Draw lines below each other, `leading` per cent of the size apart; return where the next thing may begin."""
        x, y = at
        for text in lines:
            self.line((x, y), text, size=size, fill=fill, bold=bold)
            y += size * leading // 100
        return y

    def stack(self, at: tuple[int, int], room: int, blocks: list[tuple[Setting, str, bool]]) -> None:
        """Draw settings (with colour, and whether bold) below each other in the middle of `room` pixels of height.

        Where they would need more than the room, the lines move closer together.
        """
        x, y = at
        inked = sum(len(block.lines) * block.size for block, _, _ in blocks)
        leading = max(112, min(140, room * 100 // max(1, inked)))
        y += max(0, room - inked * leading // 100) // 2
        for block, fill, bold in blocks:
            y = self.lines((x, y), block.lines, size=block.size, fill=fill, bold=bold, leading=leading)

    def chip(self, at: tuple[int, int], text: str, *, size: int, fill: str = PALE_GREEN, ink: str = GREEN) -> int:
        """Draw a label on a rounded ground and return its right edge."""
        x, y = at
        right = x + round(self.face.width(text, size)) + size * 6 // 5
        self.draw.rounded_rectangle((x, y, right, y + size * 17 // 10), size * 17 // 20, fill=fill)
        self.line((x + size * 3 // 5, y + size * 7 // 20), text, size=size, fill=ink, bold=True)
        return right

    def panel(self, box: Box, *, radius: int, fill: str = WHITE, outline: str | None = None, width: int = 1) -> None:
        """Draw a rounded ground."""
        self.draw.rounded_rectangle(box, radius, fill=fill, outline=outline, width=width)

    def paste(self, picture: Image.Image, at: tuple[int, int]) -> None:
        """Put another picture onto this one."""
        self.picture.paste(picture, at)

    def watermark(self, box: Box, *, size: int, strength: int) -> None:
        """Write the demonstration mark slantwise across a box, `strength` of 255 opaque."""
        left, top, right, bottom = box
        stamp = Image.new("L", (round(self.face.width(DEMO_MARK, size)) + size, size * 2), 0)
        self.face.draw(ImageDraw.Draw(stamp), (size / 2, size * 1.4), DEMO_MARK, size=size, fill="#ffffff", bold=True)
        slanted = stamp.rotate(20, Image.Resampling.BICUBIC, expand=True).point(
            [v * strength // 255 for v in range(256)]
        )
        at = ((left + right - slanted.width) // 2, (top + bottom - slanted.height) // 2)
        self.picture.paste(Image.new("RGB", slanted.size, ORANGE), at, slanted)

    def demo_band(self, top: int, *, height: int) -> None:
        """Lay an orange band with the warning across the whole width."""
        self.draw.rectangle((0, top, self.picture.width, top + height), fill=ORANGE)
        size = height * 11 // 20
        self.line(
            (self.picture.width // 2, top + (height - size) // 2),
            DEMO_WARNING,
            size=size,
            fill=WHITE,
            bold=True,
            align="middle",
        )
