"""Verbs of other languages than English, as frozen tables. Pure: no Django, no I/O.

Spanish, Portuguese, French and Italian verbs stand as infinitives, whose other forms `tongues` derives; German ones as
they are spoken, those that part in two apart. All stand without accents, as they are looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from governance.policy.intents.tables import word_set
from governance.policy.values import Intent

ROMANCE: Final[Mapping[Intent, str]] = {
    Intent.READ: (
        "obtener consultar buscar listar mostrar leer devolver retornar visualizar verificar comprobar calcular "
        "encontrar recuperar traducir resumir analizar comparar contar validar describir indicar informar explicar "
        "estimar filtrar explorar inspeccionar localizar identificar detectar enumerar averiguar extraer revisar "
        "obter pesquisar procurar ler exibir apresentar conferir traduzir analisar checar localizar extrair estimar "
        "buscar fornecer recuperar resumir medir prever converter convertir transformar "
        "chercher rechercher afficher lister consulter trouver recuperer renvoyer retourner calculer indiquer donner "
        "montrer verifier traduire analyser comparer compter valider estimer fournir extraire resumer lire obtenir "
        "determiner evaluer convertir expliquer interroger visualiser decrire "
        "cercare elencare restituire ottenere mostrare leggere visualizzare trovare calcolare verificare fornire "
        "tradurre analizzare confrontare contare validare estrarre riassumere recuperare stimare convertire indicare "
        "consultare ricercare descrivere controllare misurare"
    ),
    Intent.WRITE: (
        "crear anadir agregar actualizar modificar cambiar guardar editar insertar renombrar mover asignar configurar "
        "establecer marcar etiquetar archivar copiar duplicar importar anotar apuntar registrar activar habilitar "
        "iniciar comenzar "
        "programar adjuntar ajustar abrir completar desarchivar encender subrayar clonar ordenar rellenar reservar "
        "criar adicionar atualizar alterar salvar gravar inserir renomear atribuir definir arquivar incluir anexar "
        "agendar ativar habilitar marcar cadastrar ligar preencher acrescentar abrir reabrir restaurar "
        "demarrer "
        "creer ajouter modifier enregistrer sauvegarder editer inserer renommer deplacer attribuer configurer definir "
        "marquer archiver copier dupliquer importer noter activer planifier joindre ajuster ouvrir completer assigner "
        "allumer remplir restaurer classer ranger mettre "
        "avviare "
        "creare aggiungere aggiornare modificare salvare inserire rinominare spostare assegnare configurare impostare "
        "segnare archiviare copiare duplicare importare annotare attivare pianificare allegare aprire riaprire "
        "accendere compilare contrassegnare cambiare ripristinare registrare"
    ),
    Intent.DESTRUCTIVE: (
        "cerrar fechar revertir deshacer eliminar borrar suprimir cancelar detener ejecutar revocar pagar apagar "
        "vaciar sobrescribir desinstalar "
        "terminar finalizar bloquear desactivar deshabilitar reiniciar restablecer transferir cobrar reembolsar "
        "comprar vender anular destruir purgar limpiar expulsar quitar retirar desconectar reemplazar rescindir "
        "abonar invalidar interrumpir suspender matar reintegrar "
        "excluir remover deletar executar desativar revogar esvaziar sobrescrever desinstalar encerrar bloquear "
        "reembolsar estornar desligar banir interromper redefinir substituir apagar derrubar expurgar parar "
        "supprimer effacer annuler arreter executer revoquer ecraser payer rembourser virer desactiver redemarrer "
        "bloquer vider purger desinstaller terminer resilier debiter acheter vendre detruire eteindre reinitialiser "
        "retirer exclure expulser bannir interrompre suspendre remplacer deconnecter couper lancer cloturer "
        "eliminare cancellare rimuovere fermare eseguire revocare pagare trasferire rimborsare disattivare riavviare "
        "bloccare svuotare sovrascrivere disinstallare terminare annullare acquistare comprare vendere distruggere "
        "spegnere azzerare espellere interrompere sospendere disabilitare chiudere bonificare addebitare arrestare"
    ),
    Intent.EXFILTRATIVE: (
        "enviar publicar compartir exportar subir reenviar invitar notificar difundir divulgar mandar avisar remitir "
        "compartilhar encaminhar convidar avisar postar disparar transmitir "
        "envoyer publier partager exporter transferer diffuser inviter notifier transmettre poster televerser expedier "
        "inviare pubblicare condividere esportare inoltrare caricare invitare notificare diffondere spedire trasmettere"
    ),
}

# Words as they are spoken: German, Dutch, Polish, Turkish, Swedish, Indonesian and others, and irregular forms.
SPOKEN: Final[Mapping[Intent, str]] = {
    Intent.READ: (
        "obtiene consigue muestra encuentra devuelve ver ve retorna cuenta comprueba mide le exibe obtem preve mede "
        "lit obtient recoit decrit renvoie fournit traduit extrait connaitre voir dit connait donne restituisce "
        "fornisce ottiene legge traduce estrae converte convierte traduz extrai resume dimmi dice "
        "zeigt zeigen sucht suchen liefert liefern liest lesen holt holen abrufen listet auflisten pruft prufen "
        "pruefen "
        "prueft berechnet berechnen ubersetzt ubersetzen uebersetzt gibt ermittelt ermitteln findet finden abfragen "
        "anzeigen nachschlagen vergleicht vergleichen zahlt zaehlt wandelt umrechnen rechnet fasst analysiert "
        "analysieren untersucht misst schatzt validiert beschreibt erklart nennt durchsucht durchsuchen ausgeben "
        "auslesen nachsehen toont tonen zoekt zoeken haalt ophalen berekent geeft vindt opvragen pokazuje pokaz "
        "wyszukuje szukaj zwraca pobiera pobierz getir getirir goster gosterir listele listeler ara arar bul "
        "visar visa "
        "soker sok hamtar hamta hittar lista cari mencari menampilkan tampilkan lihat tim hien lay kensaku shutoku "
        "ichiran hyouji kakunin shoukai chaxun sousuo huoqu liebiao xianshi duqu chakan yomu sagasu vis hent finn hae "
        "nayta lista vypis zobrazit najit hledat afla cauta"
    ),
    Intent.WRITE: (
        "nueva nuevo novo nova nouveau nouvelle nuovo nuova neu neue neuer neues anade agrega pon enciende mueve "
        "inclui adiciona aggiunge inserisce imposta ajoute cree met ouvre definit "
        "startet starten beantragt beantragen "
        "erstellt erstellen erstelle anlegen hinzufugen hinzufuegen aktualisiert aktualisieren andert andern aendern "
        "aendert speichert speichern bearbeitet bearbeiten eintragen verschiebt verschieben umbenennen kopiert "
        "kopieren "
        "einstellen setzt setzen ordnet notiert notieren merkt merken erganzt ergaenzt benennt markiert markieren "
        "archiviert archivieren konfiguriert konfigurieren aktiviert aktivieren plant planen importiert einschalten "
        "zuweisen hinterlegt hinterlegen vermerkt vermerken festlegen weist erfasst erfassen schreibt schreiben fugt "
        "fuegt maakt maken aanmaken voegt toevoegen wijzigt wijzigen bijwerken opslaan tworzy utworz dodaje dodaj "
        "aktualizuje zapisuje zmienia olustur olusturur ekle ekler guncelle gunceller duzenle degistir kaydet skapar "
        "skapa uppdatera spara andra lagg lagger buat membuat tambah tambahkan perbarui ubah simpan tao them capnhat "
        "sakusei tsuika koushin henkou hozon touroku henshuu chuangjian xinjian tianjia xinzeng gengxin xiugai bianji "
        "baocun shezhi opprett lagre luo lisaa vytvorit pridat upravit"
    ),
    Intent.DESTRUCTIVE: (
        "cierra revierte deshace reverte desfaz annulla ferme fermer resilie detiene elimine vacie revoca "
        "cancele destruye restablece sustituye apaga exclui substitui interrompe suspende "
        "eteint detruit resilie vend interrompt exclut remplace esegue rimuove interrompe sospende chiude spegne "
        "sovrascrive distrugge "
        "loscht loschen loeschen loescht entfernt entfernen stoppt stoppen beendet beenden storniert stornieren "
        "widerruft widerrufen entzieht entziehen uberschreibt uberschreiben ueberschreibt uberweist uberweisen "
        "ueberweist bezahlt bezahlen "
        "ausfuhren ausfuehren sperrt sperren deaktiviert deaktivieren kundigt kundigen kuendigt kuendigen neustarten "
        "leert leeren verwirft verwerfen vernichtet deinstalliert deinstallieren abschalten ausschalten abbrechen "
        "schliessen schliesst zurucksetzen zuruecksetzen bucht buchen abbuchen erstattet erstatten erstattung kauft "
        "kaufen verkauft verkaufen bestellt bestellen herunterfahren ersetzt ersetzen trennt trennen kappt bereinigt "
        "aufheben blockiert blockieren tilgt zahlen zahlung bricht fuhrt "
        "verwijdert verwijderen stopt annuleert annuleren betaalt betalen wissen overschrijft uitvoeren blokkeert "
        "usuwa usun zatrzymuje anuluje anuluj wylacza restartuje wykonuje oplaca sil siler durdur durdurur iptal "
        "kaldir calistir ode raderar radera tar stoppar avbryt betala hapus menghapus batalkan hentikan jalankan bayar "
        "xoa huy dung sakujo jikkou teishi torikeshi shoukyo shanchu yichu qingkong qingchu quxiao tingzhi zhongzhi "
        "zhixing chongzhi zhifu zhuanzhang tuikuan chongqi slett poista odstranit smazat"
    ),
    Intent.EXFILTRATIVE: (
        "comparte envia manda divulga difunde transmite condivide diffonde trasmette spedisce envoie publie transmet "
        "sendet senden verschickt verschicken versendet versenden veroffentlicht veroffentlichen veroeffentlicht "
        "teilt teilen exportiert exportieren hochladen weiterleiten leitet benachrichtigt benachrichtigen schickt "
        "schicken freigeben einladen verbreitet ubermittelt ubermitteln uebermittelt postet verteilt mailt "
        "verstuurt versturen stuurt doorsturen deelt delen publiceert wysyla wyslij publikuje udostepnia udostepnij "
        "przesyla gonder gonderir paylas paylasir yayinlar yayinla skickar skicka dela delar publicera kirim mengirim "
        "kirimkan bagikan gui chia soushin toukou kyouyuu koukai tensou fasong fabu fenxiang daochu shangchuan tuisong "
        "zhuanfa yaoqing laheta odeslat sdilet"
    ),
}  # fmt: skip

# German verbs that part: what stands at the end of the clause says what they mean.
PARTED: Final[Mapping[str, Mapping[str, Intent]]] = {
    verb: {
        particle: {"r": Intent.READ, "w": Intent.WRITE, "d": Intent.DESTRUCTIVE, "x": Intent.EXFILTRATIVE}[kind]
        for kind, particle in (pair.split(":") for pair in pairs.split())
    }
    for verb, pairs in {
        "fragt": "r:ab", "ruft": "r:ab r:auf", "zeigt": "r:an", "listet": "r:auf", "gibt": "r:aus r:zuruck r:an x:frei",
        "schlagt": "r:nach w:vor", "liest": "r:aus r:vor", "rechnet": "r:um r:aus", "fasst": "r:zusammen",
        "sieht": "r:nach r:ein", "sucht": "r:heraus", "stellt": "w:ein w:her r:dar d:ab w:um w:bereit",
        "holt": "r:ab", "wandelt": "r:um", "tragt": "w:ein d:aus w:nach", "legt": "w:an w:fest w:ab d:still",
        "fugt": "w:hinzu w:ein w:an", "schaltet": "w:ein w:an w:um d:aus d:ab x:frei", "fahrt": "d:herunter d:runter",
        "setzt": "d:zuruck w:fort d:aus d:ab", "ladt": "x:hoch w:herunter x:ein", "fuhrt": "d:aus r:auf d:durch",
        "bricht": "d:ab", "halt": "d:an", "wahlt": "w:aus", "nimmt": "w:auf w:an d:weg d:zuruck", "lehnt": "w:ab",
        "meldet": "w:an d:ab", "schickt": "x:ab x:weiter", "sagt": "d:ab w:zu", "wirft": "d:weg d:raus",
        "bucht": "d:ab", "reicht": "w:ein",
        "hebt": "d:auf w:hervor", "weist": "w:zu d:an", "teilt": "x:mit w:zu w:auf w:ein", "leitet": "x:weiter",
        "sendet": "x:ab", "spielt": "w:ein w:ab", "bestellt": "d:ab", "raumt": "d:auf", "loscht": "d:aus",
        "schreibt": "w:auf w:ein d:um w:fort", "schliesst": "d:ab w:an", "macht": "d:ruckgangig w:auf",
        "zieht": "d:zuruck d:ein",
        "lost": "d:auf d:aus", "trennt": "d:ab", "stosst": "d:an", "gleicht": "w:ab", "ordnet": "w:zu",
        "baut": "w:auf d:ab",
        "zahlt": "d:aus d:ein w:auf", "nimm": "w:auf", "startet": "d:neu",
    }.items()
}  # fmt: skip

NEGATING: Final = word_set(
    "no sin nunca sem nao nem non senza sans ne ni pas nicht nichts kein keine keinen keinerlei nie ohne niemals niet "
    "geen zonder nie bez inte utan tidak tanpa khong"
)
# What is denied behind the verb rather than before it.
NEGATING_BEHIND: Final = word_set("nada nicht nichts kein keine keinen keinerlei rien pas nulla niente niet geen")
# What says of things how they stand, where no verb follows: `Offene Bestellungen`, `Prochains departs`.
STATING: Final = word_set(
    "aktuelle aktueller aktuelles aktuellen offene letzte letzten nachste nachsten kommende verfugbare heutige offener "
    "prochains prochaines derniers dernieres disponibles actuels actuelles prochain prochaine dernier derniere "
    "ultimos ultimas ultimo ultima proximos proximas proximo proxima pendientes actuales recientes abiertos abiertas "
    "atual atuais recentes pendentes ultime ultimi prossimi prossime attuali recenti prossimo prossima cotacao "
    "cotizacion "
    "bestellungen rechnungen facturas pedidos commandes factures fatture ordini kunden clientes clients clienti "
    "departs "
    "abfahrtszeiten offnungszeiten lagerbestand umsatz anzahl nombre numero quantidade cantidad prochainement "
    "fahrzeiten "
    "tasa taxa taux tasso posologie definition bedeutung significado synonyme sinonimos sinonimi"
)
# Small words by which a text is known to be in another language, and those of English.
SMALL: Final = word_set(
    "de la el los las por para un una del con des les du le et pour avec dans une der die das und ein eine einen "
    "einem mit "
    "fur von den im il di della dei lo gli per con os as da do em na um uma e y o ou que che aus auf zum zur ist nach "
    "du au aux sur en ao dos das sem van het een met voor"
)
ENGLISH: Final = word_set("the of to and with for from this that is are an by or which in as")
RELATIVE: Final = word_set(
    "que qui che cui dont cuyo cuando quand quando wenn falls wer wann ob si se als sobald bevor despues antes avant"
)
AIMING: Final = word_set("para pour per pra zum zur zu um om voor att untuk")
# Words that are things as often: they count at the beginning of a sentence alone.
THINGS: Final = word_set(
    "lista liste consulta busca recherche ricerca estado erstattung zahlung nueva nuevo novo nova nouveau nouvelle "
    "nuovo nuova neu neue neuer neues cuenta conta compte marca registra registro copia programa indica para ordena "
    "archiva note notiert cambia cambio venda compra achat resumo resume resumen traduce plan planen saldo le ve ara "
    "tar visa dela ver vis hent ode sil them tim huy gui bul dung tao lay pon met dit ouvre liga salva reserva "
    "verifica "
    "controlla reserve manda carica nota cobra suspende virement commande marque classe range valide apunta subraya "
    "anexo anexa"
)
# Nouns at the very beginning that name what is answered, as `Vorhersage` and `Estado`.
ANSWERED: Final = word_set(
    "estado lista listado consulta busqueda prevision previsiones pronostico saldo historial detalle detalles resumen "
    "precio precios informacion datos situacao previsao historico detalhes resumo preco precos informacoes dados "
    "etat liste recherche previsions solde historique details resume prix informations meteo cours horaires horarios "
    "stato elenco ricerca previsioni dettagli riepilogo prezzo prezzi informazioni dati orari "
    "vorhersage wettervorhersage wetter abfrage suche ubersicht liste stand status bericht kontostand auskunft verlauf "
    "einzelheiten angaben preis preise fahrplan kurs kurse bestand termine ergebnisse zustand abfahrten anzeige "
    "wo wann wie ob welche welcher welches wieviel wieviele ou quand combien quel quelle quels quelles donde "
    "cuando cuanto "
    "cuantos cual cuales onde quanto quantos quais qual dove quanti quale "
    "weersverwachting overzicht prognoza lista durum"
)
QUERIES: Final = word_set(
    "busqueda consulta busca pesquisa recherche requete suche abfrage ricerca interrogazione analyse analisis analise "
    "berechnung calculo calcul prufung diagnostico diagnostic simulation simulacion kalkulation comparacion"
)
RUNNING: Final = word_set(
    "ejecutar ejecuta executar executa executer execute eseguire esegue ausfuhren ausfuehren fuhrt lancer lance"
)

# Stems of languages in other letters, searched anywhere. What stands in the second table makes a stem a state.
STEMS: Final[Mapping[Intent, str]] = {
    Intent.READ: (
        "возвраща|верн[уи]|показыва|показать|покажи|получа|получить|получи\\b|ищет|поиск|искать|найти|находит|найди|"
        "список|чита|выводит|вывести|провер|вычисл|рассчит|прогноз|просмотр|сведения|узнать|запрашива|переводит текст|"
        "повертає|показує|отримує|отримати|знайти|шукає|пошук|検索|取得|一覧|表示|返し|返す|返却|照会|確認|参照|調べ|"
        "読み取|読み込|予報|予測|計算|変換|翻訳|解析|検証|要約|集計|比較|抽出|問い合わせ|查询|查看|查找|搜索|获取|返回|列出|读取|"
        "顯示|显示|查詢|搜尋|检索|檢索|转换|轉換|计算|計算|翻译|分析|统计|統計|比较|检查|检测|验证|摘要|总结|预测|预报|浏览|提取|"
        "변환|계산|번역|분석|요약|بحث|عرض|खोज|दिखा|επιστρέφ|αναζητ|εμφαν|검색|조회|가져|반환|목록|보여|확인|읽|예측|예보|비교"
    ),
    Intent.WRITE: (
        "созда|добавля|добавить|добавь|обновля|обновить|изменя|изменить|сохраня|сохранить|записыва|записать|"
        "редактир|назнача|назначить|переименов|перемеща|переместить|устанавлива|установить|настраива|отмеча|отметить|"
        "створює|створити|додає|додати|оновлює|оновити|змінює|зберіга|作成|追加|更新|変更|登録|保存|編集|設定|書き込|移動|記録し|"
        "割り当て|作ります|设置|創建|创建|添加|新增|修改|编辑|写入|新建|保存|更新|设定|移动|重命名|标记|分配|建立|記錄|إنشاء|बना|"
        "δημιουργ|생성|추가|수정|변경|저장|작성|등록|설정|편집|만들|만듭"
    ),
    Intent.DESTRUCTIVE: (
        "удал(?:я|ит|и\\b|ени)|стира|стереть|очища|очистить|очистк|отменя|отменить|отмен[аы]|останавлива|остановить|"
        "останови\\b|выполня|выполнить|отзыва|отозвать|перезапис|оплачива|оплатить|оплат[аы]|переводит "
        "(?:деньги|средства)|"
        "перевести "
        "(?:деньги|средства)|видал(?:я|ит)|скасов|скасув|зупиня|зупинити|перезапуск|перезагруж|блокир|отключа|"
        "отключить|сбрасыв|сбросить|уничтож|списыва|списать|заверша(?:ет|ть) "
        "(?:процесс|сеанс|работу)|закрыва(?:ет|ть) счет|"
        "возвраща(?:ет|ть) деньги|покупа|купить|прода(?:ет|ть)|"
        "削除|消去|消す|消しま|消し去|抹消|停止|取り消|取消|キャンセル|実行|上書き|失効|支払|送金|返金|購入|再起動|リセット|無効|停用|中断|退会|解約|解除|破棄|"
        "終了させ|終了し|初期化|空にし|注文し|決済|振り込|振込|强制|删除|刪除|移除|清空|清除|取消|执行|執行|终止|覆盖|撤销|吊销|支付|转账|"
        "扣款|退款|购买|下单|重启|重置|禁用|封禁|卸载|停止|销毁|注销|关闭|踢出|解散|运行代码|运行脚本|"
        "환불|구매|재시작|차단|중단|حذف|हटा|διαγρ|삭제|제거|취소|중지|실행|덮어|결제|송금|초기화|종료|해지|비활성"
    ),
    Intent.EXFILTRATIVE: (
        "отправ|публику|опубликов|делится|поделиться|экспорт|рассыла|разослать|надсила|надіслати|пересыла|переслать|"
        "приглаша|пригласить|выгружа|выгрузить|送信|公開|共有|投稿|通知し|通知を送|エクスポート|アップロード|転送|配信|招待|"
        "送ります|送る|发送|發送|发布|發布|分享|共享|导出|匯出|上传|上傳|推送|转发|轉發|邀请|群发|公开|通知.{0,6}用户|초대|إرسال|أرسل|"
        "भेज|στέλν|αποστ|전송|보내|보냅|공유|게시|내보내|업로드|발송|공개|초대"
    ),
}
# What before or behind a stem denies it or makes it a state:
# `不删除`, `已删除的文件`, `削除しません`, `実行履歴`, `не удаляет`.
STATE_BEFORE: Final = (
    "(?<!不)(?<!未)(?<!已)(?<!无)(?<!無)(?<!被)(?<!最近)(?<!没有)(?<!不会)(?<!не )(?<!ничего не )(?<!без )"
)
STATE_BEHIND: Final = (
    "(?!済|された|されて(?:いる|い)|した|さ?れた|しま?せ|しない|されま?せ|されない|せず|履歴|記録|状況|状態|結果|结果|日志|ログ|历史|歷史|"
    "记录|記錄|状态|狀態|時刻|时间|日時|前の|前に|可能|"
    "は?でき(?:ま?せ|ない)|하지|되지|지 않|된 |이력|내역|기록|л?енн|л?ённ|анн|нн|ает ничего|яет ничего)"
)
