"""Arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return arrays that follow each other as one; a single one itself, because copies cost."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
