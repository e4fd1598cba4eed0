"""Frequent short words of languages that share a script: articles, pronouns, prepositions, forms of "to be".

Written for this project from knowledge of the languages; a word may belong to several of them.
"""

from __future__ import annotations

from collections.abc import Mapping

_LATIN = {
    "en": """the a i of and to in is that it for you was with on are as be this have from or had by but not what all
        were we when your can there their if will how has our who its did my than been would they he she his her i me
        him them which do does at an so no out up about into more these those other could should must may also don't
        it's i'm because then only some any very just here where why please sorry help us am too while over after
        before between through under such each every most many much own same let make get like yes sure here's there's
        let's hello thank thanks unfortunately however first new good great people time use used using another both
        since without within upon who's you're we're they're isn't doesn't didn't can't cannot won't need needs made
        makes well capital year years day days life world city country number place things something nothing example
        called known energy data best better""",
    "de": """der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er
        hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur
        bis mehr durch man sein wurde sei ich wir ihr mich mir dir uns euch kann können muss wenn ja nein kein keine
        diese dieser dieses ihre seine unter bitte hier dann doch schon weil alle sehr ihnen ihrer seinen würde leider
        gerne meine deine unsere unser mein dein hatte hätte wäre waren damit dabei dazu davon jedoch sowie zwischen
        gegen ohne während etwa etwas viele viel vielen wenig immer heute morgen gestern jetzt habe bin bist hast werde
        wirst soll sollte könnte gibt eines jeder jede jedes welche welcher danke""",
    "fr": """de la le et les des en un du une que est pour qui dans par plus pas au sur ne se ce il sont avec son cette
        ont aux ou mais comme nous vous je tu elle ils elles être avoir fait été était ses leur leurs mes tes mon ma
        votre notre nos vos si aussi très bien tout tous toute sans sous entre même donc où quand peut faut c'est d'un
        d'une l'on qu'il qu'elle n'est j'ai deux après avant alors cela ces peuvent peux veuillez merci désolé voici
        voilà chaque quelques plusieurs toujours jamais souvent aujourd'hui demain hier ici là étaient avait sera
        serait pouvez pouvoir doit doivent fois lors depuis pendant contre vers chez selon s'il l'un n'a qu'on celui
        celle ceux dont afin ainsi capitale nouveau nouvelle premier première aucun aucune utiliser faire peu trop
        moins ville pays monde année années jour jours vie temps exemple lorsque""",
    "es": """de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin
        sobre este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque qué
        sólo han yo hay vez puede todos así nos ni parte tiene él uno donde bien ese esa eso estos estas ellos usted
        ustedes tú mis nuestro nuestra fueron están cada aunque otro otra otros otras hacer debe siento gracias aquí
        allí ahora siempre nunca mañana ayer hoy puedo puedes pueden tengo tienes tienen estoy estamos mientras según
        contra hacia durante mediante sea sean sido siendo gran mejor mayor algunos algunas cualquier entonces luego
        claro mismo misma tal tan toda todas veces sino aún siguiente siguientes nuevo nueva primer primera lugar forma
        además ejemplo necesario información capital año días vida mundo país países usar hace hecho dice pueda puedan
        será serán debería tras bajo ningún ninguna solo""",
    "pt": """de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu
        sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter
        seus quem nas me esse eles estão você tinha foram essa num nem suas meu às minha têm numa pelos elas havia seja
        qual será nós tenho lhe deles essas esses pelas este dele são pode podem sobre isto obrigado obrigada desculpe
        aqui ali agora sempre nunca amanhã ontem hoje posso podemos estou estamos enquanto segundo contra durante sendo
        sido melhor maior alguns algumas qualquer então claro cada vez ainda onde fazer deve devem mesma tal todo toda
        todos todas vezes novo nova primeiro primeira lugar forma além exemplo informação ano dias vida mundo país usar
        feito sob nenhum nenhuma""",
    "it": """di che e la il un a per in una mi sono ho non ma lo ha le si ti i con cosa se io come da ci no questo qui
        hai sei del bene tu sì al della alla dei nel più è anche solo era gli sua suo loro delle degli nella dal dalla
        essere molto quando quello questa questi queste tutto tutti perché dove chi ai sul sulla suoi sue fare può noi
        voi lui lei ancora così già dopo prima tra fra ogni stato hanno senza sia nei negli alle agli grazie dispiace
        ecco ora sempre mai domani ieri oggi posso puoi possono deve devono abbiamo avete mentre secondo contro durante
        essendo stati state stata migliore maggiore alcuni alcune qualsiasi quindi certo""",
    "nl": """de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om hem dan zou of
        wat mijn men dit zo door over ze zich bij ook tot je mij uit der daar haar naar heb hoe heeft hebben deze u
        want nog zal me zij nu ge geen omdat iets worden toch al waren veel meer doen toen moet ben zonder kan hun dus
        alles onder ja eens hier wie werd altijd wordt wezen kunnen ons zelf tegen na wil kon niets uw iemand geweest
        andere dank hartelijk helaas natuurlijk vandaag morgen gisteren jullie jouw onze kunt moeten gaan gaat zullen
        zouden werden tussen tijdens volgens enkele sommige elke ieder beide zoals daarom terwijl eerst""",
    "sv": """och i att det som en på är av för med till den har de inte om ett han men var jag sig från vi så kan man
        när år säger hon under också efter eller nu sin där vid mot ska skulle kommer ut får finns vara hade alla andra
        mycket än här då sedan över bara in blir upp även vad få två vill ha många hur mer går detta något dem du ni
        mig dig oss er min din mitt ditt dess deras ingen inga vilken varje måste tack tyvärr självklart idag imorgon
        igår kunna borde mellan utan enligt några någon både eftersom medan första våra vårt era dina mina hennes hans
        alltid aldrig ofta blev blivit hjälpa tre""",
    "da": """og i at det er en til af på for med den som der de ikke har et var jeg han men om vi sig kan fra du så ved
        hun efter blev være skal også eller have når havde ud op over mere hvad vil nu må alle da kun end hvis hvor
        bliver meget mig dig os jer min din sin dens deres ind noget nogle andre blive været efter mod uden selv denne
        dette disse sådan fordi hvordan hvorfor tak desværre beklager selvfølgelig dag morgen går vores hjælpe hjælp
        gøre gør kunne ville skulle bruge bruges mange flere aldrig altid lidt igen tager giver findes hvornår hvilken
        hvilket begge mellem gennem ifølge mens første hans hendes hovedstad vore ugen året mennesker venner godt bedre
        nyt ny nye sige siger fået får man hver hvert år under tre to""",
    "no": """og i det på som er en til å han av for at var de med ikke et har den jeg om fra men vi så hun kan seg ble
        skal være ved også eller når hadde ut opp over mer hva vil nå må alle da bare enn hvis hvor blir mye meg deg
        oss dere min din sin deres inn noe noen andre bli vært etter mot uten selv denne dette disse slik fordi hvordan
        hvorfor du etter ikkje eg takk dessverre beklager selvfølgelig dag morgen går våre vår hjelpe hjelp gjøre gjør
        kunne ville skulle bruke brukes mange flere aldri alltid litt igjen drar tar gir finnes hvilken hvilket begge
        mellom gjennom ifølge mens første hans hennes hovedstad uke året mennesker venner godt bedre nytt ny nye si
        sier fått får man hver hvert år under tre to""",
    "fi": """ja on ei että se hän oli en mutta ovat kun niin tai joka myös kuin sen ole mitä tämä olen voi jos minä
        sinä me te he siitä nyt vain mukaan jo sitä jotka vielä ollut olla koska sekä hänen noin yli mutta ennen kaikki
        tässä siellä joita jossa tulee kanssa sinun minun tämän niitä ne hyvin eivät olisi olet olemme ovatko mikä
        miten missä miksi jonka jolla voit voidaan itse kiitos valitettavasti tietenkin tänään huomenna eilen voisi
        pitää täytyy saada tehdä tulla menemme meidän teidän heidän minulla sinulla hänellä aina usein koskaan paljon
        hyvä uusi ensimmäinen kuten eri välillä ilman jälkeen aikana kaikkien pääkaupunki vuosi vuonna päivä ihmiset
        maa kaupunki uuden toinen muut muita näin siksi vaan eli yhden yksi kaksi kolme""",
    "pl": """w i z na do się nie że to jest o jak po co od za ale tak czy dla są jego ich już być tylko przez był przed
        może ma które który która jej ze lub oraz tym tego ten ta te go mi mnie mu nas jako było była były będzie
        bardzo kiedy gdy jeśli bez pod nad przy między także również aby żeby ja ty on ona my wy oni sobie można
        wszystko wszystkie jestem jesteś tej tych dziękuję przepraszam niestety oczywiście dzisiaj jutro wczoraj mogę
        możesz mogą musi powinien została został zostały podczas według kilka każdy każda oba ponieważ gdzie kto nigdy
        zawsze często nasze nasza wasze swoje będą""",
    "cs": """a v se na je že s z to do o k ve jsem i by si pro jako za ale tak po co jeho od jsou už který nebo být
        které která jen podle však při není bylo byl byla mi mu ho jejich tím před další také když až než vše bez pod
        nad mezi aby já ty on ona my vy oni protože může jste jsme které kde kdy jak proč tato tento toto těchto má
        mají velmi ještě děkuji omlouvám bohužel samozřejmě dnes zítra včera mohu můžete můžeme mohou musí měl nelze
        lze proto tedy pouze například ano své svůj přes během každý oba kdo vždy nikdy často naše vaše budou bude vám
        nám jim tři dva roky""",
    "sk": """a v sa na je že s z to do o k vo som i by si pre ako za ale tak po čo jeho od sú už ktorý alebo byť ktoré
        ktorá len podľa však pri nie bolo bol bola mi mu ho ich tým pred ďalšie tiež keď až než všetko bez pod nad
        medzi aby ja ty on ona my vy oni pretože môže ste sme kde kedy prečo táto tento toto má majú veľmi ešte ďakujem
        ospravedlňujem bohužiaľ samozrejme dnes zajtra včera môžem môžete môžeme môžu musí mal nedá preto teda iba
        napríklad áno svoje svoj cez počas každý oba kto vždy nikdy často naše vaše budú bude vám nám im tri dva
        roky""",
    "hu": """a az és hogy nem is egy ez volt meg csak de ha van már mint még el azt kell ezt le lehet ki vagy mert be
        olyan úgy minden aki amely amit lesz nagyon itt ott én te ő mi ti ők nincs hanem után között szerint azonban
        pedig sem volna vannak voltak ami akkor most így egyik másik több saját illetve alatt valamint fel össze
        köszönöm sajnálom sajnos természetesen ma holnap tegnap tudok tudsz tud tudunk kellene voltunk közötti nélkül
        néhány mindkét ahol soha mindig gyakran miénk önök ebben abban ennek annak""",
    "ro": """și în de a la cu pe care nu o un din că mai este sunt pentru să se ce au fost prin dar ca sau după fi era
        dacă lui ei lor cum acest această aceste acestea foarte când unde numai doar tot toate toți poate trebuie eu tu
        el ea noi voi ele îi îl le mi ți ne vă am ai are avea aceasta fără între asupra astfel însă iar mulțumesc pare
        rău desigur astăzi mâine ieri pot poți putem puteți erau timpul conform câteva fiecare ambele cine niciodată
        întotdeauna adesea nostru noastră vostru acestui acestei vreau""",
    "tr": """ve bir bu da de için ile ne çok o gibi daha olarak ama var en mi kadar olan her sonra ben sen biz siz
        onlar değil ya ki mı mu mü diye yok şey ise veya hem önce göre kendi nasıl neden bana sana ona bize size olduğu
        olduğunu oldu olur olabilir bunu şu çünkü eğer tüm bütün iki ancak fakat şimdi böyle üzere ait teşekkürler
        üzgünüm maalesef elbette bugün yarın dün olmak yapmak etmek eden yapılan bulunan kullanılan arasında üzerinde
        altında içinde tarafından rağmen birlikte hakkında evet hayır iyi yeni büyük ilk lütfen nerede kim hangi bunun
        onun benim senin bizim sizin konuda""",
    "vi": """và là của có không được cho một trong với các những này đã người để khi tôi bạn anh em đó cũng từ như ra
        vào lại đến thì về phải làm nhiều nên nếu chúng hay rất bị sẽ mà tại theo trên vì còn đang hơn hoặc ở ông bà ta
        mình gì sau trước rằng nào cả qua đi""",
    "id": """yang dan di ini itu untuk dengan dari dalam tidak pada ada adalah saya akan juga ke karena bisa oleh atau
        mereka anda kita kami telah sudah dapat seperti lebih banyak bahwa jika tetapi dia ia hanya harus semua satu
        saat tersebut secara serta tentang sebagai apa bagaimana mengapa masih belum antara agar setelah namun para
        sangat orang hari menjadi terima kasih maaf tentu besok kemarin kalian tanpa selama menurut beberapa setiap
        kedua ketika pertama selalu sering maka hal cara""",
    "sw": """ya na wa kwa ni katika la za kuwa cha hiyo hii huo huu yake wake kama lakini au si mimi wewe yeye sisi
        ninyi wao hapa sana pia baada kabla bila ili kwamba yangu wangu vya watu mtu moja mbili kila wakati nini gani
        hivyo ambayo ambao kuna hakuna tu bado siku kwenye hata ndiyo hapana""",
    "hr": """i je u na se da su za od s o to ne kao koji koja koje bi iz što ili ali po samo bio bila bilo sam si smo
        ste biti može kako kada gdje zašto jer već još do nakon prije između ovaj ova ovo taj ta te sve svi ga mu joj
        im nije nisu jedan jedna jedno tako vrlo hvala žao nažalost naravno danas sutra jučer mogu možete možemo moraju
        treba bez tijekom prema nekoliko svaki oba tko nikad uvijek često naš naša vaš ovom tom kojim tri dva""",
    "ca": """de la i que el en els a les un per amb una del es no al va més com és són o ha seva seu dels aquest
        aquesta però si també molt quan on fins entre sobre sense ser està hi li ens us nosaltres això tot tots tota
        cada altres fer pot perquè havia des aquests aquestes ho jo tu ell ella""",
    "tl": """ang ng sa na at mga ay ito si ko mo siya ka ni kung para hindi isang may ako niya nila kami tayo sila po
        din rin lang pa ba nang kanyang dahil mula kapag ngunit o wala maging upang iyon ating iyong""",
    "et": """ja on ei et see ta oli kui ka mis seda aga või ma sa me te nad oma nii siis veel ning kes välja peale mida
        olid olla pole selle üle üks kõik kus miks kuidas sest juba ainult nagu pärast enne vahel tema nende saab võib
        peab väga minu sinu meie teie kolm kaks aastat""",
    "lt": """ir yra tai kad į su ne iš ar bet kaip jis ji aš tu mes jūs jie buvo per už dėl jo jos jų po prie nuo iki
        tik dar jau labai šis ši šie tas ta tie kuris kuri kurie gali turi būti mano tavo savo kur kada kodėl nes jei
        nėra apie tarp be taip pat""",
    "lv": """un ir ka ar no uz par kas tas tā to bet arī kā vai nav es tu mēs jūs viņš viņa viņi bija būt lai pēc pie
        līdz tikai vēl jau ļoti šis šī šie kurš kura var ir jābūt mans tavs savu kur kad kāpēc jo ja starp bez pirms
        visi viss tiek""",
    "sl": """in je v na se da so za od s o to ne kot ki bi iz kaj ali pa po samo bil bila bilo sem si smo ste biti
        lahko kako kdaj kje zakaj ker že še do med ta te vse vsi ga mu jih ni niso en ena eno tako zelo tudi pri kar
        tri dva""",
    "eu": """eta da ez du dute bat hau hori ere baina edo izan dira egin baino den duen zen ziren nahi behar dago daude
        nire zure gure bere haien zer nola non noiz zergatik guztiak beste oso""",
    "so": """waa iyo in ka oo ah ku u ay soo la ee uu si kale waxaa waxay waxa ayaa wax aan mid markii lagu leh dadka
        isaga iyada anaga""",
    "af": """die en van in is het nie dat vir op met hy wat sy te om aan by as ek was hulle ons jy kan sal maar ook of
        so my word uit toe baie hom haar nog daar deur sou moet hierdie daardie julle geen waar hoe hoekom omdat meer
        oor jou""",
    "cy": """y yr a yn i o ac ar mae am ei fod gan wedi eu oedd ond neu hyn hynny bod gyda mewn fel nid roedd ni chi hi
        fe nhw""",
    "sq": """dhe të në e i është për me një nuk që nga se ka si më do ishte por edhe këtë tij saj tyre ose mund janë
        kjo ky unë ti ne ju ata ato kur ku pse""",
    "is": """og að í á er sem um það við ekki til með en af fyrir var ég þú hann hún þeir þær þau hefur eru ef eða
        verið vera þetta þessi svo þegar hvað hvernig hvers mjög allt allir""",
}

