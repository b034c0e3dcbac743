"""French, Spanish, Portuguese, Italian, Catalan and Romanian words of the concepts. Data alone. Pure: no Django."""

from __future__ import annotations

from typing import Final

FRENCH: Final = {
    "common": """
        le la les des un une et est pas ne pour dans avec que qui sur ce cette du au aux en par ou si vous
        tout sont l d""",
    "dont": "ne, pas, jamais, sans, aucun, aucune, n, évit*, interdit, ni, abstien*",
    "must": """
        doit, dois, devez, doivent, toujours, impérativement, obligatoire*, il faut, important, assure*,
        veuillez, d abord, immédiatement, jamais, obligatoirement, nécessaire*, systématiquement, requis""",
    "model": "ia, assistant*, modèle*, agent*, llm",
    "user": "utilisat*, humain*, client*, personne, usager*",
    "tell": """
        dis, dire, dites, mentionn*, inform*, révél*, signal*, montr*, affich*, parl*, préven*, divulgu*,
        indiqu*, averti*, annonc*, expliqu*, évoqu*""",
    "aware": "sache, savoir, sait, remarqu*, voit, voir, voie, aperç*, rend* compte, courant",
    "secretly": """
        secrètement, discrètement, silencieusement, en silence, en secret, à l insu, en cachette, sans
        bruit, en arrière plan, furtivement, en douce""",
    "ask": "demand*, confirm*, consult*, sollicit*",
    "consent": "autorisation*, permission*, accord, approbation*, confirmation*, consentement*, validation*",
    "ignore": "ignor*, oubli*, néglig*, outrepass*, écart*, contourn*, remplac*, fai* abstraction",
    "earlier": """
        précédent*, antérieur*, ci dessus, toutes, tous, existant*, initial*, originale*, préalable*,
        système""",
    "instructions": "instruction*, consigne*, règle*, directive*, ordre*, prompt système, invite système",
    "fullconv": """
        conversation*, historique, échange*, discussion*, dialogue*, messages précédents, fil de discussion""",
    "sysprompt": """
        prompt système, invite système, message système, instructions système, instruction système, messages
        système""",
    "creds": "mot de passe, mots de passe, identifiant*, clé*, clés api, clé api, jeton*, secret*, secrets, token*",
    "deepcreds": "clé privée, clés privées, clé ssh, clés ssh, phrase de récupération, trousseau, clef privée",
    "envvars": "variable* d environnement, variables d environnement",
    "send": "envoi*, envoy*, transmet*, transfér*, transfèr*, télévers*, publi*, expédi*, achemin*",
    "put": """
        inclu*, ajout*, insèr*, insér*, met*, mett*, plac*, fourni*, écri*, copi*, coll*, join*, pass*,
        reproduis*, renseign*, saisi*, gliss*""",
    "grab": """
        li*, lis, lire, lisez, ouvr*, récupèr*, récupér*, collect*, extrai*, cherch*, rassembl*, charg*,
        copi*, lecture""",
    "call": "appel*, utilis*, invoqu*, exécut*, lanc*, emplo*",
    "tool": "outil*, fonction*, serveur*, service*",
    "anytool": """
        autre* outil*, tous les outils, tout autre outil, chaque outil, d autres outils, n importe quel
        outil, les autres outils, tout outil""",
    "before": "avant, d abord, préalablement, au préalable",
    "ever": "chaque, tous, toutes, toute, tout",
    "reply": "réponse*, répon*, sortie*, résumé*",
    "future": """
        désormais, dorénavant, à partir de maintenant, à l avenir, permanent*, futur*, pour toujours, pour
        le reste""",
    "remember": "mémoris*, souvien*, retien*, enregistr*, sauvegard*, note*, stock*",
    "steer": "recommand*, conseill*, convain*, promouv*, promo*, préfér*, privilégi*, vante*",
    "delete": "supprim*, effac*, détrui*, écras*, vide*",
    "alldata": """
        tous les fichiers, toutes les données, sauvegarde*, base de données, tout le répertoire, tous les
        messages, tous les courriels""",
    "disable": "désactiv*, contourn*, coupe*, éteindre, saute*",
    "hardsafety": """
        sécurité, journalisation, approbation*, confirmation*, protection*, surveillance, validation*,
        contrôle*""",
    "runcmd": "exécut*, lanc*, install*",
    "shell": "commande*, terminal, shell, script*",
    "param": "paramètre*, champ*, argument*",
    "recipient": "destinataire*, adresse*, compte, numéro, cci",
    "swap": "remplac*, chang*, modifi*, redirig*, substitu*",
    "system": "message système, note à l assistant, note pour l ia, note à l ia, avis système",
}

