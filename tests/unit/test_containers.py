"""Archives and mails: each member by its own name, and nothing that leads out or blows up."""

import io
import stat
import struct
import zipfile
from email.message import EmailMessage

import pytest

from knowledge.errors import DocumentError
from knowledge.parsing import Limits, parse, parts

MB = 1024 * 1024


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members:
            packed.writestr(name, data)
    return buffer.getvalue()


def told(data: bytes, name: str = "a.zip", limits: Limits | None = None) -> dict[str, str]:
    """Content, or the code of the reason, by the part's name."""
    found = {}
    for part in parts(data, name, limits) or []:
        try:
            found[part.name] = part.read().decode() if part.wanted else "unwanted"
        except DocumentError as error:
            found[part.name] = error.code if error.detail["source"] == part.name else "misnamed"
    return found


def test_members_are_named_below_their_archive_and_clutter_is_left_out() -> None:
    data = archive(
        ("甲/乙.md", b"1"),
        ("__MACOSX/._x.md", b"2"),
        (".git/x.md", b"3"),
        ("film.mp4", b"4"),
        ("甲/", b""),
    )
    assert told(data) == {"a.zip/甲/乙.md": "1", "a.zip/film.mp4": "unwanted"}


@pytest.mark.parametrize(
    "name", ["../x.md", "a/../../x.md", "/etc/x.md", "..\\x.md", "C:\\x.md", "a/../x.md"]
)
def test_a_member_that_leads_out_is_refused_and_the_rest_is_read(name: str) -> None:
    entry = zipfile.ZipInfo("placeholder")
    entry.filename = entry.orig_filename = name
    found = told(archive((entry, b"evil"), ("b.md", b"good")))
    assert sorted(found.values()) == ["file.outside", "good"]


def test_a_link_in_an_archive_is_refused() -> None:
    link = zipfile.ZipInfo("l.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert told(archive((link, b"/etc/passwd"))) == {"a.zip/l.md": "file.not_regular"}


def test_a_bomb_is_refused_by_what_it_claims() -> None:
    data = archive(*((f"{n}.txt", b" " * (30 * MB)) for n in range(9)))
    assert len(data) < MB
    with pytest.raises(DocumentError) as caught:
        parts(data, "bomb.zip")
    assert caught.value.code == "file.too_large"


def test_a_bomb_that_claims_to_be_small_is_refused_as_it_unpacks() -> None:
    data = bytearray(archive(("a.txt", b" " * (8 * MB))))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 100)
    (code,) = told(bytes(data), limits=Limits(file=MB)).values()
    assert code in ("file.too_large", "file.damaged")


def test_all_members_together_stay_under_the_limit_whatever_they_claim() -> None:
    data = bytearray(archive(*((f"{n}.txt", b" " * MB) for n in range(5))))
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + 24 : at + 28] = struct.pack("<I", 10)
        data[at + 24 : at + 28] = struct.pack("<I", MB)  # the claim is checked elsewhere
    found = told(bytes(data), limits=Limits(file=MB, unpacked=5 * MB))
    assert set(map(len, found.values())) == {MB}
    with pytest.raises(DocumentError):
        parts(bytes(data), "a.zip", Limits(file=MB, unpacked=4 * MB))


def test_a_member_over_the_limit_is_named() -> None:
    data = archive(("big.txt", b"x" * (2 * MB)), ("b.md", b"good"))
    assert told(data, limits=Limits(file=MB)) == {
        "a.zip/big.txt": "file.too_large",
        "a.zip/b.md": "good",
    }


def test_an_encrypted_member_is_named() -> None:
    data = bytearray(archive(("a.md", b"secret"), ("b.md", b"good")))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert told(bytes(data)) == {"a.zip/a.md": "file.encrypted", "a.zip/b.md": "good"}


def test_archives_within_archives_up_to_a_depth() -> None:
    data = archive(("x.md", b"deep"))
    for number in range(4):
        data = archive((f"{number}.zip", data), (f"{number}.md", b"here"))
    found = told(data)
    assert found["a.zip/3.md"] == found["a.zip/3.zip/2.md"] == "here"
    assert "file.nested" in found.values()
    assert "deep" not in found.values()


def test_a_damaged_archive_within_one_is_left_to_be_refused_by_name() -> None:
    inner = b"PK\x03\x04 cut off"
    assert told(archive(("in.zip", inner), ("b.md", b"good"))) == {
        "a.zip/in.zip": inner.decode(),
        "a.zip/b.md": "good",
    }
    with pytest.raises(DocumentError) as caught:
        parse(inner, "a.zip/in.zip")
    assert caught.value.code == "file.damaged"


@pytest.mark.parametrize("encoding", ["cp950", "utf-8"])
def test_names_in_the_encoding_of_old_programs(encoding: str) -> None:
    data = archive(("#" * len("員工手冊.md".encode(encoding)), b"x"))
    data = data.replace(b"#" * len("員工手冊.md".encode(encoding)), "員工手冊.md".encode(encoding))
    assert list(told(data)) == ["a.zip/員工手冊.md"]


def test_office_files_and_texts_are_no_containers() -> None:
    assert parts(archive(("word/document.xml", b"<a/>")), "a.docx") is None
    assert parts(b"text", "a.txt") is None


def mail(*attachments: tuple[str, str, bytes]) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "主旨"
    message.set_content("內文")
    for name, kind, data in attachments:
        main, sub = kind.split("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message


def test_a_mail_is_its_own_first_part_and_attachments_follow() -> None:
    inner = archive(("c.md", b"packed"))
    message = mail(("附件.md", "text/markdown", b"one"), ("包.zip", "application/zip", inner))
    found = told(message.as_bytes(), "m.eml")
    assert list(found) == ["m.eml", "m.eml/附件.md", "m.eml/包.zip/c.md"]
    assert found["m.eml/包.zip/c.md"] == "packed"


def test_a_forwarded_mail_is_a_part_and_the_logo_of_a_signature_is_none() -> None:
    message = mail()
    message.add_attachment(mail(("x.txt", "text/plain", b"x")))
    message.add_attachment(
        b"gif", maintype="image", subtype="gif", disposition="inline", cid="<l@x>"
    )
    found = told(message.as_bytes(), "m.eml")
    assert list(found) == ["m.eml", "m.eml/1.eml", "m.eml/1.eml/x.txt"]
