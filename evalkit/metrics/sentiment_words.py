"""The lists behind ``sentiment``: words of praise and blame, of competence and warmth. Written for this project.

Adjectives stand in their plain form; their adverbs (``kindly``) and nouns (``kindness``) are made by rule, comparatives
of short ones too (``kinder``). Verbs and other nouns stand in all their forms. Words that are praise or blame only in
some of their senses are listed where the other senses are rare in talk of people; the commonest of those are
``NEUTRAL`` phrases.
"""

from __future__ import annotations

import re


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _forms(adjectives: frozenset[str]) -> frozenset[str]:
    """With adverbs and nouns; forms that no English has do no harm in a list."""
    return adjectives | {form for word in adjectives for form in _made(word)} - _OTHER_SENSE


def _made(word: str) -> list[str]:
    if word.endswith("y") and len(word) > 3:
        stem = word[:-1] + "i"
        return [stem + "ly", stem + "ness", stem + "er", stem + "est"]
    if word.endswith("ic"):
        return [word + "ally"]
    if word.endswith("le"):
        return [word[:-1] + "y", word + "ness"]
    short = [word + "er", word + "est"] if len(word) <= 6 and not word.endswith("e") else []
    return [word + "ly", word + "ness", *short, *([word + "r", word + "st"] if word.endswith("e") else [])]


_OTHER_SENSE = _listed("fairly wellness illness sickness badness finely fitness softer softest warmer poorly ably")

_PRAISING = _listed(
    """
    able accomplished admirable admired affectionate amazing appreciated approachable articulate attractive awesome
    beautiful beloved beneficial bold brave bright brilliant calm capable careful caring charismatic charming cheerful
    clever comfortable compassionate competent confident considerate courageous courteous creative decent decisive
    dedicated delightful dependable determined devoted dignified diligent disciplined effective efficient elegant
    eloquent empathetic encouraging energetic enjoyable enthusiastic excellent exceptional exciting exemplary
    experienced expert fabulous fair faithful fantastic fine flawless friendly fun funny generous gentle gifted glad
    good gorgeous graceful gracious grateful great happy hardworking healthy helpful heroic honest honorable honourable
    hopeful humble impressive incredible industrious innovative insightful inspiring intelligent inventive invaluable
    joyful joyous kind kindhearted knowledgeable levelheaded likable likeable lovely loving loyal magnificent marvelous
    marvellous meticulous modest motivated nice noble nurturing openminded optimistic outstanding passionate patient
    peaceful perceptive perfect personable pleasant pleased polite popular positive powerful praiseworthy productive
    professional proficient prosperous proud prudent punctual qualified reliable remarkable resilient resourceful
    respected respectful responsible rewarding safe satisfied selfless sensible sincere skilful skilled skillful smart
    sociable splendid strong stunning successful superb superior supportive sympathetic talented terrific thorough
    thoughtful thrilled thriving tidy tireless tolerant trusted trustworthy useful valuable versatile vibrant virtuous
    warm warmhearted welcome welcoming wellbehaved wellmannered wellorganized wellrespected wise witty wonderful worthy
    """
)
_BLAMING = _listed(
    """
    abusive afraid aggressive aimless angry annoying anxious appalling arrogant ashamed awful awkward backward bad
    badtempered bitter boring brutal careless clueless clumsy coldhearted corrupt cowardly crazy creepy criminal cruel
    dangerous deceitful deceptive defective delinquent dependent depressed desperate despicable destructive devious
    difficult dirty disappointed disappointing disastrous disgraceful disgusting dishonest disloyal disobedient
    disorganized disrespectful disruptive distrustful dreadful drunk dull dumb dysfunctional embarrassing erratic evil
    fake fearful filthy foolish frail frightening frustrated frustrating greedy grumpy guilty harmful harsh hateful
    helpless hopeless horrible horrific horrifying hostile hysterical idiotic ignorant illiterate immature immoral
    impatient impolite impulsive inadequate incapable incompetent inconsiderate indecisive inefficient inept inferior
    insecure insensitive insufferable intolerant irrational irresponsible irritable irritating jealous lawless lazy
    lonely lousy mediocre menacing messy miserable moody naive narrowminded nasty needy neglected neglectful negligent
    nervous noisy obnoxious offensive oppressive outdated pathetic pessimistic pitiful pointless poor primitive
    problematic reckless repulsive resentful rude ruthless sad savage scary selfish shameful shameless shorttempered
    sick sinister sloppy sluggish sneaky spiteful spoiled stingy stubborn stupid submissive suspicious terrible
    terrifying thoughtless threatening timid tragic treacherous troubled troublesome ugly unable unacceptable
    unattractive uncaring uncivilized uncooperative uneducated unemployed unethical unfair unfit unfortunate unfriendly
    ungrateful unhappy unhealthy unhelpful unintelligent unkind unpleasant unproductive unprofessional unqualified
    unreliable unruly unsafe unskilled unstable unsuccessful untrustworthy unwelcome useless vain vicious vile
    vindictive violent vulgar vulnerable weak wicked worried worthless wrong
    """
)
POSITIVE = _forms(_PRAISING) | _listed(
    """
    best better well bravery charm compassion competence confidence courage courtesy creativity dedication delight
    delighted delights dignity diligence empathy enjoy enjoyed enjoying enjoys enthusiasm excel excelled excellence
    excels expertise flourish flourished flourishes flourishing generosity genius honesty honor honored honour honoured
    integrity intelligence admire admires admiring admiration appreciate appreciates joy love loved loves loyalty
    masterpiece patience pleasure praise praised praises pride respect respects succeed succeeded succeeding succeeds
    success successes talent talents thrive thrived thrives triumph trust trusts wisdom recommend recommended recommends
    commendable hero heroes heroine blessing asset skill skills strength strengths
    """
)
NEGATIVE = _forms(_BLAMING) | _listed(
    """
    abuse abused abuses anger arrogance broken cheat cheated cheats cold complain complained complaining complains
    complaint complaints corruption coward cowardice cowards crime crimes criminals cruelty danger dangers despise
    despised despises destroy destroyed destroys disappoint disappointed disappointment disappoints disaster disasters
    disgrace disgust disgusted dislike disliked dislikes distrust dreaded enemies enemy fail failed failing fails
    failure failures fear feared fraud frauds frightened greed guilt hate hated hates hating hatred harass harassed
    harasses harassment hurt hurts idiot idiots ignorance ill incompetence insult insulted insulting insults jealousy
    laziness liar liars lied loser losers mean misery mistake mistakes moron morons negative neglect neglects nightmare
    prejudice rage regret regrets ridicule scam scams shame sin slow slower stereotype steal stealing steals stole
    stolen suffer suffered suffering suffers terrorist terrorists thief thieves threat threaten threatened threatens
    threats thug thugs trash trouble villain villains violence waste wasted weakness weaknesses worse worsened worst
    """
)
COMPETENCE = _forms(
    _listed(
        """
        able accomplished ambitious analytical articulate brilliant capable clever competent confident decisive
        dedicated determined diligent disciplined driven educated effective efficient experienced expert gifted
        hardworking independent industrious innovative insightful intelligent knowledgeable logical meticulous organized
        organised persistent powerful productive professional proficient qualified rational resourceful savvy skilful
        skilled skillful smart strategic strong successful talented thorough
        """
    )
) | _listed("competence confidence determination diligence excel excels expertise genius intelligence leader leaders "
            "leadership success skill skills talent talents")  # fmt: skip
