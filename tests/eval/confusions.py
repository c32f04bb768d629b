"""What people type wrong in Traditional Chinese with 注音 or by shape.

Each group holds characters that are taken for one another: same sound (the wrong
candidate was picked), nearly the same sound (ㄣ/ㄥ, ㄗ/ㄓ, ㄙ/ㄕ are merged by many
speakers in Taiwan), or nearly the same shape.
"""

SAME_SOUND = """
在再 的得地 做作坐座 他她它牠 那哪 以已 因應 和合河何 記紀既計 至致制製 式試室是事
到道 有又右 由游遊油 為位未 時實十 年黏 國果 人仁 名明 城成程 地第帝 市世士 大達
主住著助祝 要耀藥 後候 前錢 元原員圓緣 公工功 分份 家加佳 軍君均 生聲升 期其 心新
學穴 校笑效 會惠匯 長常場 建見件健 力立利歷 動洞 行形型 方芳 中終鐘 政正證 山三
關官觀 史使始 東冬 南男難 西希 王望 文聞 開該 最罪醉 多都 少燒 幾機 次刺 代帶待
發罰 表錶 書輸 語與於 法髮 部布步 電店 車扯 路陸錄 海害 線現縣 曾層 被備 包胞
密蜜 辦半伴 收手 換患 費廢 點典 種重眾 每美 超抄 退腿 訂定 送頌 貨獲或
"""
NEAR_SHAPE = """
己已巳 未末 土士 日曰 人入 大太犬 千干 牛午 天夫 玉王 白自 由田甲申 侯候 徵微
戊戌戍 祟崇 博傅 陪培 拔撥 籍藉 辨辯 燥躁 睛晴 即既 第弟 問間 買賣 今令 折拆
遺遣 幣弊 模摸 績積 穫獲 歷曆 蓋益 板版
"""


def confusions() -> dict[str, str]:
    """Character → the characters that are typed in its place."""
    found: dict[str, str] = {}
    for group in (SAME_SOUND + NEAR_SHAPE).split():
        for char in group:
            found[char] = found.get(char, "") + group.replace(char, "")
    return found