SPANISH: Final = {
    "common": """
        el la los las un una de y es no para en con que por del al se este esta lo su como si o son cuando
        sin""",
    "dont": "no, nunca, jamás, sin, ningún, ninguna, evit*, prohibid*, tampoco, ni",
    "must": """
        debe, debes, deben, deberá, siempre, obligatori*, importante, asegúrate, es necesario, hay que,
        tiene que, tienes que, por favor, primero, inmediatamente, nunca, requerid*, imprescindible,
        imperativ*""",
    "model": "ia, asistente*, modelo*, agente*, llm",
    "user": "usuari*, human*, persona, cliente*",
    "tell": """
        diga*, decir*, dile*, digas, mencion*, inform*, revel*, avis*, muestr*, mostrar*, comunic*,
        notific*, cont*, expliqu*, explic*, comentes, comentar*, indiqu*, advert*, menciones, divulg*""",
    "aware": "sepa, sepan, saber, sabe, note, entere, vea, vean, percat*, darse cuenta, dé cuenta, conocimiento",
    "secretly": """
        en secreto, silenciosamente, discretamente, a escondidas, en silencio, secretamente, sigilosamente,
        en segundo plano, calladamente, de forma oculta, sin avisar""",
    "ask": "pregunt*, pedir*, pida*, pidas, confirm*, solicit*, consult*",
    "consent": "permiso*, aprobación*, autorización*, confirmación*, consentimiento*",
    "ignore": "ignor*, olvid*, descart*, omit*, haz caso omiso, anul*, desestim*, pasa por alto, prescind*",
    "earlier": "anterior*, previ*, todas, todos, existentes, original*, arriba, sistema, precedente*",
    "instructions": """
        instruccion*, instrucción*, regla*, directriz, directrices, norma*, indicacion*, orden, órdenes,
        prompt del sistema, restriccion*""",
    "fullconv": """
        conversación*, conversacion*, historial, diálogo*, mensajes anteriores, mensajes previos, charla*,
        chat""",
    "sysprompt": "prompt del sistema, mensaje del sistema, instrucciones del sistema, indicaciones del sistema",
    "creds": "contraseña*, clave*, credencial*, token*, secreto*, llave*, clave api, claves api",
    "deepcreds": """
        clave privada, claves privadas, clave ssh, claves ssh, llave privada, llaves ssh, llaves privadas,
        frase semilla, frase de recuperación""",
    "envvars": "variable* de entorno, variables de entorno",
    "send": "envi*, envía*, enví*, mand*, transmit*, reenví*, reenvi*, sube*, subir, carga, remit*, publica*",
    "put": """
        inclu*, añad*, agreg*, insert*, pon*, coloc*, pas*, proporcion*, escrib*, copi*, peg*, adjunt*,
        introduc*, introdu*, rellen*""",
    "grab": """
        lea*, lee*, leer*, abr*, recopil*, recog*, extra*, busc*, obten*, obtén*, reun*, reúne, cop*, carg*,
        recuper*""",
    "call": "llam*, us*, utili*, invo*, ejecut*, emple*",
    "tool": "herramienta*, función*, funcion*, servidor*, servicio*",
    "anytool": """
        otra* herramienta*, cualquier herramienta*, cualquier otra herramienta, todas las herramientas,
        demás herramientas, cada herramienta, las demás""",
    "before": "antes, primero, previamente",
    "ever": "cada, todas, todos, cualquier, toda, todo",
    "reply": "respuesta*, respond*, salida*, resumen*, contest*",
    "future": """
        a partir de ahora, de ahora en adelante, en el futuro, permanente*, en adelante, futur*, para
        siempre""",
    "remember": "recuerd*, guard*, memori*, almacen*, anot*, registr*",
    "steer": "recomi*, recomend*, convenc*, promo*, prefier*, aconsej*, elogi*",
    "delete": "elimin*, borr*, suprim*, destru*, vací*",
    "alldata": """
        todos los archivos, todos los datos, copias de seguridad, base de datos, todos los ficheros, todos
        los mensajes, todos los correos""",
    "disable": "desactiv*, deshabilit*, omit*, salt*, elud*, apag*",
    "hardsafety": """
        seguridad, aprobación*, confirmación*, registro*, protección*, supervisión, validación*,
        verificación*""",
    "runcmd": "ejecut*, lanz*, instal*, corr*",
    "shell": "comando*, terminal, consola, script*, shell",
    "param": "parámetro*, campo*, argumento*",
    "recipient": "destinatari*, dirección*, cuenta, número, cco",
    "swap": "reemplaz*, cambi*, modific*, redirig*, sustitu*",
    "system": "mensaje del sistema, nota para el asistente, nota para la ia, aviso del sistema, nota al asistente",
}

