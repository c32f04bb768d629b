"""繁體中文：備份、健檢、匯出，說給管理這台機器的人聽。"""

SENTENCES = {
    "backup.missing": "找不到備份檔 {path}。",
    "backup.exists": "{path} 已經存在；換個檔名，或加 --force 蓋掉它。",
    "backup.unreadable": "{path} 不是備份檔，或已經損壞（{problem}）；什麼都沒有改。",
    "backup.cut": "{path} 不完整，可能是複製到一半；什麼都沒有改，請換一份。",
    "backup.changed": "{path} 裡的 {member} 和備份時不一樣，檔案可能損壞或被改過；什麼都沒有改。",
    "backup.format": "{path} 是另一個版本的小秘書（{program}）做的，這個程式讀不懂；請改用那個版本還原。",
    "backup.newer": "{path} 是較新版的程式備份的（資料庫版本 {found}，這個程式只認得到 {known}），請改用較新版的小秘書還原。",
    "backup.occupied": "{place} 裡已經有資料；請先備份它，確定要換掉再加 --force。",
    "backup.in_use": "還有小秘書正在使用資料庫 {place}，請先全部停掉再還原。",
    "backup.running": "secretary run（程序 {pid}）正在使用 {path}，請先停掉它再還原。",
    "backup.done": "已備份到 {path}：{documents} 份文件、{passages} 個段落、{exchanges} 筆問答、{annotations} 則標註、{uploads} 個上傳的檔案。",
    "backup.lost": "向量庫少了 {count} 個段落，備份裡也沒有；請執行 secretary sources verify 之後再備份一次。",
    "backup.restored": "已還原 {made} 的備份：{documents} 份文件、{passages} 個段落、{exchanges} 筆問答、{annotations} 則標註、{uploads} 個上傳的檔案。",
}