_CYRILLIC = {
    "ru": """и в не на что я с он как это по но они к у ты из мы за вы так же от все её его был бы для о когда только
        мне меня было уже ещё нет если или ни быть была чтобы этот эта эти того их до себя может там тебя где во
        которые который после при об над очень можно спасибо сожалению конечно сегодня завтра вчера есть будет будут
        могу можете можем должен должна нужно между через без под чего кто ничего тоже даже более также этом этой всех
        сейчас здесь почему потому всегда никогда часто наш наши ваш свой друг такой какой столица год года лет день
        люди человек страна город новый новая первый первая которая такие один одна два три раз нельзя невозможно""",
    "uk": """і в не на що я з він як це по але вони до у ти із ми за ви так же від все її його був би для про коли
        тільки мені мене було вже ще ні якщо або бути була щоб цей ця ці того їх себе може там тебе де та й є які який
        після при над дуже можна дякую жаль звичайно сьогодні завтра вчора немає буде будуть можу можете можемо повинен
        потрібно між через без під чого хто нічого теж навіть більше також цьому цій всіх зараз тут чому завжди ніколи
        часто наш наші ваш свій цим цього три два""",
    "bg": """и в не на че аз с той как това по но те към у ти от ние за вие така също все нея му беше би до когато само
        ми ме е са се да ще вече още ако или ни бъде която който които след при над много може където тази този тези
        има няма със във си благодаря съжаление разбира днес утре вчера мога можете можем трябва между през без под
        какво кой нищо дори повече всички сега тук защо винаги никога често наш нашите вашия свой три два""",
    "sr": """и у не на да ја с он као то по али они к ти из ми за ви тако такође од све њен његов био би до када само
        ме је су се ће већ још ако или ни бити која који које после при над врло може где ова овај ове има нема са три
        два""",
    "mk": """и во не на што јас со тој како тоа по но тие кон ти од ние за вие така исто сè неа неговиот беше би до
        кога само ми ме е се да ќе веќе уште ако или ни биде која кој кои после при над многу може каде оваа овој овие
        има нема три два""",
    "be": """і ў не на што я з ён як гэта па але яны да у ты мы за вы так жа ад усё яе яго быў бы для пра калі толькі
        мне мяне было ужо яшчэ не калі або быць была каб гэты гэтая гэтыя таго іх сябе можа там цябе дзе які якая якія
        пасля пры над вельмі можна тры два""",
    "kk": """және бұл бір мен да де үшін ол емес бар жоқ болып болды деп осы сол біз сіз олар кейін бойынша туралы
        керек қалай оның қазақ""",
}