PORTUGUESE: Final = {
    "common": """
        o a os as um uma de e é não para em com que por do da dos das no na se este esta ao ou quando são
        sem isso""",
    "dont": "não, nunca, jamais, sem, nenhum, nenhuma, evit*, proibid*, nem",
    "must": """
        deve, deves, devem, deverá, sempre, obrigatóri*, importante, certifique*, é necessário, tem de, tem
        que, precisa, por favor, primeiro, imediatamente, nunca, garanta, obrigatoriamente""",
    "model": "ia, assistente*, modelo*, agente*, llm",
    "user": "usuári*, utilizador*, human*, pessoa, cliente*",
    "tell": """
        diga*, dizer*, menc*, inform*, revel*, avis*, mostr*, comunic*, notific*, cont*, explic*, expliq*,
        coment*, divulg*, alert*, exib*""",
    "aware": "saiba, saibam, saber, perceb*, note, veja, vejam, conhecimento, ciente",
    "secretly": """
        em segredo, silenciosamente, discretamente, às escondidas, em silêncio, secretamente,
        sorrateiramente, em segundo plano, sem aviso, sem avisar""",
    "ask": "pergunt*, pedir, peça*, confirm*, solicit*, consult*",
    "consent": "permissão*, aprovação*, autorização*, confirmação*, consentimento*",
    "ignore": "ignor*, esqueç*, esquec*, descart*, desconsider*, desconsidere, anul*",
    "earlier": "anterior*, prévi*, todas, todos, existentes, originai*, acima, sistema, precedente*",
    "instructions": "instruç*, regra*, diretriz*, orientaç*, ordem, ordens, prompt do sistema, restriç*, norma*",
    "fullconv": "conversa*, histórico, diálogo*, mensagens anteriores, bate papo, chat",
    "sysprompt": "prompt do sistema, prompt de sistema, mensagem do sistema, instruções do sistema",
    "creds": """
        senha*, palavra passe, palavras passe, chave*, credenciai*, token*, segredo*, chave de api, chaves
        de api""",
    "deepcreds": "chave privada, chaves privadas, chave ssh, chaves ssh, frase semente, frase de recuperação",
    "envvars": "variáve* de ambiente, variáveis de ambiente",
    "send": "envi*, envie, mand*, transmit*, encaminh*, carreg*, public*, remet*",
    "put": """
        inclu*, adicion*, insir*, inser*, coloc*, pass*, forneç*, fornec*, escrev*, copi*, col*, anex*,
        acrescent*, preench*, coloque""",
    "grab": "lei*, ler, abr*, recolh*, colet*, extrai*, busc*, obten*, reún*, procur*, carreg*, leia, recuper*",
    "call": "cham*, us*, utiliz*, invoc*, invoq*, execut*",
    "tool": "ferramenta*, função*, funç*, servidor*, serviço*",
    "anytool": """
        outra* ferramenta*, qualquer ferramenta, qualquer outra ferramenta, todas as ferramentas, demais
        ferramentas, cada ferramenta""",
    "before": "antes, primeiro, previamente",
    "ever": "cada, todas, todos, qualquer, toda, todo",
    "reply": "resposta*, respond*, saída*, resumo*",
    "future": "a partir de agora, de agora em diante, no futuro, permanente*, daqui em diante, futur*, para sempre",
    "remember": "lembr*, guard*, memoriz*, armazen*, anot*, salv*, registr*",
    "steer": "recomend*, convenç*, promov*, prefir*, aconselh*, elogi*",
    "delete": "elimin*, apag*, exclu*, remov*, destru*",
    "alldata": """
        todos os arquivos, todos os ficheiros, todos os dados, backups, banco de dados, base de dados, todas
        as mensagens""",
    "disable": "desativ*, desabilit*, pul*, contorn*, deslig*",
    "hardsafety": "segurança, aprovação*, confirmação*, registro*, proteção*, monitor*, validação*, verificaç*",
    "runcmd": "execut*, inici*, instal*, rode, rodar",
    "shell": "comando*, terminal, console, script*, shell",
    "param": "parâmetro*, campo*, argumento*",
    "recipient": "destinatári*, endereço*, conta, número, cco",
    "swap": "substitu*, alter*, mud*, redirecion*, troqu*, troc*",
    "system": "mensagem do sistema, nota para o assistente, nota para a ia, aviso do sistema",
}

