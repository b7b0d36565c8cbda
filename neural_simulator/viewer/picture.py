"""Draws into an array in place of a window; any context will do."""

from __future__ import annotations

import numpy as np

from ..base.errors import BackendError
from .camera import Camera
from .colors import BACKGROUND
from .gl import Framebuffer, largest_picture, read_pixels
from .hud import HudFacts
from .renderer import Renderer
from .scene import Shown


def rendered(renderer: Renderer, size: tuple[int, int], camera: Camera, shown: Shown, facts: HudFacts | None,
             supersample: int = 1, transparent: bool = False, pixel_scale: float = 1.0) -> np.ndarray:
    """Return a picture of `size` (width, height) pixels, (height, width, 3) uint8; `transparent` adds alpha.

    `facts` None leaves the display out. Whatever framebuffer was bound before is bound again. Raises BackendError where
    the device cannot draw a picture of this size.
    """
    width, height = size[0] * supersample, size[1] * supersample
    if not 0 < min(width, height) <= max(width, height) <= largest_picture():
        raise BackendError(f"A picture of {size[0]} x {size[1]} pixels cannot be drawn; both sides must lie between 1 "
                           f"and {largest_picture() // supersample}.")
    target = Framebuffer(width, height)
    try:
        scale = pixel_scale * supersample
        renderer.draw((width, height), camera, shown, scale, transparent)
        if facts is not None:
            renderer.draw_hud((width, height), camera, shown, facts, scale)
        pixels = averaged(read_pixels(width, height, 4 if transparent else 3), supersample)
    finally:
        target.close()
    return straight(pixels) if transparent else pixels


def averaged(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Return the mean of every factor x factor block of `pixels` (H, W, C) uint8."""
    if factor == 1:
        return pixels
    height, width, channels = pixels.shape[0] // factor, pixels.shape[1] // factor, pixels.shape[2]
    blocks = pixels.reshape(height, factor, width, factor, channels)
    return np.round(blocks.mean(axis=(1, 3))).astype(np.uint8)


def straight(pixels: np.ndarray) -> np.ndarray:
    """Return pixels that were gathered over a dark ground of alpha 0 with their colours freed from that ground."""
    color, alpha = pixels[..., :3].astype(np.float32), pixels[..., 3:].astype(np.float32) / 255.0
    ground = np.array(BACKGROUND, np.float32) * 255.0
    freed = (color - ground * (1.0 - alpha)) / np.maximum(alpha, 1.0 / 255.0)
    return np.concatenate([np.clip(np.round(freed), 0, 255).astype(np.uint8), pixels[..., 3:]], axis=2)