_ARABIC = {
    "ar": """في من على إلى أن هذا التي عن مع كان هذه لا ما أو هو هي كل بعد ذلك الذي بين لم قد كما عند إن ثم أي حيث لكن
        قبل غير منذ يمكن كانت أنا أنت نحن هم لقد ليس فيها لها له بها به و وهو وهي حتى خلال ولا وقد شكرا عذرا بالطبع
        اليوم غدا أمس هناك تم يتم عليه عليك يجب إذا عندما كيف ماذا لماذا أين نعم جدا أكثر بعض كانوا يكون تكون ليست أيضا
        أستطيع يمكنك يمكنني الذين اللذين بسبب حول ثلاث سنوات""",
    "fa": """و در به از که این را با است برای آن یک خود تا بر می های او ما اما شده شد یا هم کرد باید نیز هر بود اگر همه
        دارد من تو شما آنها ها بی کند شود پس چه نیست هستند کنید چون باشد وی دو متشکرم متاسفم البته امروز فردا دیروز
        می‌توانم می‌توانید نمی‌توانم مورد این‌که وقتی چگونه چرا کجا بله خیلی بیشتر بعضی بودند باشید بنابراین همچنین
        میان درباره بدون طول""",
    "ur": """کے کی میں اور ہے سے کا کو اس نے پر کہ ہیں یہ بھی کر تھا ایک جو وہ نہیں تھے ہو گیا تو اپنے ان کچھ لیے کیا
        ہم آپ تھی اگر یا رہے ہوئے ہوتا ساتھ بعد کوئی مجھے میرے جب ہی دو تم شکریہ معذرت افسوس آج کل سکتا سکتے سکتی ہوں
        ہونا چاہیے لیکن کیونکہ جبکہ کیسے کیوں کہاں ہاں بہت زیادہ بعض تمام درمیان بغیر بارے ذریعے والے والی""",
    "ps": """د په او چې له سره ته دی دا هم یې نه کې څخه شي وي کړي دې لپاره کړ هغه خپل ده دي""",
}

