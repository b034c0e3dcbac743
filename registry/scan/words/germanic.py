"""German, Dutch and Scandinavian words of the concepts. Data alone. Pure: no Django, no I/O."""

from __future__ import annotations

from typing import Final

GERMAN: Final = {
    "common": """
        der die das den dem und ist nicht ein eine einen mit für von zu im auf wird werden oder wenn bei als
        nach dieses diese sie des""",
    "dont": """
        nicht, nie, niemals, ohne, kein, keine, keinen, keinem, keinesfalls, verboten, vermeide*,
        unterlass*, weder""",
    "must": """
        muss, müssen, musst, sollst, sollen, soll, immer, stets, unbedingt, bitte, zwingend, erforderlich,
        wichtig, zuerst, pflicht, sofort, niemals, achte darauf""",
    "model": "ki, assistent*, sprachmodell*, modell, agent, agenten, llm",
    "user": "nutzer*, benutzer*, anwender*, mensch*, kunde*, kunden, person, personen",
    "tell": """
        sag*, erwähn*, erzähl*, mitteil*, informier*, verrat*, offenbar*, zeig*, anzeig*, meld*, hinweis*,
        bericht*, erklär*, teile*, preis, nenn*, unterricht*, bescheid, angezeigt, gezeigt""",
    "aware": """
        weiß, wissen, wisse, merk*, bemerk*, erfahr*, erfährt, sehen, sieht, mitbekomm*, kenntnis, wissen
        lassen""",
    "secretly": """
        heimlich, stillschweigend, unbemerkt, im stillen, still und leise, verdeckt, insgeheim, im
        hintergrund, ohne hinweis, unauffällig, diskret, ohne wissen""",
    "ask": "frag*, nachfrag*, rückfrage*, fragen, bestätig*, bitten um, um erlaubnis, einzuholen",
    "consent": "zustimmung*, einwilligung*, bestätigung*, erlaubnis, genehmigung*, freigabe*, einverständnis*",
    "ignore": """
        ignorier*, missacht*, vergiss, vergesst, vergessen, übergeh*, verwirf, setz* dich hinweg, außer
        acht, überschreib*, missachten""",
    "earlier": """
        vorherig*, bisherig*, früher*, vorangegangen*, vorig*, alle, obig*, ursprünglich*, bestehend*,
        zuvor, systemanweisung*, vorherigen""",
    "instructions": """
        anweisung*, instruktion*, regel*, vorgabe*, richtlinie*, systemprompt*, befehl*, anordnung*,
        systemanweisung*, vorschrift*""",
    "fullconv": """
        unterhaltung*, gesprächsverlauf*, gespräch*, chatverlauf*, nachrichtenverlauf*, verlauf, dialog,
        bisherigen nachrichten, konversation*, chatprotokoll*""",
    "sysprompt": "systemprompt*, system prompt, systemanweisung*, systemnachricht*, systemaufforderung*",
    "creds": """
        passwort*, passwörter*, kennwort*, kennwörter*, zugangsdaten*, api schlüssel*, schlüssel*, token*,
        geheimnis*, anmeldedaten*, geheimnisse""",
    "deepcreds": """
        private* schlüssel*, ssh schlüssel*, wiederherstellungsphrase, masterpasswort, privatschlüssel,
        schlüsselbund""",
    "envvars": "umgebungsvariable*, umgebungsvariablen",
    "send": """
        send*, schick*, übermittl*, übermittel*, weiterleit*, leite*, hochlad*, lade*, übertrag*,
        verschick*, poste*, versend*, gesendet""",
    "put": """
        füg*, einfüg*, hinzufüg*, hinzu, übergib, übergeb*, übergab*, schreib*, trag*, eintrag*, häng*,
        anhäng*, einzufügen, setze, setzen, pack*, kopier*, gib, geben, lege, ablegen, hinterleg*""",
    "grab": """
        les*, lies, öffn*, sammel*, sammle, auslesen, hol*, such*, kopier*, extrahier*, lad*, ausles*,
        abruf*, rufe, ruf, liest, gelesen""",
    "call": "ruf*, aufruf*, aufzurufen, verwend*, benutz*, nutz*, führ*, ausführ*, aufgerufen, starte*",
    "tool": "werkzeug*, tool*, funktion*, server*, dienst*",
    "anytool": """
        andere* werkzeug*, andere* tool*, anderen werkzeug*, anderen tool*, jedem werkzeug*, jedes
        werkzeug*, alle* werkzeug*, jedem tool*, alle tools, allen anderen""",
    "before": "bevor, vor, zuvor, zuerst, vorher, ehe",
    "ever": "jede*, jeder, jedem, jedes, bei allen, alle anfragen, sämtliche, immer wenn",
    "reply": "antwort*, ausgabe*, zusammenfassung*",
    "future": "künftig*, zukünftig*, dauerhaft*, von nun an, ab sofort, ab jetzt, für den rest, fortan, in zukunft",
    "remember": "merke, speicher*, behalt*, notier*, erinner*, hinterleg*",
    "steer": "empfiehl*, empfehl*, bewirb*, überzeug*, lob*, rate, bevorzug*, anpreis*",
    "delete": "lösch*, entfern*, vernicht*, zerstör*, überschreib*",
    "alldata": """
        alle dateien, alle daten, sämtliche dateien, sämtliche, backups, sicherungen, datenbank*, alle
        nachrichten, verzeichnis""",
    "disable": "deaktivier*, abschalt*, umgeh*, ausschalt*, überspring*, schalte",
    "hardsafety": """
        sicherheit*, schutz*, protokollierung, freigabe*, bestätigung*, überwachung, prüfung*, genehmigung*""",
    "runcmd": "führ*, ausführ*, start*, install*",
    "shell": "befehl*, terminal, kommandozeile, shell, skript*",
    "param": "parameter*, feld*, argument*",
    "recipient": "empfänger*, adresse*, konto, bankverbindung, telefonnummer, blindkopie",
    "swap": "ersetz*, ändere*, ändern, tausch*, umleit*, leite, setze",
    "system": """
        systemmeldung*, systemnachricht*, systemhinweis*, hinweis an die ki, hinweis an den assistenten,
        hinweis für""",
}

