"""Which file says what; see `make.py` for how each was made."""

from pathlib import Path

FOLDER = Path(__file__).parent
SHOPS = {
    "doc": ("鶯歌", "每週一下午兩點"),
    "xls": ("鹽埕", "每週二下午三點"),
    "ppt": ("蘆洲", "每週三上午十點"),
    "eml": ("龜山", "每週四上午十一點"),
    "eml/附件.txt": ("斗六", "每週五晚上七點"),
    "msg": ("礁溪", "每週六下午四點"),
    "msg/附件.txt": ("旗津", "每週日下午五點"),
    "xml": ("羅東", "每月一日上午九點"),
    "json": ("竹東", "每月二日上午九點"),
    "jsonl": ("朴子", "每月三日上午九點"),
    "epub": ("鹿港", "每月四日上午九點"),
    "rtf": ("埔里", "每月五日上午九點"),
    "odt": ("集集", "每月六日上午九點"),
    "ods": ("綠島", "每月七日上午九點"),
    "odp": ("關山", "每月八日上午九點"),
    "jpg": ("池上", "每月九日上午九點"),
    "png": ("瑞芳", "每月十日上午九點"),
    "webp": ("三峽", "每月十一日上午九點"),
    "gif": ("岡山", "每月十二日上午九點"),
    "bmp": ("學甲", "每月十三日上午九點"),
    "tif": ("麻豆", "每月十四日上午九點"),
    "svg": ("枋寮", "每月十五日上午九點"),
    "scan.pdf": ("佳里", "每月十六日上午九點"),
    "zip/第一季/手冊.md": ("恆春", "每月十七日上午九點"),
    "big5.txt": ("楠梓", "每月十八日上午九點"),
    "gb18030.txt": ("苓雅", "每月十九日上午九點"),
    "utf16.txt": ("鼓山", "每月二十日上午九點"),
    "sjis.txt": ("京都", "毎週土曜日の午後二時"),
}
"""By file (its kind, where there is one of a kind), the shop's name and its hours."""


def sentence(name: str) -> str:
    shop, hours = SHOPS[name]
    if name == "sjis.txt":
        return f"{shop}店の万年筆の無料クリーニングは、{hours}からです。"
    return f"{shop}門市的鋼筆免費清潔時段是{hours}開始。"


def source_of(name: str) -> str:
    """The source that ingest gives to what holds the sentence."""
    kind, slash, inner = name.partition("/")
    return (kind if "." in kind else f"shop.{kind}") + slash + inner
