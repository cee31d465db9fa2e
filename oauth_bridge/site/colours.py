"""An organization's colour made readable: WCAG contrast on it and of it, on light paper and on dark. Pure."""

LIGHT_PAPER, DARK_PAPER = "#ffffff", "#141a22"
LEAST_CONTRAST = 4.5
_STEPS = 50


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (#rrggbb) after WCAG 2: 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def text_on(colour: str) -> str:
    """White or black, whichever reads better on a colour; one of them always has enough contrast."""
    return max("#ffffff", "#000000", key=lambda text: contrast(text, colour))


def readable(colour: str, *, paper: str) -> str:
    """The colour itself where it can be read on a paper, else the nearest one on the way to black or white."""
    towards = (0, 0, 0) if _luminance(paper) > 0.5 else (255, 255, 255)
    start = _channels(colour)
    for step in range(_STEPS + 1):
        mixed = [round(a + (b - a) * step / _STEPS) for a, b in zip(start, towards, strict=True)]
        text = "#" + "".join(f"{channel:02x}" for channel in mixed)
        if contrast(text, paper) >= LEAST_CONTRAST:
            return text
    return "#000000" if towards == (0, 0, 0) else "#ffffff"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