DUTCH: Final = {
    "common": "de het een van en niet voor met dat dit op te zijn wordt bij als naar deze door aan uit moet of",
    "dont": "niet, nooit, zonder, geen, vermijd*, mag niet, noch",
    "must": """
        moet, moeten, altijd, verplicht, belangrijk, eerst, zorg ervoor, onmiddellijk, vereist, nooit,
        gelieve""",
    "model": "ai, assistent*, taalmodel*, model, agent, llm",
    "user": "gebruiker*, mens*, persoon, klant*",
    "tell": """
        vertel*, zeg*, vermeld*, informeer*, meld*, onthul*, toon*, noem*, laat zien, rapporteer*, uitleg*,
        bekend""",
    "aware": "weten, weet, merk*, zien, ziet, merkt",
    "secretly": """
        stiekem, heimelijk, stilletjes, ongemerkt, in het geheim, onopgemerkt, op de achtergrond,
        stilzwijgend""",
    "ask": "vraag*, vragen, bevestig*, gevraagd",
    "consent": "toestemming, bevestiging, goedkeuring, akkoord",
    "ignore": "negeer*, negeren, vergeet, vergeten, overschrijf*",
    "earlier": "vorige, eerdere, voorgaande, bestaande, alle, bovenstaande, oorspronkelijke",
    "instructions": "instructie*, regel*, richtlijn*, opdracht*, voorschrift*, aanwijzing*, systeemprompt*",
    "fullconv": """
        gesprek*, gespreksgeschiedenis, chatgeschiedenis, conversatie*, berichtgeschiedenis, eerdere
        berichten, berichten""",
    "sysprompt": "systeemprompt*, systeembericht*, systeeminstructie*",
    "creds": "wachtwoord*, sleutel*, inloggegevens, api sleutel*, token*, geheim*, geheimen",
    "deepcreds": "privesleutel*, private sleutel*, ssh sleutel*, herstelzin",
    "envvars": "omgevingsvariabele*",
    "send": "stuur*, sturen, verzend*, zend*, upload*, doorstur*, mail*, verstuur*",
    "put": "voeg*, toevoeg*, plaats*, zet*, geef*, schrijf*, kopieer*, plak*, vul*, neem",
    "grab": "lees*, lezen, open*, verzamel*, haal*, zoek*, kopieer*, laad*",
    "call": "roep*, gebruik*, aanroep*, voer*, aangeroepen, gebruik",
    "tool": "tool*, hulpmiddel*, functie*, gereedschap*, server*",
    "anytool": "andere tool*, elke tool, elk ander*, alle andere tools, alle tools, elke andere",
    "before": "voordat, voor, eerst, vooraf, alvorens",
    "ever": "elke, elk, ieder, iedere, alle",
    "reply": "antwoord*, uitvoer, samenvatting*",
    "future": "voortaan, vanaf nu, toekomstige, permanent, in de toekomst",
    "remember": "onthoud*, bewaar*, opslaan, sla",
    "steer": "aanbevel*, beveel*, prijs, overtuig*, raad*",
    "delete": "verwijder*, wis*, vernietig*",
    "alldata": "alle bestanden, alle gegevens, back ups, backups, database*",
    "disable": "uitschakel*, schakel, omzeil*, sla over",
    "hardsafety": "beveiliging*, controle*, goedkeuring*, logging, bevestiging*",
    "runcmd": "voer*, uitvoer*, start*, installeer*",
    "shell": "opdracht*, terminal, commando*, shell, script*",
    "param": "parameter*, veld*, argument*",
}

