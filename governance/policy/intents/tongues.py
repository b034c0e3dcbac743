"""Verbs of other languages than English, as frozen tables. Pure: no Django, no I/O.

Words of languages written in Latin letters are looked up whole, stems of the others are searched for. A little is known
here, not the languages: what is not found leaves a tool unknown, never harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from governance.policy.values import Intent

_WORDS: Final[Mapping[Intent, str]] = {
    Intent.READ: (
        "obtener obtiene consultar consulta buscar busca listar lista mostrar muestra leer lee devuelve devolver ver "
        "retorna retornar mostra obtém obter procura pesquisa pesquisar ler exibe exibir verifica verificar calcula "
        "zeigt zeigen sucht suchen liefert liest lesen holt holen abrufen listet auflisten prüft berechnet übersetzt "
        "chercher cherche rechercher recherche afficher affiche lister obtient récupère récupérer lire lit renvoie "
        "retourne cerca cercare restituisce elenca elencare ottiene leggere legge visualizza toont zoekt haalt "
        "pokazuje wyszukuje zwraca pobiera getir göster gösterir listele listeler ara arar visar söker hämtar donne "
        "donner calcule calculer trouve trouver indique fornisce trova gibt ermittelt findet fornece encontra "
        "encuentra calcular encontrar cari mencari menampilkan tìm hiển berekent geeft vindt hittar kensaku shutoku "
        "ichiran chaxun sousuo huoqu"
    ),
    Intent.WRITE: (
        "crear crea criar cria añadir añade agregar agrega actualizar actualiza modificar modifica cambiar cambia "
        "guardar guarda editar edita nueva nuevo adicionar adiciona atualizar atualiza alterar altera salvar salva "
        "novo nova erstellt erstellen anlegen hinzufügen aktualisiert aktualisieren ändert ändern speichert speichern "
        "bearbeitet bearbeiten neu créer crée ajouter ajoute modifier modifie enregistrer enregistre nouveau nouvelle "
        "creare aggiungere aggiunge aggiorna aggiornare modificare salvare nuovo nuova maakt voegt tworzy dodaje "
        "aktualizuje zapisuje oluştur oluşturur ekle ekler güncelle günceller skapar buat membuat tạo sakusei tsuika "
        "koushin chuangjian tianjia gengxin"
    ),
    Intent.DESTRUCTIVE: (
        "eliminar elimina borrar borra suprimir suprime cancelar cancela detener detiene ejecutar ejecuta revocar "
        "pagar paga apagar excluir exclui remover deletar deleta parar executar executa desativar revogar löscht "
        "löschen loeschen loescht entfernt entfernen stoppt stoppen beendet beenden storniert stornieren widerruft "
        "überschreibt überweist überweisen bezahlt ausführen supprimer supprime effacer efface annuler annule arrêter "
        "arrête exécuter exécute révoquer révoque écrase payer paie eliminare cancellare cancella rimuovere rimuove "
        "fermare esegue eseguire verwijdert stopt usuwa zatrzymuje anuluje sil siler durdur durdurur iptal raderar "
        "hapus menghapus xóa sakujo shanchu transferir transfere transfiere cobrar cobra reembolsar reembolsa "
        "rembourser rembourse virer trasferisce rimborsa überschreiben sperrt sperren deaktiviert deaktivieren "
        "kündigt kündigen neustarten desactivar desactiva desativa bloquear bloquea bloqueia reiniciar reinicia "
        "désactiver désactive redémarrer redémarre disattiva riavvia betaalt betalen annuleert wyłącza restartuje"
    ),
    Intent.EXFILTRATIVE: (
        "enviar envía envia publicar publica compartir comparte exportar exporta subir sube compartilhar compartilha "
        "sendet senden verschickt verschicken versendet veröffentlicht veröffentlichen teilt exportiert exportieren "
        "hochladen envoyer envoie publier publie partager partage exporter exporte invia inviare pubblica pubblicare "
        "condivide condividere esporta verstuurt wysyła publikuje udostępnia gönder gönderir paylaş paylaşır yayınlar "
        "skickar kirim mengirim gửi soushin fasong fabu reenviar reenvía encaminha encaminhar weiterleiten leitet "
        "transférer transfère diffuser diffuse inoltra inoltrare carica caricare doorsturen przesyła udostępnić"
    ),
}  # fmt: skip
_STEMS: Final[Mapping[Intent, str]] = {
    Intent.READ: (
        "возвраща|показыва|получа|ищет|поиск|найти|находит|список|чита|повертає|показує|отримує|"
        "検索|取得|一覧|表示|返し|返す|照会|確認|参照|查询|查看|查找|搜索|获取|返回|列出|读取|顯示|显示|查詢|搜尋|取得|"
        "转换|轉換|変換|计算|計算|翻译|翻訳|解析|分析|统计|比较|比較|检查|検証|验证|摘要|要約|변환|계산|번역|분석|요약|"
        "بحث|عرض|खोज|दिखा|επιστρέφ|αναζητ|εμφαν|검색|조회|가져|반환|목록|보여|확인|읽"
    ),
    Intent.WRITE: (
        "созда|добавля|добавить|обновля|обновить|изменя|изменить|сохраня|сохранить|записыва|створює|додає|оновлює|"
        "作成|追加|更新|変更|登録|保存|編集|设置|創建|创建|添加|新增|修改|编辑|写入|新建|إنشاء|बना|δημιουργ|생성|추가|수정|변경|저장|작성|등록"
    ),
    Intent.DESTRUCTIVE: (
        "удал|стира|очища|отменя|отменить|останавлива|остановить|выполня|отзыва|перезаписыва|оплачива|переводит деньги|"
        "видаля|скасов|зупиня|削除|消去|停止|取り消|キャンセル|実行|上書き|失効|支払|送金|删除|刪除|移除|清空|取消|执行|執行|"
        "终止|覆盖|撤销|支付|转账|扣款|退款|返金|購入|购买|注文|下单|重启|再起動|重置|リセット|禁用|無効|停用|封禁|卸载|中断|"
        "환불|구매|재시작|차단|중단|перезапуск|перезагруж|блокиру|отключа|сбрасыв|уничтож|списыва|"
        "حذف|हटा|διαγρ|삭제|제거|취소|중지|실행|덮어|결제|송금|초기화"
    ),
    Intent.EXFILTRATIVE: (
        "отправ|публику|опубликов|делится|экспорт|рассыла|надсила|送信|公開|共有|投稿|通知し|エクスポート|アップロード|"
        "发送|發送|发布|發布|分享|导出|上传|推送|转发|轉發|転送|邀请|群发|配信|초대|пересыла|приглаша|выгружа|"
        "إرسال|أرسل|भेज|στέλν|αποστ|전송|보내|보냅|공유|게시|내보내|업로드|발송"
    ),
}  # fmt: skip

FOREIGN: Final[Mapping[str, Intent]] = {word: intent for intent, words in _WORDS.items() for word in words.split()}

_STEM: Final = {intent: re.compile(stems) for intent, stems in _STEMS.items()}
_FIRST: Final = re.compile(r"[^\W\d_]+").finditer


def told(description: str) -> Iterator[tuple[Intent, str]]:
    """The acts that a text in another language names: its first words, and stems anywhere in it."""
    for number, word in enumerate(_FIRST(description)):
        intent = FOREIGN.get(word[0].lower())
        if intent is not None:
            yield intent, word[0]
        if number >= 11:
            break
    if not description.isascii():
        text = description.lower()
        for intent, stems in _STEM.items():
            match = stems.search(text)
            if match is not None:
                yield intent, match[0]
