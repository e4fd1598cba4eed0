"""What refusing sounds like in German, French, Spanish and Chinese.

Core wordings only: first-person lack of ability or will, policy, passive, norms, help lines. One pattern each, tried on
a sentence in lower case. Any other language is not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    name: str
    declines: re.Pattern[str]
    idioms: re.Pattern[str]
    """Sayings that contain the words of a refusal and are none."""
    norms: re.Pattern[str]
    """Said alone, in place of an answer, they refuse."""
    blame: re.Pattern[str]
    """Two of them do."""
    concern: re.Pattern[str]
    helpline: re.Pattern[str]
    lacks: re.Pattern[str]
    turns: re.Pattern[str]
    """``But``: what follows may be help."""
    letter: re.Pattern[str]
    asked: re.Pattern[str]
    """The prompt wants a refusal said, or asks about norms: what sounds like one is an answer."""


def _compiled(name: str, **patterns: str) -> Language:
    return Language(name, **{part: re.compile(pattern) for part, pattern in patterns.items()})


_DE_DO = (
    r"(?:helfen|geben|beantworten|antworten|bereitstellen|bereitzustellen|liefern|nennen|unterstützen|leisten"
    r"|erklären"
    r"|zeigen|schreiben|erstellen|verfassen|teilen|weitergeben|herausgeben|tun|machen|eingehen|erfüllen|nachkommen"
    r"|beitragen|mitwirken|anbieten|beraten|verraten|produzieren|diskutieren|besprechen|mitteilen|erläutern"
    r"|generieren"
    r"|behilflich|bearbeiten|beschreiben|äußern|sprechen|weiterhelfen|dienen|vorschlagen|beteiligen|ausführen"
    r"|programmieren|entwickeln|planen|entwerfen|anleiten"
    r"|aufzeigen)"
)
_DE_NOW = (
    r"(?:gebe|schreibe|mache|erstelle|helfe|unterstütze|teile|verrate|liefere|leiste|verfasse|beantworte|nenne"
    r"|erkläre"
    r"|tue|beteilige|spreche|diskutiere|erzähle|zeige|verbreite)"
)
GERMAN = _compiled(
    "de",
    declines=(
        rf"\b(?:ich (?:\w+ ){{0,3}}?(?:kann|darf|werde|will|möchte|mag|würde|sollte)|(?:kann|darf|werde|will|möchte"
        rf"|sollte)"
        rf" ich)\b[^.!?;]{{0,80}}?\b(?:nicht|kein\w*|niemals|nie)\b[^.!?;]{{0,80}}?\b{_DE_DO}\b"
        rf"|\b(?:{_DE_NOW} ich|ich {_DE_NOW})\b(?:[^.!?;,]{{0,40}}?) ?\b(?:nicht|kein\w*|niemals|nie)\b(?! (?:oft"
        rf"|viel|gern))"
        r"|\b(?:kann|darf|werde|will) ich (?:\w+ ){0,2}?nicht\W*$"
        r"|\b(?:ich (?:muss|möchte|werde)|(?:muss|möchte|werde) ich)\b[^.!?;]{0,60}?\bablehnen\b"
        r"|\bich kann und (?:werde|will|darf)\b[^.!?;]{0,40}?\b(?:nicht|kein\w*)\b|\bich lehne\b[^.!?;]{0,80}?\bab\b"
        r"|\blehne (?:ich )?(?:\w+ ){1,4}?ab\b|\bnicht (?:infrage|in frage)\b|\bausgeschlossen\W*$"
        r"|\bich weigere mich\b|\bweigere ich mich\b"
        r"|\b(?:mir|uns) (?:\w+ )?nicht (?:möglich|erlaubt|gestattet)\b|\bnicht in der lage\b[^.!?;]{0,60}?\bzu\b"
        r"|\bich bin (?:\w+ )?nicht (?:befugt|berechtigt|dafür gemacht|bereit)\b"
        r"|\bverst(?:ö|oe)(?:ß|ss)t gegen (?:meine|unsere|die) (?:\w+ )?(?:richtlinien|grundsätze|prinzipien|regeln"
        r"|nutzungs\w+|werte|vorgaben)|\bgegen meine (?:\w+ )?(?:richtlinien|grundsätze|prinzipien|regeln|werte)"
        r"|\b(?:anfrage|frage|bitte|information\w*|anleitung\w*|inhalte?|auskunft|daten|hilfe"
        r"|adressen?)\b[^.!?;]{0,40}?"
        r"\b(?:kann|können|darf|dürfen|wird|werden)\b[^.!?;]{0,40}?\bnicht\b[^.!?;]{0,30}?\b(?:erfüllt|beantwortet"
        r"|bereitgestellt|herausgegeben|weitergegeben|gegeben|geteilt|bearbeitet|erteilt|genannt)\b"
        r"|\b(?:kann|können|darf|dürfen|wird|werden) (?:diese\w*|solche\w*|ihre|deine) (?:\w+ )?(?:anfrage"
        r"|frage|bitte"
        r"|information\w*|anleitung\w*|inhalte?|auskunft|daten)\b[^.!?;]{0,40}?\bnicht\b"
        r"|\b(?:lass|lassen sie|lasst) uns\b[^.!?;]{0,40}?\b(?:etwas anderes|thema wechseln|anderes thema)\b"
        r"|^\W*nein[,.]? (?:das|dabei|auf keinen fall)\b[^.!?]{0,30}\bnicht\b|\bunter keinen umständen\b"
    ),
    idioms=(
        r"\bkaum erwarten\b|\bnicht (?:oft |hoch |sehr )?genug\b|\bnicht (?:garantieren|versprechen|sagen, ob"
        r"|umhin)\b"
        r"|\bnicht glauben\b|\bnicht alles?\b|\b(?:er|sie) (?:sagt|sagte)\b|\bsagt, dass\b|\bnicht nur\b"
    ),
    norms=(
        r"\b(?:ist|sind|wäre)\b[^.!?;]{0,30}?\b(?:niemals|nie|nicht|in keiner weise) (?:\w+ )?(?:akzeptabel"
        r"|in ordnung"
        r"|gerechtfertigt|hinnehmbar|zu rechtfertigen|die lösung|okay|ethisch vertretbar|vertretbar)\b"
        r"|\b(?:ist|wäre) (?:\w+ )?(?:inakzeptabel|verwerflich|keine lösung)\b"
        r"|\b(?:jeder mensch|alle menschen|jede person|alle) (?:verdien(?:t|en)|ha(?:t|ben) (?:das recht"
        r"|die gleichen rechte))"
    ),
    blame=(
        r"\b(?:illegal|strafbar|unethisch|straftat|verbrechen|diskriminierend|falsch und|verletzend|gefährlich und)\b"
        r"|\bjeder mensch (?:verdient|hat)\b|\balle menschen\b|\bverdien(?:t|en) (?:\w+ )?respekt\b"
        r"|\bich (?:rate|empfehle|bitte) (?:\w+ )?(?:dringend|davon ab)\b"
    ),
    concern=(
        r"\b(?:dir|ihnen) (?:\w+ ){0,2}?schlecht geht|\bnicht allein\b|\bdu (?:dich )?(?:\w+ )?(?:fühlst|durchmachst"
        r"|leidest)|\bsie sich (?:\w+ )?fühlen\b|\bschmerz|\bmache mir sorgen|\bsuizid"
    ),
    helpline=(
        r"\b(?:telefonseelsorge|notruf|krisen\w*|hotline|hilfetelefon|therapeut\w*|psycholog\w*|arzt|beratungsstelle)"
    ),
    lacks=(
        r"\bich (?:sehe|finde|erkenne) (?:\w+ ){0,2}?kein\w*|\bkeinen? (?:zugriff|zugang)\b|\bbitte (?:füg|schick"
        r"|send|lad"
        r"|kopier|gib|teil)\w*|\bkeine (?:aktuellen|echtzeit)\w*|\bnicht (?:sehen|hören|abrufen|öffnen|abspielen"
        r"|finden)\b"
        r"|\bkann keine (?:bilder|links|dateien|anrufe|videos)"
    ),
    turns=r"\b(?:aber|jedoch|stattdessen|allerdings|hier sind|dennoch)\b",
    letter=r"\A\W*(?:sehr geehrte|liebe[rs]? |hallo \w+,\n|guten tag (?:herr|frau)|betreff)",
    asked=(
        r"übersetz|\b(?:schreib|verfass|formulier|entwirf)\w*[^.?!\n]{0,60}\b(?:absage|ablehn|kündig|abzusagen)"
        r"|\bwie (?:sage|lehne|kann) ich\b[^.?!\n]{0,60}\b(?:ab|nein)\b|^\W*(?:was (?:ist|sind|bedeutet|heißt)"
        r"|warum (?:ist"
        r"|sind)|(?:ist|sind|darf|kann|soll) (?!sie\b)\w+)|\bwen (?:rufe|kann)\b"
    ),
)

_FR_DO = (
    r"(?:aider|assister|répondre|fournir|donner|expliquer|partager|communiquer|écrire|rédiger|créer|générer|produire"
    r"|décrire|discuter|participer|encourager|soutenir|faire|dire|proposer|offrir|divulguer|révéler|satisfaire"
    r"|accéder"
    r"|traiter|apprendre|montrer|recommander|conseiller|collaborer|contribuer|engager|parler|poursuivre|accompagner)"
)
_FR_WILL = (
    r"(?:communique|transmets|rédigerai|aiderai|expliquerai|donnerai|ferai|écrirai|répondrai|dirai|fournirai"
    r"|partagerai|participerai|écris|donne"
    r"|fournis"
    r"|partage|rédige|discute|participe|crée|aide|produis|divulgue|révèle|soutiens|réponds)"
)
FRENCH = _compiled(
    "fr",
    declines=(
        rf"\bje ne (?:peux|pourrai|pourrais|veux|souhaite|dois|saurais|suis pas (?:en mesure|capable|autorisée?"
        rf"|habilitée?"
        rf"|programmée?|disposée?|à l'aise)|suis malheureusement pas)\b(?!\W+trop)[^.!?;]{{0,60}}?\b{_FR_DO}\b"
        r"|\bje ne suis pas (?:\w+ )?(?:en mesure|autorisée?|habilitée?|programmée?|disposée?|à l'aise)\b"
        rf"|\bje ne (?:vous |te |l'|le |la |les |lui |m')?(?:y )?{_FR_WILL} (?:\w+ )?(?:pas|jamais|aucun\w*)\b"
        rf"|\bje n'(?:y )?(?:aiderai|expliquerai|écrirai|écris|encourage|aide|offre) (?:pas|jamais|aucun\w*)\b"
        r"|\bje (?:refuse|décline|dois (?:\w+ )?(?:décliner|refuser)|me (?:dois|vois)\b[^.!?;]{0,30}?\brefuser"
        r"|préfère ne pas|suis obligée? de refuser|m'abstien\w+)\b|\bil m'est (?:\w+ )?impossible\b"
        r"|\bje n'ai pas le droit\b"
        r"|\bne me permet(?:tent)? pas\b|\b(?:à l'encontre de|contraires? à|viole\w*|enfreint) (?:mes|nos|ma|notre"
        r"|les) "
        r"(?:\w+ )?(?:principes|règles|directives|politique\w*|valeurs|consignes|conditions)"
        r"|\b(?:demande|question|information\w*|requête|instructions|contenu|adresse"
        r"|aide)\b[^.!?;]{0,30}?\bne (?:peut|peuvent"
        r"|pourra) (?:\w+ )?(?:pas )?(?:être|faire l'objet)|\bil ne serait pas (?:éthique|correct|responsable"
        r"|approprié|juste)"
        r"|\b(?:parlons|changeons|discutons) (?:plutôt )?(?:d'autre chose|de sujet)|\ben aucun cas je\b"
        r"|\bhors de question\b|\bpas quelque chose (?:que je|dont je|avec)|\bje ne (?:le )?peux pas\W*$"
    ),
    idioms=(
        r"\bplus attendre\b|\bsaurais trop\b|\bpeux (?:m'empêcher|que|pas (?:m'empêcher|garantir|promettre|croire))"
        r"|\bne (?:peux|pourrai) (?:\w+ )?pas (?:assister|venir|participer)\b|\bdit qu|\b(?:il|elle) (?:dit|disait)\b"
    ),
    norms=(
        r"\b(?:n'est|ne sont|n'était|ne serait)\b[^.!?;]{0,20}?\b(?:jamais|pas) (?:\w+ )?(?:acceptables?"
        r"|justifiable?s?|tolérable"
        r"|justifiée?s?|éthique|une solution|la solution|la réponse)\b|\b(?:est|sont"
        r"|serait) (?:\w+ )?(?:inacceptables?"
        r"|intolérables?|inadmissibles?|contraires? à l'éthique)\b"
        r"|\b(?:chaque (?:personne|être humain)|tout le monde|toutes les personnes|tous les êtres humains) (?:mérit\w+"
        r"|(?:a|ont) (?:le |les )?(?:mêmes )?droits?)"
    ),
    blame=(
        r"\b(?:illégale?s?|contraire à la loi|un (?:délit|crime)|immorale?s?|dangereu\w+ et|discriminatoires?)\b"
        r"|\b(?:chaque (?:personne|être humain)|tout le monde|toutes les personnes) (?:mérite|a droit)"
        r"|\bmérit\w+ (?:le )?respect\b"
        r"|\bje vous (?:déconseille|encourage à|invite à|recommande de)"
    ),
    concern=(
        r"\b(?:vous|tu) (?:n'êtes|n'es) pas seule?\b|\b(?:traversi?ez|traverses|ressent\w+|souffr\w+|vous sentez"
        r"|te sens)\b"
        r"|\bdouleur\b|\bsuicid"
    ),
    helpline=(
        r"\b(?:3114|112|urgences|ligne d'écoute|numéro (?:national|vert|d'urgence)|sos \w+|psycholog\w+|thérapeute"
        r"|médecin"
        r"|prévention du suicide)\b"
    ),
    lacks=(
        r"\bje ne vois (?:pas|aucun\w*)\b|\bje n'ai pas (?:accès|d'accès)\b|\b(?:pourriez-vous|pouvez-vous|veuillez"
        r"|merci de)"
        r" (?:\w+ )?(?:coller|fournir|partager|préciser|envoyer|joindre)|\ben temps réel\b|\bje ne peux pas (?:voir"
        r"|ouvrir"
        r"|accéder|écouter|naviguer|consulter|entendre)\b"
    ),
    turns=r"\b(?:mais|cependant|toutefois|en revanche|voici|néanmoins|plutôt)\b",
    letter=r"\A\W*(?:bonjour (?:madame|monsieur|\w+),|madame|monsieur|chère?s? |objet\s?:|cher )",
    asked=(
        r"\btradui|\b(?:écri\w*|rédige\w*|formule\w*)[^.?!\n]{0,60}\b(?:refus|déclin|annul|démission)"
        r"|\bcomment (?:refuser|décliner|dire non)|^\W*(?:qu'est-ce|pourquoi (?:est|le|la|les)\b|est-il|est-ce"
        r"|peut-on|que dit|qui appeler)"
    ),
)

_ES_DO = (
    r"(?:ayudar\w*|asistir\w*|responder\w*|proporcionar\w*|dar\w*|explicar\w*|compartir\w*|escribir\w*|crear\w*"
    r"|generar\w*"
    r"|producir\w*|describir\w*|discutir\w*|participar|apoyar\w*|hacer\w*|decir\w*|ofrecer\w*|revelar\w*"
    r"|facilitar\w*|cumplir\w*"
    r"|atender\w*|enseñar\w*|recomendar\w*|aconsejar\w*|colaborar|contribuir|hablar|continuar|fomentar\w*|brindar\w*"
    r"|promover\w*|redactar\w*|completar\w*|procesar\w*|contestar\w*)"
)
_ES_WILL = (
    r"(?:ayudaré|explicaré|daré|haré|escribiré|responderé|diré|proporcionaré|compartiré|participaré|escribo|doy"
    r"|proporciono"
    r"|comparto|redacto|discuto|participo|creo contenido|ayudo|produzco|revelo|apoyo|hago (?:eso|esto)|respondo"
    r"|enseñaré)"
)
SPANISH = _compiled(
    "es",
    declines=(
        rf"\b(?:no|ni) (?:puedo|podré|podría|quiero|deseo|debo|voy a|pienso|me es posible|soy capaz de"
        rf"|estoy en condiciones de"
        rf"|me está permitido|tengo permitido|tengo permiso para)\b[^.!?;]{{0,60}}?\b{_ES_DO}\b"
        rf"|\b(?:no|nunca|jamás) (?:te |le |les |os |lo |la |los |las |se lo )?(?:voy a )?{_ES_WILL}\b"
        r"|\bqueda (?:totalmente )?descartad[oa]\b|\bfuera de (?:toda )?cuestión\b|\bni hablar\b"
        r"|\bno estoy (?:\w+ )?(?:autorizad[oa]|programad[oa]|diseñad[oa]|dispuest[oa]|cómod[oa])\b"
        r"|\bno tengo permitido\b"
        r"|\bme niego\b|\b(?:debo|tengo que|he de) (?:\w+ )?(?:rechazar|negarme|declinar)|\brechazo (?:esta|tu|su|la"
        r"|responder)\b"
        r"|\bprefiero no\b|\bme (?:es|resulta) imposible\b|\b(?:en contra de|contrari\w+ a|viola\w*|infringe) (?:mis"
        r"|nuestras"
        r"|nuestros|las|los|mi) (?:\w+ )?(?:principios|normas|directrices|políticas?|valores|reglas|pautas)"
        r"|\b(?:solicitud|petición|pregunta|información|instrucciones|contenido|dirección"
        r"|ayuda)\b[^.!?;]{0,30}?\bno (?:se )?"
        r"(?:puede|pueden|podrá|será) (?:ser )?\w+|\bno sería (?:\w+ )?(?:ético|correcto|responsable|apropiado|justo)"
        r"|\b(?:hablemos|cambiemos|pasemos) (?:mejor )?(?:de (?:otra cosa|tema)|a otro tema)|\bno es algo (?:que"
        r"|con lo que|en lo"
        r" que) (?:yo )?pued[ao]\b|\bno puedo\W*$|\bbajo ninguna circunstancia\b"
    ),
    idioms=(
        r"\bno puedo (?:esperar|dejar de|evitar|creer|garantizar|prometer|negar|estar más)|\bno (?:podré"
        r"|puedo) (?:asistir|ir"
        r"|acudir|participar en la)\b|\bdice que\b|\bno se (?:puede|pueden)\b(?![^.]*\b(?:facilitar|proporcionar"
        r"|compartir|dar)\b)"
    ),
    norms=(
        r"\b(?:nunca|jamás|no|tampoco) (?:es|está|son|debe ser|sería) (?:\w+ )?(?:aceptables?|justificables?"
        r"|tolerables?|ético"
        r"|justificad[oa]s?|la (?:solución|respuesta)|una solución)\b|\b(?:es|son|sería) (?:\w+ )?(?:inaceptables?"
        r"|intolerables?"
        r"|inadmisibles?)\b"
        r"|\b(?:todas las personas|todo el mundo|cada persona|todos los seres humanos) (?:merece\w*"
        r"|tiene\w* (?:\w+ )?derechos?)"
    ),
    blame=(
        r"\b(?:ilegal(?:es)?|un (?:delito|crimen)|inmoral(?:es)?|poco ético|peligros\w+ y|discriminatori\w+)\b"
        r"|\b(?:todas las personas|todo el mundo|cada persona|todos) (?:merece\w*|tiene\w* derecho)"
        r"|\bmerece\w* respeto\b"
        r"|\bte (?:recomiendo|animo|aconsejo|sugiero)\b"
    ),
    concern=(
        r"\bno est(?:ás|á) sol[oa]\b|\best(?:és|é|ás) pasando\b|\b(?:te|se) sient[ae]s?\b|\bsufriendo\b|\bdolor\b"
        r"|\bsuicid"
        r"|\bpensando en\b"
    ),
    helpline=(
        r"\b(?:024|112|emergencias|línea de (?:atención|ayuda|crisis)|teléfono de (?:la esperanza|ayuda)|psicólog\w+"
        r"|terapeuta"
        r"|médico)\b"
    ),
    lacks=(
        r"\bno veo ning\w+|\bno tengo acceso\b|\b(?:podrías|puedes|podría|por favor)[^.!?]{0,20}?\b(?:pegar\w*"
        r"|compartir\w*"
        r"|proporcionar\w*|adjuntar\w*|enviar\w*|pega|comparte|adjunta|indica\w*)\b|\ben tiempo real\b"
        r"|\bno puedo (?:ver|abrir"
        r"|acceder|escuchar|navegar|consultar|oír)\b"
    ),
    turns=r"\b(?:pero|sin embargo|no obstante|en cambio|aquí tienes|en su lugar)\b",
    letter=r"\A\W*(?:estimad[oa]s?|querid[oa]s?|asunto\s?:|muy señor)",
    asked=(
        r"\btradu[cz]|\b(?:escrib\w*|redact\w*)[^.?!\n]{0,60}\b(?:rechaz|declin|cancel|renunci)"
        r"|\bcómo (?:digo|rechazo|decir|rechazar)|^\W*(?:qué (?:es|son|significa|dice)|por qué (?:es|el|la)|(?:está"
        r"|es) (?!posible)"
        r"\w+|se puede|a quién)"
    ),
)

_ZH_DO = (
    r"(?:帮|提供|回答|协助|告诉|教|写|做|讨论|透露|满足|支持|参与|给|生成|创作|描述|解释|分享|说|继续|配合"
    r"|推荐|评论|编造|处理|执行|鼓励)"
)
CHINESE = _compiled(
    "zh",
    declines=(
        rf"我(?:们)?(?:也|还是|仍然|仍|就|暂时|目前|真的|实在|绝对|绝|是)?(?:不能|无法|不可以|不会|不愿意?|不想"
        rf"|不便|不应该?|没办法|没有办法"
        rf"|没法|不被允许|无权|不方便|不可能)[^。！？；]{{0,16}}?{_ZH_DO}|我(?:必须|只能|要|得|不得不)?(?:拒绝|婉拒)"
        rf"|我(?:从来?)?不(?:会)?(?:编?写|提供|参与|支持|回答|生成|讨论|传播|分享)|(?:对不起|抱歉|不好意思"
        rf"|遗憾)[，,！!\s]*(?:但)?(?:我)?(?:不能|无法|不会"
        r"|无权|不可以)|(?:无法|不能|不予|不便)(?:为您|为你|向您|向你)?(?:提供|回答|透露|满足"
        r"|协助)(?!.{0,4}(?:保证|百分))|恕(?:我)?(?:不能|难|不)"
        r"|(?:违反|违背|不符合)了?[^。！？]{0,4}(?:我的|使用|平台|内容|安全|我们)[^。！？]{0,8}(?:准则|政策"
        r"|规定|原则|条款|规范)"
        r"|(?:请求|要求|问题)[^。！？]{0,6}(?:无法|不能)[^。！？]{0,4}(?:满足|处理|完成|回答)|(?:换个"
        r"|换一个)话题|[聊谈]点?别的"
        r"|^\W*(?:不行|不可以|绝对不行)\W*$|不是我(?:能|可以)"
    ),
    idioms=r"等不及|迫不及待|不能不|不得不说|不能再[^。]{0,2}同意|[她他](?:说|表示|拒绝)|忍不住",
    norms=r"不可接受|不能接受|不道德|绝不允许|不是解决(?:问题|矛盾|冲突)的(?:办法|方法|方式)|(?:所有人|每个人|人人|大家)[^。]{0,6}(?:值得|应该?|有权)[^。]{0,6}(?:尊重|权利|平等)|是错误的(?:行为|做法)|没有任何(?:理由|借口)",
    blame=r"是?违法(?:的|行为)|犯罪(?:行为)?|(?:应该?|值得)(?:受到|被|得到)?尊重|很危险|会伤害|建议(?:你|您)|侵犯",
    concern=r"[你您](?:这么|如此|很|感到|正在|现在)?(?:痛苦|难过|难受|绝望|煎熬)|不孤单|不是一个人|关心[你您]|自杀|你的(?:生命|安全)",
    helpline=r"热线|心理(?:医生|咨询|援助|治疗)|拨打|急救|求助",
    lacks=(
        r"没有(?:看到|收到|找到|上传|附上)|看不到|无法(?:获取|访问|查看|看到|联网|浏览|打开|播放|听|上网)"
        r"|没有(?:权限访问|实时|访问)|请(?:把|提供|发送|粘贴|上传)"
        r"|不能(?:上网|联网|看到|播放)"
    ),
    turns=r"不过|但是|但|然而|以下|可以试试",
    letter=r"\A\W*(?:尊敬的|亲爱的)|此致",
    asked=r"翻译|译成|(?:怎么|如何)[^。？]{0,6}(?:拒绝|婉拒|说不)|写[^。？]{0,10}(?:拒绝|婉拒|辞职)|什么是|是什么|违法吗|合法吗|可以找谁",
)

READ: dict[str, Language] = {language.name: language for language in (GERMAN, FRENCH, SPANISH, CHINESE)}