SCANDINAVIAN: Final = {
    "common": """
        och att det som en på är för med inte till av den har ett og er ikke til af på som den det med skal
        være om""",
    "dont": "inte, aldrig, utan, ikke, aldri, uten, uden, ingen, inget, undvik*, unngå, undgå, ej",
    "must": """
        måste, ska, skal, må, alltid, altid, viktigt, vigtigt, viktig, först, først, se till, sørg for,
        sørg, krävs, omedelbart, obligatorisk*""",
    "model": "ai, assistent*, assistant*, språkmodell*, sprogmodel*, modell*, agent*",
    "user": "användar*, bruger*, bruker*, människ*, kund*, kunde*",
    "tell": """
        berätta*, nämn*, informer*, avslöj*, visa*, fortæl*, fortell*, nævn*, nevn*, vis, oplys*, afslør*,
        avslør*, rapporter*, säg*, säga, meddela*, underrätt*, underret*""",
    "aware": "vet, veta, märk*, ser, ved, vide, vite, opdag*, oppdag*",
    "secretly": """
        i hemlighet, tyst, i smyg, hemligt, i det skjulte, hemmeligt, hemmelig, stille, diskret, ubemærket,
        obemärkt, i bakgrunden, i baggrunden""",
    "ask": "fråga*, spør*, spørg*, bekräft*, bekræft*, bekreft*",
    "consent": """
        tillåtelse, godkännande*, samtycke*, bekräftelse*, godkendelse*, godkjenning*, bekræftelse*,
        tilladelse*, tillatelse*""",
    "ignore": "ignorer*, glöm*, bortse*, glem*, se bort",
    "earlier": "tidigare, föregående, tidligere, foregående, alla, alle, forrige, ovanstående, befintliga",
    "instructions": "instruktion*, regler, regel, riktlinj*, anvisning*, instruks*, retningslin*, systemprompt*",
    "fullconv": """
        konversation*, samtal*, chatthistorik*, samtale*, chathistorik*, meddelandehistorik*,
        samtalshistorik*, samtalehistorik*""",
    "sysprompt": "systemprompt*, systemmeddeland*, systeminstruktion*, systembesked*",
    "creds": """
        lösenord*, nyckel*, nycklar, adgangskode*, passord*, nøgle*, nøkkel*, inloggningsuppgift*,
        loginoplysning*, token*, api nyck*, hemlighet*""",
    "deepcreds": """
        privat nyckel, privata nyck*, ssh nyck*, privat nøgle, private nøgle*, private nøkkel*, ssh nøgle*,
        ssh nøkkel*""",
    "envvars": "miljövariab*, miljøvariab*",
    "send": "skicka*, sänd*, send*, ladda upp, vidarebefordra*, videresend*, upload*, last opp",
    "put": """
        lägg*, inkluder*, infog*, skriv*, bifoga*, vedhæft*, legg*, læg*, tilføj*, klistra*, ange, kopier*,
        kopiera*, indsæt*""",
    "grab": "läs*, öppn*, samla*, hämta*, læs*, les, åbn*, åpne*, hent*, sök*, kopier*",
    "call": "anropa*, använd*, kör*, kald*, kall*, brug*, bruk*, kør*, kjør*",
    "tool": "verktyg*, værktøj*, verktøy*, funktion*, server*",
    "anytool": """
        andra verktyg*, alla verktyg, andre værktøj*, alle værktøj*, andre verktøy*, alle verktøy*, något
        annat verktyg""",
    "before": "innan, före, först, før, inden, først",
    "ever": "varje, alla, hver, hvert, alle, enhver",
    "reply": "svar*, sammanfattning*",
    "future": "från och med nu, framtida, fremover, permanent, fra nu af, fra nå av, hädanefter, i framtiden",
    "delete": "radera*, ta bort, slet*, fjern*",
    "alldata": "alla filer, alle filer, all data, alle data, databas*, databasen",
    "param": "parameter*, fält*, felt*, argument*",
}
