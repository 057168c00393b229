"""Where things lie. Everything generated on the way goes to build/, which git ignores."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"
SPRITES = BUILD / "sprites"
MOBY_DICK = HERE / "render" / "node_modules" / "@stdlib" / "datasets-moby-dick" / "data"
PUBLIC_DEMO = HERE.parents[1] / "public" / "demo"
MODEL = PUBLIC_DEMO / "model"
DATA = PUBLIC_DEMO / "data"
