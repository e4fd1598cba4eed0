"""Words that people misspell, words that say the same, and letters that look the same. Written here, by hand."""

from __future__ import annotations

MISSPELT = """
accommodate accomodate; achieve acheive; across accross; address adress; aggressive agressive; apparently apparantly;
appearance appearence; argument arguement; basically basicly; because becuase; beginning begining; believe beleive;
bizarre bizzare; business buisness; calendar calander; cemetery cemetary; chief cheif; colleague collegue;
coming comming; committee commitee; definitely definately; dilemma dilema; disappear dissapear; disappoint dissapoint;
embarrass embarass; environment enviroment; existence existance; familiar familliar; finally finaly; foreign foriegn;
forty fourty; forward foward; friend freind; further futher; government goverment; grammar grammer; guard gaurd;
happened happend; height hieght; immediately immediatly; independent independant; interrupt interupt;
knowledge knowlege; library libary; maintenance maintenence; management managment; necessary neccessary;
neighbour neigbour; noticeable noticable; occasion occassion; occurred occured; occurrence occurence;
parliament parliment; particular paticular; people peopel; persistent persistant; piece peice; possession posession;
preferred prefered; probably probaly; publicly publically; realise relise; really realy; receive recieve;
recommend recomend; referred refered; relevant relevent; religious religous; remember remeber; restaurant restaraunt;
rhythm rythm; sense sence; separate seperate; similar similiar; since sinse; successful succesful; surprise suprise;
tendency tendancy; their thier; therefore therefor; though thougt; together toghether; tomorrow tommorow;
tongue tounge; truly truely; unforeseen unforseen; unfortunately unfortunatly; until untill; usually usualy;
weird wierd; where wher; which wich; with wiht; would woudl; writing wirting; about abotu; again agian; always alwasy;
another anohter; before befoer; could coudl; different diffrent; every eveyr; example exmaple; explain expalin;
first firts; important importent; information infomation; interesting intresting; language laguage; little littel;
many mnay; question qeustion; should shoudl; something somthing; than tahn; that taht; there htere; these theese;
they tehy; think htink; this tihs; using useing; want wnat; what waht; when wehn; while hwile; without witout;
word wrod; write wriet; your yuor
"""
SAME_SENSE = """
answer reply; begin start; big large; buy purchase; choose select; clever smart; difficult hard; error mistake;
explain clarify; describe depict; fast quick; gather collect; glad happy; important significant; job occupation;
journey trip; keep retain; main principal; mend repair; often frequently; quickly rapidly; sad unhappy; safe secure;
simple easy; street road; strange odd; toss throw; usually normally; whole entire; wrong incorrect; also additionally;
however nevertheless
"""
ALIKE = "aаcсeеiіjјoоpрsѕxхyуAАBВCСEЕHНIІJЈKКMМOОPРSЅTТXХYУ"
"""Latin letters, each before the Cyrillic one that most fonts draw alike."""


def pairs(text: str) -> dict[str, str]:
    """``one other; ...`` as a table."""
    return dict(entry.split() for entry in " ".join(text.split()).split(";"))
