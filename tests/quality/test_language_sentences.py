"""The language of single short sentences, written for this test by somebody who reads them: never wrong, often told.

The word lists were mended after looking at the first two thirds of these rows; the last third, from "Our flight
leaves", was written afterwards: 49 of its 64 rows were told at the first try, and none wrongly.
"""

from __future__ import annotations

from collections import Counter

from evalkit.metrics.language import UNDETERMINED, detect

ROWS = """
    en|I can't believe it's already Friday.
    en|Photosynthesis converts light energy into chemical energy.
    en|Sure! Here's a quick recipe for banana bread.
    en|Thank you very much!
    en|Paris is the capital of France.
    en|Add 2 cups flour, mix well, bake 30 minutes.
    en|Unfortunately, I am unable to help with that request.
    en|Yes, definitely.
    en|No problem at all, happy to help.
    en|MACHINE LEARNING MODELS NEED DATA.
    de|Ich habe gestern einen neuen Film gesehen.
    de|Die Hauptstadt von Frankreich ist Paris.
    de|Photosynthese wandelt Lichtenergie in chemische Energie um.
    de|Vielen Dank für Ihre Hilfe!
    de|Gerne! Hier ist ein einfaches Rezept für Bananenbrot.
    de|Das Wetter wird morgen schön.
    de|Leider kann ich Ihnen dabei nicht helfen.
    fr|Je ne peux pas vous aider avec cette demande.
    fr|La capitale de la France est Paris.
    fr|Bien sûr ! Voici une recette simple de pain aux bananes.
    fr|Merci beaucoup pour votre aide.
    fr|Il fait beau aujourd'hui à Lyon.
    fr|La photosynthèse transforme l'énergie lumineuse en énergie chimique.
    es|La capital de Francia es París.
    es|Lo siento, no puedo ayudarte con eso.
    es|¡Claro! Aquí tienes una receta sencilla de pan de plátano.
    es|Muchas gracias por su ayuda.
    es|Mañana vamos a la playa con mis amigos.
    es|La fotosíntesis convierte la energía luminosa en energía química.
    it|La capitale della Francia è Parigi.
    it|Mi dispiace, ma non posso aiutarti con questo.
    it|Certo! Ecco una ricetta semplice per il pane alla banana.
    it|Grazie mille per il tuo aiuto.
    it|Domani andiamo al mare con gli amici.
    pt|A capital da França é Paris.
    pt|Desculpe, mas não posso ajudar com isso.
    pt|Claro! Aqui está uma receita simples de pão de banana.
    pt|Muito obrigado pela sua ajuda.
    pt|Amanhã vamos à praia com os meus amigos.
    nl|De hoofdstad van Frankrijk is Parijs.
    nl|Sorry, daar kan ik je niet mee helpen.
    nl|Natuurlijk! Hier is een eenvoudig recept voor bananenbrood.
    nl|Hartelijk dank voor uw hulp.
    nl|Morgen gaan we met vrienden naar het strand.
    sv|Sveriges huvudstad är Stockholm.
    sv|Tyvärr kan jag inte hjälpa dig med det.
    sv|Självklart! Här är ett enkelt recept på bananbröd.
    sv|Imorgon åker vi till stranden med våra vänner.
    da|Danmarks hovedstad er København.
    da|Beklager, men jeg kan ikke hjælpe dig med det.
    da|I morgen tager vi til stranden med vores venner.
    no|Norges hovedstad er Oslo.
    no|Beklager, men jeg kan ikke hjelpe deg med det.
    no|I morgen drar vi til stranden med vennene våre.
    fi|Suomen pääkaupunki on Helsinki.
    fi|Valitettavasti en voi auttaa sinua tässä asiassa.
    fi|Huomenna menemme rannalle ystävien kanssa.
    pl|Stolicą Polski jest Warszawa.
    pl|Przepraszam, ale nie mogę w tym pomóc.
    pl|Jutro jedziemy na plażę z przyjaciółmi.
    cs|Hlavním městem Česka je Praha.
    cs|Omlouvám se, ale s tím vám nemohu pomoci.
    cs|Zítra jedeme s přáteli na pláž.
    tr|Türkiye'nin başkenti Ankara'dır.
    tr|Üzgünüm, bu konuda size yardımcı olamam.
    tr|Yarın arkadaşlarımla birlikte plaja gidiyoruz.
    id|Ibu kota Indonesia adalah Jakarta.
    id|Maaf, saya tidak bisa membantu dengan hal itu.
    id|Besok kami pergi ke pantai bersama teman-teman.
    vi|Thủ đô của Việt Nam là Hà Nội.
    vi|Xin lỗi, tôi không thể giúp bạn việc đó.
    ro|Capitala României este București.
    ro|Îmi pare rău, dar nu vă pot ajuta cu asta.
    hu|Magyarország fővárosa Budapest.
    hu|Sajnálom, de ebben nem tudok segíteni.
    ru|Столица России — Москва.
    ru|К сожалению, я не могу с этим помочь.
    ru|Завтра мы едем на пляж с друзьями.
    uk|Столиця України — Київ.
    uk|На жаль, я не можу з цим допомогти.
    uk|Завтра ми їдемо на пляж з друзями.
    bg|Столицата на България е София.
    bg|За съжаление не мога да помогна с това.
    el|Η πρωτεύουσα της Ελλάδας είναι η Αθήνα.
    he|בירת ישראל היא ירושלים.
    ar|عاصمة مصر هي القاهرة.
    ar|عذراً، لا أستطيع مساعدتك في ذلك.
    fa|پایتخت ایران تهران است.
    fa|متاسفم، نمی‌توانم در این مورد کمک کنم.
    ur|پاکستان کا دارالحکومت اسلام آباد ہے۔
    hi|भारत की राजधानी नई दिल्ली है।
    hi|क्षमा करें, मैं इसमें आपकी मदद नहीं कर सकता।
    mr|महाराष्ट्राची राजधानी मुंबई आहे.
    bn|বাংলাদেশের রাজধানী ঢাকা।
    ta|தமிழ்நாட்டின் தலைநகரம் சென்னை.
    th|กรุงเทพมหานครเป็นเมืองหลวงของไทย
    zh|法国的首都是巴黎。
    zh|对不起，我帮不了你。
    ja|フランスの首都はパリです。
    ja|申し訳ありませんが、お手伝いできません。
    ko|프랑스의 수도는 파리입니다.
    ko|죄송하지만 도와드릴 수 없습니다.
    sw|Mji mkuu wa Kenya ni Nairobi.
    ca|La capital de Catalunya és Barcelona.
    hr|Glavni grad Hrvatske je Zagreb.
    ?|OK
    ?|42
    ?|print("hello")
    ?|x = 3.14
    ?|https://example.com
    ?|Paris
    ?|😀😀
    ?|La
    ?|E = mc²
    ?|[[[ ]]]
    ?|asdf qwer zxcv uiop hjkl bnm
    ?|aaaaaaaaaaaaaaaaaaa
    en|The mitochondrion is often called the powerhouse of the cell.
    en|Zoë and José met at a café in Malmö before the concert.
    en|To reset your password, click the link in the email we sent.
    en|Both options work, but the second one is cheaper.
    en|Roses are red, violets are blue.
    de|Zuerst die Zwiebeln schälen und in kleine Würfel schneiden.
    de|Mein Bruder arbeitet seit drei Jahren in einem Krankenhaus.
    de|Bitte setzen Sie Ihr Passwort über den Link in der E-Mail zurück.
    de|Hunde bellen, Katzen miauen.
    fr|Commencez par éplucher les oignons puis coupez-les en petits dés.
    fr|Mon frère travaille dans un hôpital depuis trois ans.
    fr|Les chiens aboient et les chats miaulent.
    fr|Veuillez réinitialiser votre mot de passe à l'aide du lien.
    es|Primero pela las cebollas y córtalas en dados pequeños.
    es|Mi hermano trabaja en un hospital desde hace tres años.
    es|Los perros ladran y los gatos maúllan.
    es|Restablezca su contraseña con el enlace del correo.
    pt|Primeiro descasque as cebolas e corte-as em cubos pequenos.
    pt|Meu irmão trabalha em um hospital há três anos.
    pt|Os cães latem e os gatos miam.
    it|Prima sbucciate le cipolle e tagliatele a dadini.
    it|Mio fratello lavora in un ospedale da tre anni.
    it|I cani abbaiano e i gatti miagolano.
    nl|Schil eerst de uien en snijd ze in kleine blokjes.
    nl|Mijn broer werkt al drie jaar in een ziekenhuis.
    nl|Honden blaffen en katten miauwen.
    sv|Skala först löken och skär den i små tärningar.
    sv|Min bror har arbetat på ett sjukhus i tre år.
    sv|Hundar skäller och katter jamar.
    da|Skræl først løgene og skær dem i små tern.
    da|Min bror har arbejdet på et hospital i tre år.
    no|Skrell først løken og skjær den i små terninger.
    no|Broren min har jobbet på et sykehus i tre år.
    fi|Kuori ensin sipulit ja leikkaa ne pieniksi kuutioiksi.
    fi|Veljeni on työskennellyt sairaalassa kolme vuotta.
    pl|Najpierw obierz cebulę i pokrój ją w drobną kostkę.
    pl|Mój brat pracuje w szpitalu od trzech lat.
    cs|Nejprve oloupejte cibuli a nakrájejte ji na malé kostky.
    cs|Můj bratr pracuje v nemocnici už tři roky.
    sk|Najprv olúpte cibuľu a nakrájajte ju na malé kocky.
    hu|Először hámozza meg a hagymát, és vágja apró kockákra.
    hu|A bátyám három éve dolgozik egy kórházban.
    ro|Mai întâi curățați ceapa și tăiați-o cubulețe.
    ro|Fratele meu lucrează într-un spital de trei ani.
    tr|Önce soğanları soyun ve küçük küpler halinde doğrayın.
    tr|Kardeşim üç yıldır bir hastanede çalışıyor.
    vi|Đầu tiên hãy bóc vỏ hành tây và cắt thành khối nhỏ.
    id|Pertama kupas bawang lalu potong dadu kecil.
    id|Kakak saya bekerja di rumah sakit selama tiga tahun.
    ru|Сначала очистите лук и нарежьте его мелкими кубиками.
    ru|Мой брат три года работает в больнице.
    ru|Собаки лают, а кошки мяукают.
    uk|Спочатку очистіть цибулю та наріжте її дрібними кубиками.
    uk|Мій брат три роки працює в лікарні.
    bg|Първо обелете лука и го нарежете на малки кубчета.
    bg|Брат ми работи в болница от три години.
    sr|Мој брат ради у болници већ три године.
    el|Ο αδελφός μου δουλεύει σε νοσοκομείο.
    he|אחי עובד בבית חולים שלוש שנים.
    ar|يعمل أخي في مستشفى منذ ثلاث سنوات.
    ar|الكلاب تنبح والقطط تموء.
    fa|برادرم سه سال است که در بیمارستان کار می‌کند.
    ur|میرا بھائی تین سال سے ہسپتال میں کام کر رہا ہے۔
    hi|मेरा भाई तीन साल से अस्पताल में काम कर रहा है।
    hi|कुत्ते भौंकते हैं और बिल्लियाँ म्याऊँ करती हैं।
    mr|माझा भाऊ तीन वर्षांपासून रुग्णालयात काम करत आहे.
    bn|আমার ভাই তিন বছর ধরে হাসপাতালে কাজ করছে।
    th|พี่ชายของฉันทำงานในโรงพยาบาลมาสามปีแล้ว
    zh|我哥哥在医院工作了三年。
    ja|兄は病院で三年間働いています。
    ko|제 형은 병원에서 삼 년째 일하고 있습니다.
    ca|El meu germà treballa en un hospital des de fa tres anys.
    hr|Moj brat radi u bolnici već tri godine.
    lt|Mano brolis trejus metus dirba ligoninėje.
    lv|Mans brālis trīs gadus strādā slimnīcā.
    et|Mu vend on töötanud haiglas kolm aastat.
    sw|Kaka yangu anafanya kazi hospitalini kwa miaka mitatu.
    ?|Tokyo 2020
    ?|foo(bar, baz)
    ?|Anna Müller
    ?|lol
    ?|12:30 – 14:00
    ?|Łódź
    en|Our flight leaves at noon, so we should pack tonight.
    en|Blockchain stores transactions in linked blocks.
    en|I think, therefore I am.
    en|Two plus two equals four.
    de|Unser Flug geht mittags, also sollten wir heute Abend packen.
    de|Die Katze liegt auf dem warmen Sofa.
    de|Kaufen Sie bitte Milch und Brot.
    fr|Notre vol part à midi, nous devrions donc faire nos valises ce soir.
    fr|Le chat dort sur le canapé.
    fr|Achetez du lait et du pain.
    es|Nuestro vuelo sale al mediodía, así que deberíamos hacer las maletas.
    es|El gato duerme en el sofá.
    es|Compra leche y pan, por favor.
    pt|Nosso voo sai ao meio-dia, então devemos fazer as malas.
    pt|O gato dorme no sofá.
    pt|Compre leite e pão, por favor.
    it|Il nostro volo parte a mezzogiorno, quindi dovremmo fare le valigie.
    it|Il gatto dorme sul divano.
    it|Compra il latte e il pane, per favore.
    nl|Onze vlucht vertrekt om twaalf uur, dus we moeten vanavond inpakken.
    nl|De kat slaapt op de bank.
    sv|Vårt flyg går klockan tolv, så vi borde packa ikväll.
    sv|Katten sover i soffan.
    da|Vores fly går klokken tolv, så vi bør pakke i aften.
    da|Katten sover på sofaen, og hunden er ude.
    no|Flyet vårt går klokken tolv, så vi bør pakke i kveld.
    no|Katten sover på sofaen, og hunden er ute.
    fi|Lentomme lähtee keskipäivällä, joten meidän pitäisi pakata tänään.
    pl|Nasz lot jest w południe, więc powinniśmy się spakować.
    pl|Kot śpi na kanapie.
    cs|Náš let odlétá v poledne, takže bychom se měli sbalit.
    cs|Kočka spí na pohovce.
    sk|Náš let odlieta na poludnie, takže by sme sa mali zbaliť.
    hu|A járatunk délben indul, ezért ma este kellene csomagolnunk.
    ro|Zborul nostru pleacă la prânz, deci ar trebui să ne facem bagajele.
    tr|Uçağımız öğlen kalkıyor, bu yüzden bu akşam toplanmalıyız.
    vi|Chuyến bay của chúng tôi khởi hành lúc trưa.
    id|Penerbangan kami berangkat siang, jadi kita harus berkemas.
    ru|Наш рейс вылетает в полдень, поэтому нам нужно собраться вечером.
    ru|Кошка спит на диване.
    uk|Наш рейс вилітає опівдні, тому нам треба зібратися ввечері.
    bg|Полетът ни е на обяд, затова трябва да си съберем багажа.
    sr|Наш лет полази у подне, па треба да се спакујемо.
    be|Наш рэйс вылятае апоўдні, таму нам трэба сабрацца.
    el|Η πτήση μας φεύγει το μεσημέρι.
    ar|تقلع رحلتنا ظهرًا لذلك يجب أن نحزم أمتعتنا الليلة.
    fa|پرواز ما ظهر است، پس باید امشب وسایلمان را جمع کنیم.
    ur|ہماری پرواز دوپہر کو ہے اس لیے ہمیں آج رات سامان باندھنا چاہیے۔
    hi|हमारी उड़ान दोपहर में है, इसलिए हमें आज रात सामान बाँधना चाहिए।
    mr|आमचे विमान दुपारी आहे, म्हणून आपण आज रात्री सामान भरले पाहिजे.
    zh|我们的航班中午起飞，所以今晚要收拾行李。
    ja|飛行機は正午に出発するので、今夜荷造りをしましょう。
    ko|비행기가 정오에 출발하니 오늘 밤에 짐을 싸야 해요.
    ca|El nostre vol surt al migdia, així que hauríem de fer les maletes.
    hr|Naš let polazi u podne, pa bismo se trebali spakirati.
    lt|Mūsų skrydis išvyksta vidurdienį, todėl turėtume susikrauti daiktus.
    lv|Mūsu lidojums ir pusdienlaikā, tāpēc mums vajadzētu sakravāties.
    et|Meie lend väljub keskpäeval, seega peaksime täna õhtul pakkima.
    sw|Ndege yetu inaondoka saa sita mchana, kwa hivyo tunapaswa kufunga mizigo.
    ?|Zürich
    ?|José García
    ?|v2.0-beta
    ?|Müller GmbH, Köln
    ?|hahaha!!!
"""
"""A language, ``|`` and a sentence; ``?``: nobody could tell."""


def told(first: str = "") -> Counter[str]:
    found: Counter[str] = Counter()
    for row in ROWS[ROWS.index(first) :].strip().split("\n"):
        code, text = row.strip().split("|", 1)
        guess = detect(text).code
        right = guess == (UNDETERMINED if code == "?" else code)
        found["right" if right else "open" if guess == UNDETERMINED else f"wrong: {text}"] += 1
    return found


def test_short_sentences_are_told_or_left_open_but_never_taken_for_another_language() -> None:
    found = told()
    assert found["right"] + found["open"] == found.total() >= 260, found
    assert found["right"] >= 0.8 * found.total()


def test_sentences_that_were_written_after_the_word_lists_are_told_too() -> None:
    found = told("en|Our flight leaves")
    assert found["right"] >= 49
    assert found["right"] + found["open"] == found.total()
