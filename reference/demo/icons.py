"""The 127 drawings the model knows, read from icons.json."""

import json
from dataclasses import dataclass

from paths import HERE


@dataclass(frozen=True)
class Icon:
    icon: str  # name in the Fluent Emoji set
    name: str  # English name in questions and answers
    article: str
    plural: str
    category: str
    color: str = ""  # only where the drawing has one clear colour

    @property
    def with_article(self) -> str:
        return f"{self.article} {self.name}"

    @property
    def definite(self) -> str:
        return f"the {self.name}"


ICONS = [Icon(**entry) for entry in json.loads((HERE / "icons.json").read_text())["icons"]]

# category -> (singular with article, plural); icons of other categories are never asked for by category
CATEGORIES = {
    "animal": ("an animal", "animals"),
    "food": ("food", "food"),
    "vehicle": ("a vehicle", "vehicles"),
    "plant": ("a plant", "plants"),
}
