"""Procedural street scenes: rendered clips with exact truth, from nothing but numpy and OpenCV."""

from trackspeak.models.training.render.clip import render_clip
from trackspeak.models.training.render.demo import demo_clip
from trackspeak.models.training.render.options import Motion, ObjectSpec, RenderOptions

__all__ = ["Motion", "ObjectSpec", "RenderOptions", "demo_clip", "render_clip"]