_DEVANAGARI = {
    "hi": """के का में की है से को और यह हैं पर ने एक भी कि था इस हो जो नहीं वह कर तो या अपने हम आप मैं क्या लिए थे थी
        साथ बहुत उस कोई कुछ होता रहा गया ये वे उनके इसके जब तक धन्यवाद क्षमा आज कल करने करना करें किया दिया जा सकता
        सकते सकती गई गए हुआ होने रहे रही अगर लेकिन फिर जैसे कैसे क्यों कौन कब कहाँ सभी सब अब यहाँ वहाँ मुझे हमें आपके
        आपकी उनकी इसमें उसके द्वारा बाद पहले बीच""",
    "mr": """आणि आहे या ते हे व तो ही आहेत होते मी तुम्ही आम्ही होता होती नाही पण हा त्या त्यांच्या त्याच्या तिच्या असे
        की मध्ये एक काही करून केला केले केली आपल्या झाला झाली साठी साठीच नाहीत का काय कसे म्हणून सर्व धन्यवाद क्षमस्व
        आज उद्या काल असेल येथे नये किंवा आपण जर तर पाहिजे शकत शकतो शकता आलेला आलेली कोणत्याही फक्त वर पासून पर्यंत नंतर
        आधी मला तुम्हाला आम्हाला त्याला तिला यांनी यांच्या माझ्या तुमच्या आमच्या तीन काम""",
    "ne": """र छ को मा हो यो पनि गर्न छन् थियो भने लागि त्यो म तपाईं हामी उनी उनले यस एक हुन्छ गरेको भएको भयो गरे छैन
        के कसरी किन सबै धेरै भन्दा बाट ले लाई तर वा अनि हुन् गर्नुहोस् जस्तै धन्यवाद माफ आज भोलि हिजो गर्छ गर्दछ सकिन्छ
        सक्छ भएन छैनन् हुनुपर्छ मात्र अर्को सँग मलाई तपाईंलाई हाम्रो मेरो तिम्रो उहाँ यहाँ त्यहाँ पछि अघि बीच
        बारेमा""",
}

