"""The words of the referring expressions: per concept, the phrases that say it, the usual one first."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

Phrases = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of motion in the three forms that are used.

    Attributes:
        participle: "moving".
        singular: "moves".
        plural: "move".
    """

    participle: str
    singular: str
    plural: str


NOUNS: MappingProxyType[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "car": (("car", "cars"), ("automobile", "automobiles"), ("sedan", "sedans")),
        "van": (("van", "vans"), ("minivan", "minivans")),
        "truck": (("truck", "trucks"), ("lorry", "lorries")),
        "bus": (("bus", "buses"), ("coach", "coaches")),
        "motorcycle": (("motorcycle", "motorcycles"), ("motorbike", "motorbikes")),
        "bicycle": (("bicycle", "bicycles"),),
        "bike": (("bike", "bikes"),),
        "person": (
            ("person", "people"),
            ("pedestrian", "pedestrians"),
            ("man", "men"),
            ("woman", "women"),
            ("person", "persons"),
            ("walker", "walkers"),
        ),
        "vehicle": (("vehicle", "vehicles"),),
        "object": (("object", "objects"), ("thing", "things")),
    }
)
"""Singular and plural per kind; "object" says nothing."""

PRONOUN_NOUN: tuple[str, str] = ("one", "ones")
"""Stands for "object" after a colour: "the red one"."""

PRONOUNS: Phrases = ("something", "anything", "everything")

COLOUR_PHRASES: MappingProxyType[str, Phrases] = MappingProxyType(
    {
        "red": ("red", "crimson", "scarlet"),
        "orange": ("orange",),
        "yellow": ("yellow",),
        "green": ("green",),
        "blue": ("blue",),
        "purple": ("purple", "violet"),
        "pink": ("pink",),
        "brown": ("brown",),
        "beige": ("beige", "tan", "cream"),
        "white": ("white",),
        "black": ("black",),
        "grey": ("grey", "gray"),
        "silver": ("silver", "silver grey", "silver gray"),
        "dark_grey": ("dark grey", "dark gray", "charcoal"),
        "dark_red": ("dark red", "maroon", "burgundy"),
        "light_blue": ("light blue", "pale blue", "sky blue", "silver blue"),
        "dark_blue": ("dark blue", "navy", "navy blue"),
        "light_green": ("light green", "pale green"),
        "dark_green": ("dark green",),
        "dark": ("dark", "dark coloured", "dark colored"),
    }
)

GARMENTS: Phrases = ("shirt", "jacket", "coat", "top", "sweater")
CLOTHED_IN: Phrases = ("in", "wearing", "dressed in")
WITH_GARMENT: Phrases = ("with", "in", "wearing")
PAINTED = "painted"

MOVE = Verb("moving", "moves", "move")
GENERAL_VERBS: tuple[Verb, ...] = (
    MOVE,
    Verb("going", "goes", "go"),
    Verb("heading", "heads", "head"),
    Verb("travelling", "travels", "travel"),
    Verb("traveling", "travels", "travel"),
)
DRIVE, WALK, RIDE = (
    Verb("driving", "drives", "drive"),
    Verb("walking", "walks", "walk"),
    Verb("riding", "rides", "ride"),
)
COME = Verb("coming", "comes", "come")
OWN_VERBS: MappingProxyType[str, Verb] = MappingProxyType(
    {
        "car": DRIVE,
        "van": DRIVE,
        "truck": DRIVE,
        "bus": DRIVE,
        "vehicle": DRIVE,
        "motorcycle": RIDE,
        "bicycle": RIDE,
        "bike": RIDE,
        "person": WALK,
    }
)

HEADINGS: MappingProxyType[str, Phrases] = MappingProxyType(
    {
        "moves_left": ("to the left", "left", "leftwards", "leftward", "towards the left", "toward the left"),
        "moves_right": ("to the right", "right", "rightwards", "rightward", "towards the right", "toward the right"),
        "moves_up": ("up", "upwards", "upward", "to the top", "towards the top", "toward the top"),
        "moves_down": ("down", "downwards", "downward", "to the bottom", "towards the bottom", "toward the bottom"),
        "approaches": ("towards the camera", "toward the camera", "towards us", "toward us", "closer"),
        "recedes": ("away from the camera", "away", "away from us"),
    }
)
"""What follows a verb of motion."""

PRE_DIRECTIONS: MappingProxyType[str, Phrases] = MappingProxyType(
    {
        "moves_left": ("left-moving",),
        "moves_right": ("right-moving",),
        "moves_up": ("upward-moving",),
        "moves_down": ("downward-moving",),
        "approaches": ("approaching", "oncoming"),
        "recedes": ("receding",),
    }
)

STATE_PHRASES: MappingProxyType[str, Phrases] = MappingProxyType(
    {
        "moving": ("moving", "in motion"),
        "stopped": ("stopped", "standing", "stationary", "not moving", "standing still", "waiting"),
        "turning": ("turning", "making a turn", "taking a turn"),
    }
)
PARKED = "parked"
PRE_STATES: MappingProxyType[str, Phrases] = MappingProxyType(
    {"moving": ("moving",), "stopped": ("stopped", "stationary", "standing", "waiting"), "turning": ("turning",)}
)
FINITE_STATES: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {"moving": ("moves", "move"), "stopped": ("does not move", "do not move"), "turning": ("turns", "turn")}
)

PRE_SPEEDS: MappingProxyType[str, Phrases] = MappingProxyType(
    {"fast": ("fast", "fast moving", "fast-moving"), "slow": ("slow", "slow moving", "slow-moving", "slowly moving")}
)
SPEED_ADVERBS: MappingProxyType[str, Phrases] = MappingProxyType(
    {"fast": ("fast", "quickly", "at high speed"), "slow": ("slowly", "at low speed")}
)

PLACE_PHRASES: MappingProxyType[str, Phrases] = MappingProxyType(
    {
        "on_left": ("on the left", "on the left side", "at the left", "in the left part", "on the left hand side"),
        "on_right": (
            "on the right",
            "on the right side",
            "at the right",
            "in the right part",
            "on the right hand side",
        ),
        "at_top": ("at the top", "in the upper part", "in the top part", "near the top"),
        "at_bottom": ("at the bottom", "in the lower part", "in the bottom part", "near the bottom"),
        "in_middle": ("in the middle", "in the centre", "in the center"),
        "top_lane": ("in the top lane", "in the upper lane", "on the top lane"),
        "middle_lane": ("in the middle lane", "in the centre lane", "in the center lane", "on the middle lane"),
        "bottom_lane": ("in the bottom lane", "in the lower lane", "on the bottom lane"),
        "left_lane": ("in the left lane", "on the left lane"),
        "right_lane": ("in the right lane", "on the right lane"),
    }
)
FRAME_SUFFIXES: Phrases = ("of the image", "of the picture", "of the frame", "of the scene", "of the video")

SINGULAR_ARTICLES: Phrases = ("the", "a", "")
PLURAL_ARTICLES: Phrases = ("", "the", "all", "all the")
VOWEL_ARTICLE = "an"
RELATIVES: Phrases = ("that", "which")
COPULAS: tuple[str, str] = ("is", "are")
COMMANDS: Phrases = ("find", "track", "show", "show me", "look for")