ITALIAN: Final = {
    "common": """
        il lo la i gli le un una di e è non per in con che del della dei al alla si questo questa come se o
        sono quando nel""",
    "dont": "non, mai, senza, nessun*, evit*, vietat*, né",
    "must": """
        deve, devi, devono, sempre, obbligatori*, importante, assicurati, è necessario, bisogna, per favore,
        prima di tutto, immediatamente, mai, occorre, è richiesto""",
    "model": "ia, assistente*, modello*, agente*, llm, intelligenza artificiale",
    "user": "utent*, uman*, persona, client*",
    "tell": """
        dire, dica, dici, dirlo, dirgli, menzion*, inform*, rivel*, avvis*, mostr*, comunic*, notific*,
        raccont*, spieg*, accenn*, segnal*, divulg*, parlar*, avvert*""",
    "aware": "sappia, sapere, sa, accorg*, veda, vedere, conoscenza, insaputa",
    "secretly": """
        in segreto, silenziosamente, di nascosto, in silenzio, segretamente, furtivamente, discretamente,
        all insaputa, in background, senza avvis*""",
    "ask": "chied*, domand*, conferm*, consult*, richied*",
    "consent": "permesso*, approvazione*, autorizzazione*, conferma*, consenso*",
    "ignore": "ignor*, dimentic*, trascur*, scart*, annull*",
    "earlier": "precedent*, prior*, tutte, tutti, esistenti, originali, sopra, sistema",
    "instructions": "istruzion*, regol*, direttiv*, ordin*, linee guida, prompt di sistema, indicazion*",
    "fullconv": "conversazion*, cronologia, dialog*, messaggi precedenti, chat",
    "sysprompt": "prompt di sistema, messaggio di sistema, istruzioni di sistema",
    "creds": "password, chiave, chiavi, credenzial*, token, segret*, chiavi api, chiave api",
    "deepcreds": "chiave privata, chiavi private, chiave ssh, chiavi ssh, frase di recupero",
    "envvars": "variabil* d ambiente, variabili d ambiente, variabili di ambiente",
    "send": "invi*, mand*, trasmett*, inoltr*, caric*, spedi*, pubblic*",
    "put": "includ*, aggiung*, inser*, mett*, pass*, fornis*, scriv*, copi*, incoll*, alleg*, riport*",
    "grab": "legg*, apri*, raccogl*, estra*, cerc*, otten*, recuper*, prend*, carica",
    "call": "chiam*, us*, utilizz*, invoc*, esegu*",
    "tool": "strument*, funzion*, server*, serviz*",
    "anytool": """
        altr* strument*, qualsiasi strumento, qualsiasi altro strumento, tutti gli strumenti, ogni
        strumento, gli altri strumenti, ogni altro""",
    "before": "prima, innanzitutto, preventivamente",
    "ever": "ogni, tutte, tutti, qualsiasi, ciascun*",
    "reply": "rispost*, rispond*, output, riassunt*",
    "future": "d ora in poi, da ora in poi, in futuro, permanente*, da questo momento, per sempre, futur*",
    "remember": "ricord*, salv*, memorizz*, annot*, conserv*",
    "steer": "consigli*, raccomand*, convinc*, promuov*, preferis*",
    "delete": "elimin*, cancell*, rimuov*, distrugg*",
    "alldata": "tutti i file, tutti i dati, backup, database, tutti i messaggi",
    "disable": "disattiv*, disabilit*, salt*, aggir*, spegn*",
    "hardsafety": "sicurezza, approvazion*, conferm*, registrazion*, protezion*, monitoraggio, verific*",
    "runcmd": "esegu*, avvi*, install*, lanci*",
    "shell": "comand*, terminale, console, script, shell",
    "param": "parametr*, camp*, argoment*",
    "recipient": "destinatari*, indirizz*, conto, numero, ccn",
    "swap": "sostitui*, cambi*, modific*, reindirizz*",
    "system": "messaggio di sistema, nota per l assistente, nota per l ia, avviso di sistema",
}