WORDS: Mapping[str, Mapping[str, frozenset[str]]] = {
    script: {code: frozenset(listing.split()) for code, listing in listings.items()}
    for script, listings in (
        ("latin", _LATIN),
        ("cyrillic", _CYRILLIC),
        ("arabic", _ARABIC),
        ("devanagari", _DEVANAGARI),
    )
}
"""By script and by language code."""

LETTERS: Mapping[str, Mapping[str, str]] = {
    "latin": {
        "en": "é",
        "de": "äöüß",
        "fr": "àâæçéèêëîïôœùûüÿ",
        "es": "áéíóúüñ¿¡",
        "pt": "áâãàçéêíóôõúü",
        "it": "àèéìíîòóùú",
        "nl": "éèëïóöü",
        "sv": "åäöé",
        "da": "æøåé",
        "no": "æøåéòô",
        "fi": "äöåšž",
        "et": "õäöüšž",
        "pl": "ąćęłńóśźż",
        "cs": "áčďéěíňóřšťúůýž",
        "sk": "áäčďéíĺľňóôŕšťúýž",
        "hu": "áéíóöőúüű",
        "ro": "ăâîșțşţ",
        "tr": "çğıöşüâîû",
        "vi": "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
        "hr": "čćđšž",
        "sl": "čšž",
        "ca": "àçèéíïòóúü",
        "lt": "ąčęėįšųūž",
        "lv": "āčēģīķļņšūž",
        "is": "áðéíóúýþæö",
        "sq": "ëç",
        "cy": "âêîôûŵŷ",
        "eu": "ñ",
        "tl": "ñ",
        "af": "êëéèôûïö",
        "id": "é",
        "so": "",
        "sw": "",
    },
    "cyrillic": {
        "ru": "ыэёъщйьюяи",
        "uk": "їєґіщйьюяи",
        "bg": "ъщйьюяи",
        "sr": "ђћљњџји",
        "mk": "ѓќѕљњџји",
        "be": "ўіыэёйьюя",
        "kk": "әғқңөұүһіыэёъщйьюяи",
    },
    "arabic": {"ar": "ةىأإؤئكي", "fa": "پچژگکیئ", "ur": "ٹڈڑںےھہپچژگکیئؤ", "ps": "ټډړښځڅېګپچژکیئۍ"},
    "devanagari": {"hi": "", "mr": "ळॲऱ", "ne": ""},
}
"""The letters beyond those that all languages of the script have. One that few languages share speaks for them, and one
that a language does not have speaks against it."""
