"""Exercises about numbers, time and measures."""

from __future__ import annotations

from evalkit.data.make.exercise import Exercise, Family, digits

_THINGS = (
    "apples pears pencils tickets books eggs stamps cups candles bottles notebooks flowers marbles coins "
    "postcards buttons oranges plates chairs lamps"
)
THINGS = tuple(_THINGS.split())
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MEASURES = (
    ("metres", "centimetres", 100),
    ("kilometres", "metres", 1000),
    ("centimetres", "millimetres", 10),
    ("kilograms", "grams", 1000),
    ("tonnes", "kilograms", 1000),
    ("litres", "millilitres", 1000),
    ("hours", "minutes", 60),
    ("minutes", "seconds", 60),
    ("days", "hours", 24),
    ("weeks", "days", 7),
    ("years", "months", 12),
    ("centuries", "years", 100),
    ("dozen", "single pieces", 12),
)
JOURNEYS = ("train", "bus", "ferry", "flight", "tram", "coach")
SUMS = (
    ("What is {a} plus {b}?", "{a} plus {b} is {c}."),
    ("Add {a} and {b}.", "The sum of {a} and {b} is {c}."),
    ("Please work out {a} + {b} for me.", "{a} + {b} = {c}"),
)


def _sum(number: int) -> Exercise:
    form, a, b = digits(number, len(SUMS), 180, 180)
    task, answer = SUMS[form]
    a, b = a + 20, b + 20
    return Exercise(task.format(a=a, b=b), answer.format(a=a, b=b, c=a + b), answer.format(a=a, b=b, c=a + b + 10))


def _left(number: int) -> Exercise:
    thing, had, gone = digits(number, len(THINGS), 60, 18)
    had, gone, name = had + 22, gone + 3, THINGS[thing]
    return Exercise(
        f"A shop has {had} {name} and sells {gone} of them. How many {name} are left?",
        f"{had} minus {gone} is {had - gone}, so {had - gone} {name} are left.",
        f"{had} plus {gone} is {had + gone}, so {had + gone} {name} are left.",
    )


def _boxes(number: int) -> Exercise:
    thing, each, boxes = digits(number, len(THINGS), 30, 28)
    each, boxes, name = each + 3, boxes + 2, THINGS[thing]
    return Exercise(
        f"One box holds {each} {name}. How many {name} are in {boxes} full boxes?",
        f"{boxes} boxes of {each} make {each * boxes} {name}.",
        f"{boxes} boxes of {each} make {each + boxes} {name}.",
    )


def _price(number: int) -> Exercise:
    thing, count, price = digits(number, len(THINGS), 11, 30)
    count, price, name = count + 2, price + 2, THINGS[thing]
    return Exercise(
        f"I buy {count} {name} at {price} euros each. What do I pay altogether?",
        f"You pay {count} times {price} euros, which is {count * price} euros.",
        f"You pay {price} euros.",
    )


def _larger(number: int) -> Exercise:
    a, step, swapped = digits(number, 900, 90, 2)
    low, high = a + 100, a + 101 + step
    first, second = (high, low) if swapped else (low, high)
    return Exercise(
        f"Which number is larger, {first} or {second}?",
        f"{high} is larger than {low}.",
        f"{low} is larger than {high}.",
    )


def _percent(number: int) -> Exercise:
    share, hundreds = digits(number, 19, 200)
    share, whole = (share + 1) * 5, (hundreds + 1) * 20
    part = share * whole // 100
    return Exercise(
        f"How much is {share} percent of {whole}?",
        f"{share} percent of {whole} is {part}.",
        f"{share} percent of {whole} is {part + share}.",
    )


def _measure(number: int) -> Exercise:
    unit, count = digits(number, len(MEASURES), 80)
    large, small, factor = MEASURES[unit]
    count += 2
    return Exercise(
        f"How many {small} are {count} {large}?",
        f"{count} {large} are {count * factor:,} {small}.",
        f"{count} {large} are {count + factor:,} {small}.",
    )


def _weekday(number: int) -> Exercise:
    day, ahead, back = digits(number, 7, 60, 2)
    ahead += 2
    when = DAYS[(day - ahead) % 7] if back else DAYS[(day + ahead) % 7]
    wrong = DAYS[(DAYS.index(when) + 1) % 7]
    tense, side = ("was", "before") if back else ("is", "after")
    return Exercise(
        f"Which day of the week {tense} it {ahead} days {side} a {DAYS[day]}?",
        f"{ahead} days {side} a {DAYS[day]} it {tense} a {when}.",
        f"{ahead} days {side} a {DAYS[day]} it {tense} a {wrong}.",
    )


def _arrival(number: int) -> Exercise:
    kind, start, takes = digits(number, len(JOURNEYS), 48, 20)
    leaves, takes = 6 * 60 + start * 15, 25 + takes * 10
    arrives = leaves + takes
    name = JOURNEYS[kind]
    return Exercise(
        f"A {name} leaves at {_clock(leaves)} and takes {takes} minutes. When does it arrive?",
        f"It arrives at {_clock(arrives)}.",
        f"It arrives at {_clock(arrives + 60)}.",
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24}:{minutes % 60:02d}"


def _next(number: int) -> Exercise:
    first, step = digits(number, 60, 40)
    first, step = first + 1, step + 2
    row = [first + step * place for place in range(5)]
    return Exercise(
        "Which number comes next in this sequence?",
        f"Each number is {step} more than the one before, so the next is {row[4]}.",
        f"The next is {row[4] + 1}.",
        ", ".join(map(str, row[:4])),
    )


def _sorted(number: int) -> Exercise:
    a, b, c, d = digits(number, 23, 24, 25, 26)
    # each from its own residue modulo 4, so that no two are equal
    row = [4 * c + 2, 4 * a, 4 * d + 3, 4 * b + 1]
    return Exercise(
        "Sort these numbers from the smallest to the largest.",
        ", ".join(map(str, sorted(row))),
        ", ".join(map(str, sorted(row, reverse=True))),
        ", ".join(map(str, row)),
    )


FAMILIES = (
    Family("sum", len(SUMS) * 180 * 180, _sum),
    Family("left", len(THINGS) * 60 * 18, _left),
    Family("boxes", len(THINGS) * 30 * 28, _boxes),
    Family("price", len(THINGS) * 11 * 30, _price),
    Family("larger", 900 * 90 * 2, _larger),
    Family("percent", 19 * 200, _percent),
    Family("measure", len(MEASURES) * 80, _measure),
    Family("weekday", 7 * 60 * 2, _weekday),
    Family("arrival", len(JOURNEYS) * 48 * 20, _arrival),
    Family("next", 60 * 40, _next),
    Family("sorted", 23 * 24 * 25 * 26, _sorted),
)
