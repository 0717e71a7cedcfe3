"""Gradients of images."""

import numpy as np

from trackspeak.plugins.detectors.motion_edges import edge_map, slopes, steepness


def test_an_edge_map_does_not_depend_on_where_in_memory_it_lies() -> None:
    luma = np.random.default_rng(0).uniform(0, 255, (136, 240)).astype(np.float32)
    between, maps = [], []
    for size in range(64):
        between.append(np.empty(16 * size, np.uint8))
        maps.append(edge_map(luma))
    assert len({one.ctypes.data % 32 for one in maps}) > 1
    assert len({one.tobytes() for one in maps}) == 1


def test_how_steep_a_slope_is() -> None:
    rightwards, downwards = np.meshgrid(np.arange(8.0), np.arange(8.0))
    steep = steepness(*slopes((3 * rightwards + 4 * downwards).astype(np.float32)))
    np.testing.assert_array_equal(steep[1:-1, 1:-1], 2 * 5)
