"""The colours of the pages: text on them can be read, and gains and losses tell apart."""

import pytest

from rlsf_gym.render.colours import DARK, LIGHT, contrast, css_variables, mix

SHARES = [share / 20 for share in range(-20, 21)]


def test_contrast_by_hand():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    assert contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21.0)
    assert contrast((9, 9, 9), (9, 9, 9)) == 1.0
    # #777777 on white, the well-known near miss: 119 / 255 has luminance 0.1845, 1.05 / 0.2345 = 4.478.
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.478, abs=1e-3)


def test_mixing_by_hand():
    assert mix((0, 100, 200), (200, 100, 0), 0.25) == (50, 100, 150)
    assert LIGHT.tint(0.0) == LIGHT.card
    assert LIGHT.tint(1.0) == (122, 178, 212)  # 0.48 * 255 + 0.52 * (0, 106, 173)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground(palette):
    assert min(contrast(palette.ink, palette.tint(share)) for share in SHARES) >= 4.5
    for name in ("ink", "soft", "gain_ink", "loss_ink"):
        for ground in (palette.card, palette.ground):
            assert contrast(getattr(palette, name), ground) >= 4.5, name
    assert min(contrast(bar, palette.card) for bar in (palette.gain, palette.loss)) >= 3.0


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_gains_are_bluer_and_losses_redder_than_the_card(palette):
    (red, _, blue), (card_red, _, card_blue) = palette.tint(1.0), palette.card
    assert blue - red > card_blue - card_red + 50
    red, _, blue = palette.tint(-1.0)
    assert red - blue > card_red - card_blue + 50


def test_the_style_sheet_has_both_palettes():
    light, dark = css_variables().split("@media screen and (prefers-color-scheme: dark)")  # paper is white
    assert "--gain: 0 106 173; --loss: 205 84 0;" in light
    assert "--gain-ink: rgb(0 86 140);" in light
    assert "--gain: 70 150 215;" in dark
    assert "--deepest: 0.6;" in dark
    assert dark.endswith("@media print {\n:root { color-scheme: light; }\n}\n")
