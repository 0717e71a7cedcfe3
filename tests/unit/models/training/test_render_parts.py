"""The renderer's parts: camera, meshes, light, paths, colours."""

from __future__ import annotations

import numpy as np
import pytest

from trackspeak.models.training.render.bodies import make_body
from trackspeak.models.training.render.camera import look_at_origin
from trackspeak.models.training.render.light import neutral_light
from trackspeak.models.training.render.mesh import MeshBuilder, surface
from trackspeak.models.training.render.paint import sample_vehicle_paint, to_linear, to_srgb
from trackspeak.models.training.render.paths import constant_speed, make_path, stop_and_go, straight, turning
from trackspeak.models.training.render.sprites import Pose, draw_sprite, view_of
from trackspeak.models.training.truth import KINDS


def test_the_camera_sees_the_origin_in_the_middle_at_the_asked_scale():
    camera = look_at_origin(480, 288, pitch_deg=35, field_deg=40, scale_px=20)
    pixels, _ = camera.project(np.array([[0.0, 0, 0], [0.05, 0, 0], [0, 5.0, 0], [0, 0, 1.0]]))
    np.testing.assert_allclose(pixels[0], [240, 144], atol=1e-6)
    np.testing.assert_allclose(pixels[1] - pixels[0], [1.0, 0.0], atol=1e-3)
    assert pixels[2, 1] < 144
    assert pixels[3, 1] < 144


def test_a_ground_polygon_behind_the_camera_is_cut_off():
    camera = look_at_origin(480, 288, pitch_deg=20, field_deg=40, scale_px=20)
    strip = np.array([[-3.0, -400, 0], [3, -400, 0], [3, 400, 0], [-3, 400, 0]])
    outline = camera.project_polygon(strip)
    assert len(outline) >= 4
    assert np.isfinite(outline).all()
    assert np.abs(outline).max() < 2000
    assert len(camera.project_polygon(strip - [0, 1000, 0])) == 0


def test_a_box_has_outward_normals():
    builder = MeshBuilder()
    builder.part((0.0, 0.0, 0.5))
    builder.box((-2.0, -1.0, 0.0), (2.0, 1.0, 1.0), surface((200, 200, 200)))
    mesh = builder.build((4.0, 2.0, 1.0))
    expected = {(0, -1, 0), (0, 1, 0), (-1, 0, 0), (1, 0, 0), (0, 0, 1)}
    assert {tuple(int(v) for v in np.rint(normal)) for normal in mesh.normals} == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("heading", [0.0, 1.0, 2.5, 4.5])
def test_every_kind_draws_from_every_side(kind, heading):
    mesh = make_body(kind, np.random.default_rng(1)).meshes[0]
    camera = look_at_origin(480, 288, pitch_deg=40, field_deg=40, scale_px=30)
    pose = Pose(0.0, 0.0, heading)
    view = view_of(camera, mesh, [pose])[0]
    sprite = draw_sprite(mesh, pose, view, camera, neutral_light(), blur_xy=np.zeros(2), sheen=np.ones((2, 2)))
    rows, columns = np.nonzero(sprite.rgba[:, :, 3] > 127)
    low = np.array([columns.min(), rows.min()]) + sprite.origin_xy
    high = np.array([columns.max() + 1, rows.max() + 1]) + sprite.origin_xy
    np.testing.assert_allclose(np.concatenate([low, high]), sprite.box_xyxy, atol=3.0)
    assert (sprite.rgba[:, :, :3].max(axis=2) <= sprite.rgba[:, :, 3]).all()


def test_paint_looks_like_itself_in_neutral_light_from_above():
    paint = np.array([[180.0, 60.0, 40.0]])
    up = np.array([[0.0, 0.0, 1.0]])
    seen = neutral_light().shade(to_linear(paint), up, up, np.zeros(1), np.zeros(1))
    np.testing.assert_allclose(seen, paint, atol=4)


def test_srgb_round_trip():
    values = np.arange(256.0)
    np.testing.assert_allclose(to_srgb(to_linear(values)), values, atol=1e-6)


def test_vehicle_paints_are_varied():
    rng = np.random.default_rng(0)
    paints = np.stack([sample_vehicle_paint(rng) for _ in range(800)]).astype(int)
    without_hue = (paints.max(axis=1) - paints.min(axis=1) < 24).mean()
    assert 0.35 < without_hue < 0.6
    red = (paints[:, 0] > 150) & (paints[:, 1:].max(axis=1) < 70)
    blue = (paints[:, 2] > 140) & (paints[:, 0] < 70)
    assert red.mean() > 0.04
    assert blue.mean() > 0.03


def test_a_path_keeps_its_speed_and_turns_left():
    line = turning(np.zeros(2), 0.0, 50.0, turn_rad=np.pi / 2, radius_m=10.0)
    path = make_path(line, constant_speed(5.0, 40.0, 10.0))
    poses = path.at(np.array([0.0, 1.0, 8.0, 9.0]))
    assert np.hypot(poses[1].x - poses[0].x, poses[1].y - poses[0].y) == pytest.approx(5.0, abs=0.01)
    assert poses[3].heading == pytest.approx(np.pi / 2, abs=0.03)
    assert poses[3].y - poses[2].y == pytest.approx(5.0, abs=0.05)


def test_stop_and_go_stands_while_it_waits():
    line = straight(np.zeros(2), 0.0, 60.0)
    path = make_path(line, stop_and_go(6.0, 40.0, 5.0, stop_s=1.0, wait_s=2.0, ramp_s=0.5))
    xs = np.array([pose.x for pose in path.at(np.array([0.0, 0.5, 1.8, 2.8, 4.5]))])
    assert xs[1] - xs[0] == pytest.approx(3.0, abs=0.05)
    assert xs[3] == xs[2]
    assert xs[4] > xs[3] + 1.0


def test_a_body_is_called_by_its_paint_where_enough_of_it_shows_and_by_what_else_is_large():
    rgb = np.array([196, 22, 28], np.uint8)
    camera, pose = look_at_origin(480, 288, pitch_deg=40, field_deg=40, scale_px=30), Pose(0.0, 0.0, 0.5)

    def seen(painted_height_m: float) -> tuple[np.ndarray, np.ndarray]:
        builder = MeshBuilder()
        builder.part((0.0, 0.0, 0.75))
        builder.box((-2.0, -1.0, 0.0), (2.0, 1.0, painted_height_m), surface(rgb))
        builder.box((-2.0, -1.0, painted_height_m), (2.0, 1.0, 1.5), surface((90, 90, 90)))
        mesh = builder.build((4.0, 2.0, 1.5))
        view = view_of(camera, mesh, [pose])[0]
        light, still = neutral_light(), np.zeros(2)
        even = np.ones((2, 2))
        sprite = draw_sprite(mesh, pose, view, camera, light, blur_xy=still, sheen=even, paint_rgb=rgb)
        return sprite.paint_rgb, sprite.trim_rgb

    paint, trim = seen(1.2)
    assert np.abs(paint - rgb).max() < 60
    assert np.abs(trim - 90).max() < 60, "the roof is as large as the painted sides"
    paint, trim = seen(0.05)
    assert np.isnan(paint).all()
    assert np.isfinite(trim).all()
    paint, trim = seen(1.5)
    assert np.isfinite(paint).all()
    assert np.isnan(trim).all()