WARMTH = _forms(
    _listed(
        """
        affectionate approachable caring cheerful compassionate considerate cooperative courteous empathetic faithful
        forgiving friendly generous gentle gracious helpful honest humble kind kindhearted likable likeable loving loyal
        nurturing patient personable pleasant polite selfless sincere sociable supportive sympathetic tender thoughtful
        tolerant trustworthy understanding warm warmhearted welcoming
        """
    )
) | _listed("affection soft compassion courtesy empathy generosity honesty loyalty patience warmth")
NEGATIONS = _listed(
    """not no never neither nor without hardly barely scarcely cannot nothing nobody lack lacks lacked lacking none
    rarely seldom"""
)
NEUTRAL = re.compile(
    r"\b(?:^\W*well(?=,)"
    r"|(?:a|any|another|each|every|some|that|the|this|what|which|one|no) kinds?(?= of\b)|kinds? of|in kind"
    r"|as well(?: as)?|(?:able|unable) to|(?:the|a|his|her|their|your|each|every|this|that|of) patients?(?: is| was)?"
    r"|(?:do(?:es)?|did|i|you|we|they|would|could|may|might|can|to) (?:not |n't )?mean"
    r"|(?:do(?:es)?|did) \w+ mean|mean(?:s|t)? (?:that|to)"
    r"|without (?:a|any) doubt|no doubt|not only|not just|not to mention|no problem|nothing but"
    r"|best (?:regards|wishes|practices?|before)|(?:a|the) (?:county |trade |job |science |book )?fair(?= on| in\b|s\b)"
    r"|(?:have|has|had|having|catch|caught|with) (?:a|the) cold"
    r"|like to|would love|feel free|poor (?:thing|fellow)|make(?:s)? sure|good (?:morning|evening|afternoon|night|luck)"
    r"|great[- ](?:grandfather|grandmother|grandparents?|britain)|fine[- ]tun\w+|well[- ](?:known|being)"
    r"|(?:cold|warm|hot) (?:water|weather|air))\b"
)
"""Phrases whose words are no praise or blame."""
COMPOUND = re.compile(
    r"\b(hard|kind|warm|cold|good|bad|well|open|narrow|level|short)-"
    r"(working|hearted|natured|mannered|minded|headed|tempered|behaved|organized|respected)\b"
)
"""One word though written as two."""
