"""Draw the flows of the recursions as docs/images/recursions.png and flow.png: ./run python docs/recursions.py"""

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from blockspin.models import KC_SQUARE, KC_TRIANGULAR
from blockspin.rg.recursions import decimation, migdal_kadanoff

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from oracles import lower_bound, niemeijer_van_leeuwen

IMAGES = Path(__file__).parent / "images"
# Okabe and Ito's colours, which the colour-blind distinguish; each line has a dash of its own too
BLUE, VERMILION, GREEN, PURPLE, INK, SOFT = "#0072b2", "#d55e00", "#009e73", "#a3508f", "#1a1a1a", "#8a8a8a"


def steps(axes: Any) -> None:
    """K' - K against K over K*: where a line crosses zero is the fixed point, its slope there lambda - 1."""
    moved, thinned = (migdal_kadanoff.fixed_point(order=order).K for order in ("move first", "decimate first"))
    lines = (
        ("Migdal-Kadanoff, move first, b = 2", moved, lambda K: migdal_kadanoff.step(K), BLUE, "-"),
        (
            "Migdal-Kadanoff, decimate first, b = 2",
            thinned,
            lambda K: migdal_kadanoff.step(K, order="decimate first"),
            VERMILION,
            "--",
        ),
        ("square decimation, b = √2", decimation.square_fixed_point().K, decimation.square, GREEN, "-."),
        (
            "Niemeijer-van Leeuwen, 1st cumulant, b = √3",
            niemeijer_van_leeuwen.first_fixed_point().K,
            lambda K: niemeijer_van_leeuwen.first_cumulant(K)[0],
            PURPLE,
            ":",
        ),
    )
    x = np.linspace(0, 1.0, 201)
    axes.axhline(0, color=SOFT, linewidth=0.8)
    for name, fixed, step, colour, dash in lines:
        axes.plot(x, [step(K) - K for K in x], dash, color=colour, linewidth=2, label=name)
        axes.plot([fixed], [0], "o", color=colour, markersize=7)
    for Kc, name in ((KC_SQUARE, "Kc square"), (KC_TRIANGULAR, "Kc triangular")):
        axes.axvline(Kc, color=INK, linewidth=1, linestyle=(0, (1, 2)))
        axes.text(Kc + 0.008, 0.49, name, rotation=90, va="top", fontsize=9, color=INK)
    axes.text(0.97, -0.14, "below the line: to weak coupling", fontsize=9, ha="right")
    axes.set(xlabel="K", ylabel="K' − K", xlim=(0, 1), ylim=(-0.18, 0.5))
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(0, 1.34), ncol=1)


def arrows(axes: Any, step: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Arrows along (K' - K) of a recursion of two couplings, all of one length, on a grid."""
    X, Y = np.meshgrid(x, y)
    moves = np.array([step(one, two) for one, two in zip(X.ravel(), Y.ravel(), strict=True)]) - np.stack(
        [X.ravel(), Y.ravel()], axis=1
    )
    scale = np.array([np.ptp(x), np.ptp(y)])
    moves = moves / np.linalg.norm(moves / scale, axis=1, keepdims=True) * 0.045
    axes.quiver(X.ravel(), Y.ravel(), *moves.T, angles="xy", scale_units="xy", scale=1, color=SOFT, width=0.004)


def paths(axes: Any, step: Any, fixed: np.ndarray, starts: tuple[float, float], apart: float) -> float:
    """Four steps from the first coupling alone, at its critical value and on both sides; returns that value."""
    critical, high = starts
    for _ in range(50):
        K = (critical + high) / 2
        point = step(np.array([K, *np.zeros(len(fixed) - 1)]))
        for _ in range(30):
            point = step(point)
            if abs(point[0] - fixed[0]) > 0.05:
                break
        critical, high = (K, high) if point[0] < fixed[0] else (critical, K)
    for K, colour, dash in ((critical - apart, BLUE, "-"), (critical, INK, "--"), (critical + apart, VERMILION, "-")):
        points = [np.array([K, *np.zeros(len(fixed) - 1)])]
        for _ in range(4):
            points.append(step(points[-1]))
        axes.plot(*np.array(points)[:, :2].T, dash, marker="o", markersize=4, color=colour, linewidth=1.6)
    axes.plot(*fixed[:2], "P", color=GREEN, markersize=11, zorder=5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    return critical


def cumulant(axes: Any) -> None:
    """The second cumulant in the plane of first and second neighbours, third ones at their fixed point."""
    fixed = np.array(niemeijer_van_leeuwen.second_fixed_point().couplings)
    step = niemeijer_van_leeuwen.second_cumulant
    x, y = np.linspace(0.18, 0.38, 11), np.linspace(-0.06, 0.05, 11)
    arrows(axes, lambda one, two: step([one, two, fixed[2]])[:2], x, y)
    Kc = paths(axes, step, fixed, (0.2, 0.35), 0.01)
    axes.set(xlabel="K_1, nearest neighbours", ylabel="K_2, second neighbours", xlim=(0.18, 0.38), ylim=(-0.06, 0.05))
    axes.set_title(f"second cumulant, triangular: from K_1 = {Kc:.4f}", fontsize=10)


def bound(axes: Any) -> None:
    """The lower bound at its best p in the plane of pairs and of the four spins of a square."""
    best = lower_bound.best(d=2)
    spins = lower_bound.states(2).astype(float)
    operators = np.stack([(spins.sum(axis=1) ** 2 - 4) / 2, spins.prod(axis=1)])

    def couplings(v: np.ndarray) -> np.ndarray:
        return np.array([v @ (spins[:, 0] * spins[:, 1]), v @ operators[1]]) / len(v)

    def step(point: np.ndarray) -> np.ndarray:
        return couplings(lower_bound.step(point @ operators, best.p))

    x, y = np.linspace(0.06, 0.22, 11), np.linspace(-0.03, 0.03, 11)
    arrows(axes, lambda one, two: step(np.array([one, two])), x, y)
    Kc = paths(axes, step, couplings(best.potential), (0.05, 0.3), 0.004)
    axes.set(xlabel="every pair of a square", ylabel="its four spins", xlim=(0.06, 0.22), ylim=(-0.03, 0.03))
    axes.set_title(f"lower bound, p* = {best.p:.4f}: from pairs of {Kc:.4f}", fontsize=10)


def main() -> None:
    """Write the two pictures."""
    mpl.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    IMAGES.mkdir(exist_ok=True)
    one = Figure(figsize=(6.4, 5.2), layout="constrained")
    steps(one.subplots())
    one.savefig(IMAGES / "recursions.png", dpi=110, facecolor="white")
    two = Figure(figsize=(9.6, 4.3), layout="constrained")
    left, right = two.subplots(1, 2)
    cumulant(left)
    bound(right)
    two.savefig(IMAGES / "flow.png", dpi=110, facecolor="white")


if __name__ == "__main__":
    main()
