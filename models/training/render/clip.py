"""Renders a whole clip from a seed."""

from __future__ import annotations

import numpy as np

from trackspeak.models.training.render.camera import Camera
from trackspeak.models.training.render.compose import Actor, Image, Placed, compose, darken, moved, overlay
from trackspeak.models.training.render.effects import mild_effects, no_effects, sample_effects
from trackspeak.models.training.render.layout import Layout, plain_camera, plain_layout, sample_camera, sample_layout
from trackspeak.models.training.render.light import Light, day_light, neutral_light, sample_light
from trackspeak.models.training.render.options import RenderOptions
from trackspeak.models.training.render.scenery import place_scenery
from trackspeak.models.training.render.traffic import TrafficSampler, fixed_mover
from trackspeak.models.training.render.world import paint_ground
from trackspeak.models.training.truth import ClipTruth


def render_clip(seed: int, options: RenderOptions = RenderOptions()) -> ClipTruth:  # noqa: B008 - frozen
    """Render a street scene.

    Args:
        seed: decides everything that `options` leaves open; the same seed and options make the same bytes.
        options: size, length and what to show.

    Returns:
        The frames and the truth about every object seen in them.
    """
    rng = np.random.default_rng(seed)
    frame_rate = float(options.frame_rate or np.round(rng.uniform(10.0, 30.0), 2))
    clean = options.effects == "clean"
    plain = clean or options.objects is not None
    layout = plain_layout() if plain else sample_layout(rng)
    width, height = options.width, options.height
    camera = plain_camera(width, height) if plain else sample_camera(rng, width, height, layout)
    light = sample_light(rng) if options.effects == "full" else neutral_light() if clean else day_light(rng)
    duration = options.frames / frame_rate
    effects = no_effects(options.frames)
    if options.effects == "full":
        effects = sample_effects(rng, options.frames, width, height, may_shake=options.camera_shake)
    elif options.effects == "mild":
        effects = mild_effects(rng, options.frames, width, height)
    if options.objects is not None:
        movers = [fixed_mover(spec, camera, duration, rng) for spec in options.objects]
    else:
        lights_on = bool(light.gain < 0.7 or rng.random() < 0.4)
        sampler = TrafficSampler(layout, camera, duration, rng, lights_on)
        movers = sampler.sample(int(rng.integers(3, 13)), options.kinds)
    background = paint_ground(camera, light, layout, rng, clean=clean)
    times = np.arange(options.frames) / frame_rate
    actors = [Actor(mover, camera, light, times, effects.shutter / frame_rate) for mover in movers]
    occluders = [] if clean else _stand(background, camera, light, layout, actors=actors, rng=rng)
    video = compose(background, actors, occluders, effects, options.frames)
    seen = tuple(truth for truth in (actor.truth() for actor in actors) if truth is not None)
    return ClipTruth(seed=seed, frame_rate=frame_rate, rgb=video, objects=seen)


def _stand(
    background: Image, camera: Camera, light: Light, layout: Layout, *, actors: list[Actor], rng: np.random.Generator
) -> list[Placed]:
    """Draw scenery into the background, and return what may hide an actor instead."""
    occluders = []
    for sprite, view in place_scenery(camera, light, layout, rng):
        anchor = np.array([view.anchor_x, view.anchor_y])
        if sprite.shadow.size:
            darken(background, *moved(sprite.shadow, anchor + sprite.shadow_origin_xy, 1.0))
        rgba, left, top = moved(sprite.rgba, anchor + sprite.origin_xy, 1.0)
        colours, alpha = np.ascontiguousarray(rgba[:, :, :3]), np.ascontiguousarray(rgba[:, :, 3])
        thing = Placed(colours, alpha, left, top, view.depth_m)
        if any(actor.may_pass_behind(thing) for actor in actors):
            occluders.append(thing)
        else:
            overlay(background, thing)
    return occluders