ROMANIAN: Final = {
    "common": "și de la în cu pe nu este un o pentru care din acest această sau dacă sunt să al lui",
    "dont": "nu, niciodată, fără, niciun*, evit*, interzis",
    "must": "trebuie, întotdeauna, mereu, obligatoriu, important, asigură*, mai întâi, imediat, neapărat",
    "user": "utilizator*, om, client*, persoan*",
    "tell": "spun*, menționa*, inform*, dezvălu*, arăt*, anunț*, comunic*, notific*",
    "secretly": "în secret, pe ascuns, discret, în tăcere, fără știrea",
    "ask": "întreb*, cere*, confirm*",
    "consent": "permisiune*, aprobare*, confirmare*, acord*, consimț*",
    "ignore": "ignor*, uit*",
    "earlier": "anterioare, precedente, toate, existente",
    "instructions": "instrucțiuni*, reguli*, regul*, directive*",
    "fullconv": "conversați*, istoric*, mesaje*",
    "creds": "parol*, chei*, cheia, credenția*, token*, secret*",
    "deepcreds": "cheia privată, chei private, cheia ssh, chei ssh",
    "send": "trimit*, transmi*, încarc*",
    "put": "includ*, adaug*, pune*, insere*, scri*, copi*",
    "grab": "cit*, deschid*, colecte*, caut*, extrag*",
    "call": "apel*, folos*, utiliz*, rul*, execut*",
    "tool": "instrument*, unealt*, funcți*, server*",
    "anytool": "alt instrument, orice instrument, orice alt instrument, toate instrumentele, alte instrumente",
    "before": "înainte, mai întâi",
    "ever": "fiecare, orice, toate",
    "param": "parametr*, câmp*, argument*",
}
