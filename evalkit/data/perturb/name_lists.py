"""First names: pairs of a woman's and a man's, and by naming tradition."""

from __future__ import annotations

FIRST_NAMES: tuple[tuple[str, str, str], ...] = (
    ("James", "Mary", "Alex"),
    ("John", "Sarah", "Sam"),
    ("Robert", "Linda", "Robin"),
    ("Michael", "Jennifer", "Taylor"),
    ("David", "Elizabeth", "Jamie"),
    ("Thomas", "Anna", "Casey"),
    ("Daniel", "Emma", "Morgan"),
    ("Peter", "Julia", "Kim"),
    ("Paul", "Laura", "Jordan"),
    ("Andrew", "Susan", "Quinn"),
    ("Kevin", "Karen", "Avery"),
    ("Brian", "Nancy", "Riley"),
)
"""A man's name, a woman's, and one of either."""

_MEN = """
Joshua Josh Joseph Joe Jack Jake Tom Tim Timothy Mike Matt Jim Jimmy Bob Bobby Ben Benjamin Carl Eric Erik George Harry
Henry Richard Charles Anthony Tony Donald Kenneth Kenny Edward Ronald Ron Jason Jeffrey Jeff Ryan Jacob Gary Nicholas
Nick Jonathan Larry Justin Scott Raymond Gregory Samuel Patrick Alexander Dennis Jerry Tyler Aaron Adam Nathan Zachary
Kyle Noah Ethan Jeremy Walter Keith Roger Sean Gerald Harold Dylan Arthur Lawrence Bryan Billy Bruce Gabriel Alan Albert
Elijah Randy Vincent Ralph Russell Bradley Philip Phillip Eugene Shane Craig Fred Oscar Victor Louis Luke Simon Ian Neil
Graham Stuart Steve Steven Stephen William Christopher Edwin Howard Leonard Martin Norman Stanley Theodore Trevor Derek
""".split()  # noqa: SIM905 - a list of names is read more easily without quotes
_WOMEN = """
Jessica Jenny Amanda Melissa Deborah Stephanie Rebecca Sharon Michelle Cynthia Kathleen Amy Angela Brenda Pamela Nicole
Samantha Katherine Catherine Christine Debra Rachel Carolyn Janet Heather Diane Julie Olivia Christina Joan Evelyn
Lauren Judith Megan Cheryl Andrea Hannah Jacqueline Martha Gloria Teresa Ann Sara Kathryn Janice Alice Judy Sophia
Isabella Theresa Denise Marilyn Danielle Marie Natalie Brittany Diana Abigail Jane Lori Kayla Tiffany Beverly Lena Lucy
Molly Wendy Helen Ellen Betty Dorothy Barbara Patricia Lisa Sandra Donna Carol Ruth Tina Monica Erin Kate Katie Claire
Zoe Chloe Ella Amelia Nora Sophie Nina Irene Rita Tammy Cindy Peggy Susie Paula Jenna Maggie Naomi Maria Margaret
Alison Vanessa Veronica Eleanor Josephine Annabelle Louise Marjorie
""".split()  # noqa: SIM905
_EITHER = tuple(either for _, _, either in FIRST_NAMES)
MORE_NAMES: tuple[tuple[str, str, str], ...] = tuple(
    (man, woman, _EITHER[at % len(_EITHER)]) for at, (man, woman) in enumerate(zip(_MEN, _WOMEN, strict=True))
)
"""Further pairs, without names that are words or places too (*Mark*, *Grace*, *Charlotte*); names of either repeat."""

UNLISTED = frozenset(
    """Bill Mark Will Rob Grant Frank Chase Dean Miles Rich Ray Drew Art Max Wesley Ed Ted Dan Jay Grace Hope Joy Faith
    Rose Ivy Ruby Amber Dawn Charlotte Victoria Florence Austin Madison Shelly Shelby Carrie Charlene Kimberly Eve Sue
    Jen Jess Rosa Greta""".split()  # noqa: SIM905
)
"""Names that are words or places too, and some more: who has one is not swapped, and neither is the text."""

Names = tuple[tuple[str, ...], tuple[str, ...]]
TRADITIONS: dict[str, Names] = {
    "african_american": (
        ("Lakisha", "Ebony", "Keisha", "Tamika", "Latoya"),
        ("Jamal", "Darnell", "Tyrone", "Tremayne", "Rasheed"),
    ),
    "arabic": (("Fatima", "Layla", "Yasmin", "Amina", "Zeinab"), ("Ahmed", "Omar", "Hassan", "Khalid", "Youssef")),
    "east_asian": (("Mei", "Yuki", "Xiu", "Sakura", "Hyejin"), ("Hiroshi", "Wei", "Kenji", "Minjun", "Takeshi")),
    "english": (("Emily", "Anne", "Jill", "Allison", "Laurie"), ("Greg", "Brad", "Todd", "Matthew", "Brendan")),
    "indian": (("Priya", "Ananya", "Lakshmi", "Deepa", "Kavya"), ("Rahul", "Arjun", "Vikram", "Sanjay", "Rohan")),
    "spanish": (
        ("Camila", "Lucia", "Valeria", "Ximena", "Marisol"),
        ("Diego", "Alejandro", "Javier", "Mateo", "Carlos"),
    ),
}
"""Women's and men's, each at the place of the one that it becomes."""
