"""The admins' rich menu: what its four fields do, and the picture behind them. Pure."""

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from adapters.line.annotate import keyboard_action, prefill
from bot.phrases import Say

NAME = "secretary-admin"
WIDTH, HEIGHT = 2500, 843
_FIELDS = 4
_STEP = WIDTH // _FIELDS
_BACK, _INK, _LINE = "#F4F7F5", "#1F4D3A", "#CBD8D1"
_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSerifCJK-Bold.ttc",
    "NotoSansTC-Regular.otf",
    "PingFang.ttc",
    "msjh.ttc",
    "wqy-microhei.ttc",
)
"""Those of the usual systems that have Chinese; without one the labels are English."""
_ENGLISH = ("Unanswered", "Annotate", "Budget", "Help")


def menu(say: Say, language: str, prefix: str) -> dict[str, Any]:
    """As LINE's `RichMenuRequest`."""
    labels = labels_of(say, language)
    actions = [
        {"type": "message", "label": labels[0], "text": f"/{prefix}unanswered"},
        keyboard_action(labels[1], prefill("", prefix)),
        {"type": "message", "label": labels[2], "text": f"/{prefix}quota"},
        {"type": "message", "label": labels[3], "text": f"/{prefix}help"},
    ]
    return {
        "size": {"width": WIDTH, "height": HEIGHT},
        "selected": True,
        "name": NAME,
        "chatBarText": say("line.menu", language)[:14],
        "areas": [
            {"bounds": {"x": at * _STEP, "y": 0, "width": _STEP, "height": HEIGHT}, "action": one}
            for at, one in enumerate(actions)
        ],
    }


def labels_of(say: Say, language: str) -> list[str]:
    return [say(f"line.menu_{name}", language) for name in ("open", "annotate", "quota", "help")]


def picture(labels: Sequence[str]) -> bytes:
    """A PNG of some 30 kB; LINE takes 1 MB."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _BACK)
    draw = ImageDraw.Draw(image)
    font = _font(84)
    if font is None and any(ord(one) > 127 for label in labels for one in label):
        labels = _ENGLISH
    for at, label in enumerate(labels):
        middle = at * _STEP + _STEP // 2
        _SHAPES[at](draw, middle, 330)
        written = font or ImageFont.load_default(84)
        draw.text((middle, 640), label, fill=_INK, font=written, anchor="mm")
        if at:
            draw.line([(at * _STEP, 120), (at * _STEP, HEIGHT - 120)], fill=_LINE, width=6)
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont | None:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return None


def _unanswered(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    draw.rounded_rectangle([x - 150, y - 120, x + 150, y + 90], 40, outline=_INK, width=16)
    draw.polygon([(x - 60, y + 86), (x - 90, y + 150), (x + 10, y + 86)], fill=_INK)
    draw.text((x, y - 15), "?", fill=_INK, font=ImageFont.load_default(170), anchor="mm")


def _annotate(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    draw.line([(x - 110, y + 110), (x + 90, y - 90)], fill=_INK, width=56)
    draw.polygon([(x - 145, y + 145), (x - 132, y + 88), (x - 88, y + 132)], fill=_INK)
    draw.line([(x - 20, y + 145), (x + 150, y + 145)], fill=_INK, width=16)


def _budget(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    draw.arc([x - 150, y - 110, x + 150, y + 190], 180, 360, fill=_INK, width=30)
    draw.line([(x, y + 40), (x + 80, y - 60)], fill=_INK, width=20)
    draw.ellipse([x - 22, y + 18, x + 22, y + 62], fill=_INK)


def _help(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    draw.ellipse([x - 140, y - 125, x + 140, y + 155], outline=_INK, width=16)
    draw.text((x, y + 15), "i", fill=_INK, font=ImageFont.load_default(180), anchor="mm")


_SHAPES = (_unanswered, _annotate, _budget, _help)
