"""Exercises that ask for a few sentences: advice, letters, polite wording, reading."""

from __future__ import annotations

from evalkit.data.make.exercise import Exercise, Family, digits
from evalkit.data.make.numbers import DAYS

ADVICE: dict[str, dict[str, str]] = {
    "sleeping better": {
        "light": "Dim the lamps an hour before bed and keep the room dark.",
        "food": "Eat your last big meal at least three hours before you lie down.",
        "screens": "Leave your phone in another room for the night.",
        "timing": "Get up at the same time every day, also at weekends.",
        "noise": "Close the window to the street or use soft earplugs.",
        "stress": "Write tomorrow's tasks on paper so that they stop going round in your head.",
    },
    "learning a language": {
        "listening": "Listen to short recordings every day, even while you wash up.",
        "speaking": "Talk with somebody for ten minutes and do not stop for every mistake.",
        "reading": "Read stories that are a little easier than you think you need.",
        "vocabulary": "Learn words in whole sentences and repeat them after a day and after a week.",
        "grammar": "Take one rule at a time and write five sentences of your own with it.",
        "motivation": "Set a small goal for each week and mark it when it is done.",
    },
    "saving money": {
        "shopping": "Write a list before you go and buy only what is on it.",
        "energy": "Turn the heating down by one degree and switch devices off at the wall.",
        "travel": "Compare a monthly ticket with what you pay for single journeys.",
        "food": "Cook for two days at once and take the second meal to work.",
        "contracts": "Look at insurance and phone contracts once a year and cancel what you do not use.",
        "habits": "Move a fixed amount to another account on the day your pay arrives.",
    },
    "growing tomatoes": {
        "water": "Water the soil in the morning and keep the leaves dry.",
        "sun": "Give them a place with at least six hours of sun.",
        "soil": "Mix compost into loose soil before you plant.",
        "support": "Tie the stems to a stake before the fruit makes them heavy.",
        "pruning": "Pinch out the side shoots once a week.",
        "harvest": "Pick the fruit when it is fully coloured and comes off with a light turn.",
    },
    "preparing for an interview": {
        "research": "Read what the company does and note two questions about it.",
        "practice": "Answer common questions aloud with a friend.",
        "clothes": "Lay out tidy, comfortable clothes the evening before.",
        "travel": "Check the way there and plan to arrive ten minutes early.",
        "examples": "Have three short stories ready that show what you achieved.",
        "questions": "Ask how success in the job is measured.",
    },
    "giving a talk": {
        "structure": "Tell people at the start which three points you will make.",
        "slides": "Put one idea on each slide and leave out full sentences.",
        "voice": "Speak more slowly than feels natural and pause after important points.",
        "nerves": "Breathe out slowly a few times before you begin.",
        "practice": "Give the whole talk aloud twice with a clock beside you.",
        "questions": "Repeat each question before you answer so that everyone has heard it.",
    },
    "keeping a kitchen clean": {
        "dishes": "Wash up directly after the meal, while nothing has dried on.",
        "surfaces": "Wipe the worktop every evening with warm water and soap.",
        "waste": "Empty the bin before it smells and rinse it once a week.",
        "fridge": "Check the fridge before you shop and throw away what has spoiled.",
        "floor": "Sweep under the table after dinner.",
        "cloths": "Change the dishcloth every two days and wash it hot.",
    },
    "starting to run": {
        "shoes": "Buy shoes that leave a thumb's width in front of your toes.",
        "pace": "Run so slowly that you can still talk in whole sentences.",
        "rest": "Leave a day of rest between two runs in the first weeks.",
        "warming up": "Walk briskly for five minutes before you begin.",
        "distance": "Add no more than a tenth to your weekly distance.",
        "company": "Arrange to meet someone, because a promise gets you out of the door.",
    },
}
TOPICS = tuple(ADVICE)
RECIPIENTS = ("manager", "landlord", "dentist", "teacher", "neighbour", "colleague", "client", "librarian", "coach")
REASONS = (
    (
        "move our appointment to {day}",
        "could we move our appointment to {day}? Something has come up that I cannot change",
    ),
    ("say that I will be late on {day}", "I will be about twenty minutes late on {day}. Please start without me"),
    ("thank them for their help on {day}", "thank you for your help on {day}. It saved me a great deal of time"),
    ("ask for a reply by {day}", "may I ask you for a reply by {day}? I need it before I can go on"),
    ("invite them to lunch on {day}", "would you like to have lunch with me on {day}? I would be glad to see you"),
    (
        "cancel our meeting on {day}",
        "I am sorry, but I have to cancel our meeting on {day}. I will suggest a new date soon",
    ),
    (
        "ask for the documents before {day}",
        "could you send me the documents before {day}? I would like to read them in peace",
    ),
    ("confirm our call on {day}", "I am happy to confirm our call on {day}. I will ring you at the agreed time"),
    (
        "remind them of the deadline on {day}",
        "this is a short reminder that the deadline is on {day}. Please tell me if you need help",
    ),
    ("ask for {day} off", "I would like to take {day} off. My work will be finished before then"),
)
DOCUMENTS = (
    "report",
    "invoice",
    "contract",
    "timetable",
    "floor plan",
    "guest list",
    "recipe",
    "photographs",
    "map",
    "minutes",
)
DEMANDS = (
    ("Send me the {thing} by {day}.", "Could you please send me the {thing} by {day}? Thank you."),
    ("Show the {thing} to everyone on {day}.", "Would you be so kind as to show the {thing} to everyone on {day}?"),
    ("Check the {thing} before {day}.", "Could you please check the {thing} before {day}? That would help a lot."),
    ("Bring the {thing} on {day}.", "Would you mind bringing the {thing} on {day}? Thank you very much."),
)
GROUPS = (
    "choir",
    "chess club",
    "sales team",
    "book circle",
    "parents' council",
    "hiking group",
    "design team",
    "night shift",
)
FIELDS = ("day", "time", "room")


