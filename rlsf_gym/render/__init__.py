"""Shows responses with their tokens coloured by reward: in a terminal, as an image, or as a page."""

from rlsf_gym.render.build import make_sample, sample_from_info
from rlsf_gym.render.image import picture, picture_of_text
from rlsf_gym.render.page import html_page
from rlsf_gym.render.reading import Reading, make_reading
from rlsf_gym.render.sample import RecordView, Sample, TokenView
from rlsf_gym.render.standing import Choice, Standing
from rlsf_gym.render.terminal import ansi

__all__ = [
    "Choice",
    "Reading",
    "RecordView",
    "Sample",
    "Standing",
    "TokenView",
    "ansi",
    "html_page",
    "make_reading",
    "make_sample",
    "picture",
    "picture_of_text",
    "sample_from_info",
]
