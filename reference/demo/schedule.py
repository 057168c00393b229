"""Learning rate over time."""

import math


def cosine_factor(progress: float, step: int, warmup_steps: int, floor: float = 0.01) -> float:
    """Linear warm-up by steps, then a half cosine by the share of the time that has passed."""
    warmup = min(1.0, (step + 1) / warmup_steps)
    return warmup * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