def _advice(number: int) -> Exercise:
    topic, first, second = digits(number, len(TOPICS), 6, 5)
    tips = ADVICE[TOPICS[topic]]
    names = list(tips)
    one = names.pop(first)
    other = names[second]
    return Exercise(
        f"Give me two tips for {TOPICS[topic]}: one about {one} and one about {other}.",
        f"{tips[one]} {tips[other]}",
        f"There are many tips for {TOPICS[topic]}. It depends on what you like.",
    )


def _email(number: int) -> Exercise:
    who, reason, day, ending = digits(number, len(RECIPIENTS), len(REASONS), 7, 2)
    purpose, body = (part.format(day=DAYS[day]) for part in REASONS[reason])
    style, close = (("friendly", "All the best"), ("formal", "Yours sincerely"))[ending]
    greeting = "Hello" if style == "friendly" else "Dear Sir or Madam"
    mark = "" if body.endswith("?") else "."
    return Exercise(
        f"Write a short, {style} email to my {RECIPIENTS[who]} to {purpose}.",
        f"{greeting},\n\n{body[0].upper()}{body[1:]}{mark}\n\n{close}",
        f"You should write to your {RECIPIENTS[who]} and {purpose}.",
    )


def _polite(number: int) -> Exercise:
    demand, thing, day = digits(number, len(DEMANDS), len(DOCUMENTS), 7)
    rude, polite = (part.format(thing=DOCUMENTS[thing], day=DAYS[day]) for part in DEMANDS[demand])
    return Exercise("Make this request more polite.", polite, f"{rude[:-1]}, now!", rude)


def _reading(number: int) -> Exercise:
    asked, group, day, hour, room = digits(number, 3, len(GROUPS), 7, 12, 30)
    facts = {"day": DAYS[day], "time": f"{hour + 8}:30", "room": f"room {room + 11}"}
    field, other = FIELDS[asked], FIELDS[(asked + 1) % 3]
    question = {"day": "On which day", "time": "At what time", "room": "In which room"}[field]
    return Exercise(
        f"{question} does the group meet? Answer with the {field} only.",
        facts[field],
        facts[other],
        f"The {GROUPS[group]} meets on {facts['day']} at {facts['time']} in {facts['room']}. "
        "New members are welcome and need not register.",
    )


FAMILIES = (
    Family("advice", len(TOPICS) * 6 * 5, _advice),
    Family("email", len(RECIPIENTS) * len(REASONS) * 7 * 2, _email),
    Family("polite", len(DEMANDS) * len(DOCUMENTS) * 7, _polite),
    Family("reading", 3 * len(GROUPS) * 7 * 12 * 30, _reading),
)
