"""Writes tests/it/stores/files.txt: small files of the stores that data scientists use, each by its own
library. In most of them Ann stands among others, in the columns `mail`, `given`, `family` and
`user`; Joann, who is nobody's concern, always stands beside her.

    python3 -m venv v && v/bin/pip install pyarrow h5py lz4 python-snappy reportlab matplotlib \\
        pikepdf pillow xlwt fastavro xlsxwriter pandas joblib pyreadstat polars numcodecs lmdb scipy tables
    apt-get install git p7zip-full
    v/bin/python tests/it/foreign/stores.py > tests/it/stores/files.txt
"""

import base64
import io
import os
import pickle
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import uuid
import zipfile
import zlib

import fastavro
import h5py
import joblib
import lmdb
import lz4.frame
import matplotlib
import numcodecs
import numpy as np
import pandas as pd
import pikepdf
import polars
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pyreadstat
import scipy.io
import snappy
import xlsxwriter
import xlwt
from PIL import Image, PngImagePlugin
from reportlab.lib import pdfencrypt
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

matplotlib.use("Agg")
import matplotlib.pyplot as plt

FOLDER = tempfile.mkdtemp()
PEOPLE = [
    ("kofi@contoso.com", "Kofi", "Brandt", "kofi"),
    ("ann@contoso.com", "Ann", "Lefèvre", "ann"),
    ("joann@contoso.com", "Joann", "Lefèvre-Roy", "joann"),
]
COLUMNS = ["mail", "given", "family", "user"]
OTHERS = [(f"x{n}@contoso.com", "Xu", "Ni", f"x{n}") for n in range(290)]


def path(name):
    return os.path.join(FOLDER, name)


def put(name, data):
    print(name, base64.b64encode(zlib.compress(data, 9)).decode())


def put_file(name, file):
    with open(file, "rb") as stream:
        put(name, stream.read())


def database(name, *pragmas):
    connection = sqlite3.connect(path(name), isolation_level=None)
    connection.execute("pragma page_size=512")
    for pragma in pragmas:
        connection.execute(f"pragma {pragma}")
    return connection


def people(connection, without=""):
    connection.execute(f"create table people(mail text primary key, given, family, user){without}")
    connection.executemany("insert into people values(?,?,?,?)", PEOPLE)


def sqlite():
    for name, pragmas, without in [
        ("sqlite", [], ""),
        ("sqlite-utf16le", ['encoding="UTF-16le"'], ""),
        ("sqlite-utf16be", ['encoding="UTF-16be"'], ""),
        ("sqlite-without-rowid", [], " without rowid"),
    ]:
        connection = database(name, *pragmas)
        people(connection, without)
        connection.close()
        put_file(name, path(name))
    connection = database("cut")
    connection.execute("create table notes(text)")
    # Wherever the pages of the text end, one of these is cut.
    for gap in range(30):
        connection.execute("insert into notes values(?)", ("." * (450 + gap) + "Ann Lefèvre" + "." * 600,))
    connection.close()
    put_file("sqlite-overflow", path("cut"))
    connection = database("freed", "secure_delete=0")
    people(connection)
    connection.execute("drop table people")
    connection.close()
    put_file("sqlite-freed", path("freed"))
    connection = database("packed")
    connection.execute("create table runs(note blob)")
    connection.execute("insert into runs values(?)", (zlib.compress(b'{"mail": "ann@contoso.com"}'),))
    connection.close()
    put_file("sqlite-packed", path("packed"))
    connection = database("log", "journal_mode=wal")
    people(connection)
    shutil.copy(path("log-wal"), path("kept"))
    connection.close()
    put_file("sqlite-log", path("kept"))
    connection = database("journal", "cache_size=1")
    people(connection)
    connection.execute("begin")
    connection.execute("delete from people")
    connection.executemany("insert into people values(?,1,2,3)", [(n,) for n in range(600)])
    shutil.copy(path("journal-journal"), path("kept"))
    connection.close()
    put_file("sqlite-journal", path("kept"))


def arrow():
    lists = {column: list(values) for column, values in zip(COLUMNS, zip(*PEOPLE))}
    text = pa.table(lists)
    of = lambda kind: pa.table({column: pa.array(values, kind) for column, values in lists.items()})
    listed = {column: pa.array(values).dictionary_encode() for column, values in lists.items()}
    mails = lists["mail"]
    tables = {
        "arrow": (text, None),
        "arrow-lz4": (text, "lz4"),
        "arrow-zstd": (of(pa.large_string()), "zstd"),
        "arrow-views": (of(pa.string_view()), None),
        "arrow-views-lz4": (of(pa.string_view()), "lz4"),
        "arrow-dictionary": (pa.table(listed), None),
        "arrow-dictionary-zstd": (pa.table(listed), "zstd"),
        "arrow-struct": (pa.table({"who": [dict(zip(COLUMNS, one)) for one in PEOPLE]}), None),
        "arrow-list": (pa.table({"mails": [mails, mails]}), "lz4"),
        "arrow-map": (pa.table({"m": pa.array([[("of", mail)] for mail in mails], pa.map_(pa.string(), pa.string()))}), None),
        "arrow-bytes": (pa.table({"b": [mail.encode() for mail in mails]}), None),
        "arrow-fixed": (pa.table({"b": pa.array([mail.encode()[-15:] for mail in mails[1:2] * 2], pa.binary(15))}), None),
        "arrow-packed": (pa.table({"b": [zlib.compress(b'{"mail": "ann@contoso.com"}')]}), None),
        "arrow-notes": (pa.table({"x": [1]}).replace_schema_metadata({"owner": "ann"}), None),
        "arrow-ends": (pa.table({"u": pa.RunEndEncodedArray.from_arrays([1, 2, 3], mails)}), "lz4"),
        "arrow-union": (pa.table({"u": pa.UnionArray.from_sparse(pa.array([0, 0, 0], pa.int8()), [pa.array(mails)]), "mail": mails}), None),
    }
    for name, (table, packing) in tables.items():
        for way, new in [("", ipc.new_file), ("-stream", ipc.new_stream)]:
            out = io.BytesIO()
            with new(out, table.schema, options=ipc.IpcWriteOptions(compression=packing)) as writer:
                writer.write_table(table, max_chunksize=2)
            put(name + way, out.getvalue())


def hdf5():
    mails = np.array([mail for mail, *_ in PEOPLE], "S17")
    record = np.array([tuple(word.encode() for word in one) for one in PEOPLE], [(c, "S18") for c in COLUMNS])
    text = h5py.string_dtype()
    files = {
        "hdf5": lambda file: file.create_dataset("users", data=mails),
        "hdf5-fixed": lambda file: file.create_dataset("users", data=np.array([b"ann@contoso.com"] * 3)),
        "hdf5-gzip": lambda file: file.create_dataset("users", data=mails, chunks=(2,), compression="gzip"),
        "hdf5-shuffle": lambda file: file.create_dataset("g/users", data=mails, chunks=(2,), compression="gzip", shuffle=True),
        "hdf5-grows": lambda file: file.create_dataset("users", data=mails.repeat(30), chunks=(2,), maxshape=(None,), compression="gzip", shuffle=True, fletcher32=True),
        "hdf5-grows-both-ways": lambda file: file.create_dataset("users", data=mails.repeat(12).reshape(6, 6), chunks=(2, 2), maxshape=(None, None), compression="gzip", shuffle=True),
        "hdf5-one-chunk": lambda file: file.create_dataset("users", data=mails, chunks=(3,), compression="gzip", shuffle=True),
        "hdf5-lzf": lambda file: file.create_dataset("users", data=mails.repeat(3), chunks=(9,), compression="lzf", shuffle=True),
        "hdf5-texts": lambda file: file.create_dataset("user", data=[user for *_, user in PEOPLE], dtype=text),
        "hdf5-record": lambda file: file.create_dataset("people", data=record, chunks=(2,), compression="gzip", shuffle=True),
        "hdf5-bytes": lambda file: file.create_dataset("note", data=np.frombuffer(b"of ann@contoso.com, today", "u1"), chunks=(9,), compression="gzip"),
        "hdf5-attribute": lambda file: file.attrs.update({"owner": "ann", "mails": [mail for mail, *_ in PEOPLE]}),
        "hdf5-many": lambda file: [file.create_group(f"g{n}").attrs.update({"user": "ann" if n == 7 else "joann"}) for n in range(12)],
    }
    wide = lambda kind: np.frombuffer("of ann@contoso.com, today".encode(kind), {"utf-16-le": "<u2", "utf-32-le": "<i4"}[kind])
    for kind in ["utf-16-le", "utf-32-le"]:
        data = wide(kind)
        files[f"hdf5-{kind[:6]}"] = lambda file, data=data: file.create_dataset("note", data=data, chunks=(9,), compression="gzip", shuffle=True)
    out = io.BytesIO()
    with h5py.File(out, "w", userblock_size=512) as file:
        file.create_dataset("users", data=mails, chunks=(2,), compression="gzip", shuffle=True)
    put("hdf5-behind-a-head", b"MATLAB 7.3 MAT-file".ljust(512, b" ") + out.getvalue()[512:])
    for name, write in files.items():
        for version in ["earliest", "latest"]:
            out = io.BytesIO()
            with h5py.File(out, "w", libver=version) as file:
                write(file)
            put(f"{name}-{version}", out.getvalue())


def frames():
    put("lz4", lz4.frame.compress(b"of kofi@contoso.com") + lz4.frame.compress(b"of ann@contoso.com"))
    packing = snappy.StreamCompressor()
    put("snappy", packing.compress(b"of joann@contoso.com") + packing.compress(b"of ann@contoso.com"))


def columns():
    lists = {column: list(values) for column, values in zip(COLUMNS, zip(*PEOPLE))}
    lists["mail"] = [None, *lists["mail"]]
    for column in COLUMNS[1:]:
        lists[column] = ["x", *lists[column]]
    text = pa.table(lists)
    nested = pa.table({"who": [[dict(zip(COLUMNS, one))] for one in PEOPLE], "m": [{"mail": one[0]} for one in PEOPLE]})
    for packing in ["uncompressed", "snappy", "zlib", "lz4", "zstd"]:
        for name, table, share in [("", text, 0), ("-dictionary", text, 1), ("-nested", nested, 0)]:
            out = io.BytesIO()
            orc.write_table(table, out, compression=packing, dictionary_key_size_threshold=share)
            put(f"orc-{packing}{name}", out.getvalue())


def documents():
    def paper(name, draw, **settings):
        draw_on = canvas.Canvas(path(name), invariant=1, **settings)
        draw(draw_on)
        draw_on.save()

    def words(page):
        page.setAuthor("Ann Lefèvre")
        page.drawString(100, 700, "joann@contoso.com and ann@contoso.com")
        page.drawString(100, 600, "(of Ann Lefèvre)")

    def in_pieces(page):
        text = page.beginText(100, 700)
        for word in ["by ", "ann@con", "toso.com", " and"]:
            text.textOut(word)
        text.setTextOrigin(100, 600)
        text.textOut("Ann")
        text.moveCursor(40, 0)
        text.textOut("Lefèvre")
        page.drawText(text)

    def form(page):
        page.beginForm("f")
        page.drawString(1, 1, "ann@contoso.com")
        page.endForm()
        page.doForm("f")

    def japanese(page):
        pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
        page.setFont("HeiseiMin-W3", 12)
        page.drawString(100, 700, "担当 山田 太郎 様")

    paper("pdf", words)
    paper("pdf-plain", words, pageCompression=0)
    paper("pdf-in-pieces", in_pieces)
    paper("pdf-form", form)
    paper("pdf-japanese", japanese)
    paper("pdf-link", lambda page: page.linkURL("mailto:ann@contoso.com", (0, 0, 9, 9)))
    paper("pdf-encrypted", words, encrypt=pdfencrypt.StandardEncryption("x"))
    for name in ["pdf", "pdf-plain", "pdf-in-pieces", "pdf-form", "pdf-japanese", "pdf-link", "pdf-encrypted"]:
        put_file(name, path(name))
    with pikepdf.open(path("pdf")) as file:
        file.save(path("kept"), object_stream_mode=pikepdf.ObjectStreamMode.generate, static_id=True)
        put_file("pdf-packed-objects", path("kept"))
    with pikepdf.open(path("pdf-form")) as file:
        file.attachments["users.csv"] = pikepdf.AttachedFileSpec(file, b"user\nC-1029384\n")
        file.save(path("kept"), static_id=True)
        put_file("pdf-attachment", path("kept"))
    for kind in [3, 42]:
        matplotlib.rcParams["pdf.fonttype"] = kind
        plt.figure(figsize=(1, 1)).text(0, 0, "by ann@contoso.com")
        plt.savefig(path("kept"), format="pdf", metadata={"CreationDate": None})
        put_file(f"pdf-plot-{kind}", path("kept"))
    for name, operators in [
        ("hex", "<616e6e40636f6e746f736f2e636f6d> Tj"),
        ("kerned", "[(Ann)-300(Lef\\350)20(vre)] TJ"),
        ("escaped", "(ann\\100con\\\ntoso.com) Tj"),
        ("actual", "/Span <</ActualText (ann@contoso.com)>> BDC (x) Tj EMC"),
        ("unknown", "/G 9 Tf <00010002000300040005> Tj"),
        ("mapped", "/M 9 Tf <0001000200020003> Tj"),
    ]:
        content = f"BT /F 9 Tf {operators} ET".encode()
        mail = "@contoso.com".encode("utf-16-be").hex().encode()
        cmap = b"1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfrange <0001> <0002> [<0061> <006e>] endbfrange 1 beginbfchar <0003> <%s> endbfchar" % mail
        put(f"pdf-{name}", b"""%%PDF-1.4
1 0 obj <</Type /Page /Contents 2 0 R /Resources <</Font <</F 3 0 R /G 4 0 R /M 5 0 R>>>>>> endobj
3 0 obj <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>> endobj
4 0 obj <</Type /Font /Subtype /Type0 /Encoding /Identity-H>> endobj
5 0 obj <</Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 6 0 R>> endobj
6 0 obj <</Length %d>> stream
%s
endstream endobj
2 0 obj <</Length 7 0 R>> stream
%s
endstream endobj
7 0 obj %d endobj
trailer <</Root 1 0 R>>
""" % (len(cmap), cmap, content, len(content)))


def pictures():
    for name, write in [
        ("png", lambda notes: notes.add_text("Author", "Ann Lefèvre")),
        ("png-packed", lambda notes: notes.add_text("Author", "Ann Lefèvre", zip=True)),
        ("png-international", lambda notes: notes.add_itxt("Comment", "担当は山田太郎さん", zip=True)),
        ("png-user", lambda notes: notes.add_text("user", "ann")),
    ]:
        notes, out = PngImagePlugin.PngInfo(), io.BytesIO()
        write(notes)
        Image.new("RGB", (1, 1)).save(out, "png", pnginfo=notes)
        put(name, out.getvalue())
        put(f"{name}-tail", out.getvalue() + zlib.compress(b"of ann@contoso.com"))


def compound(streams):
    """A compound file of these streams, all of them large."""
    sectors, entries = [], []
    follows = []

    def add(data):
        start = len(sectors)
        for at in range(0, max(len(data), 1), 512):
            sectors.append(data[at : at + 512].ljust(512, b"\0"))
            follows.append(len(sectors))
        follows[-1] = 0xFFFFFFFE
        return start

    def entry(name, kind, start, size):
        name = name.encode("utf-16-le") + b"\0\0"
        head = name.ljust(64, b"\0") + struct.pack("<HBB", len(name), kind, 1)
        return head + b"\xff" * 12 + b"\0" * 36 + struct.pack("<IQ", start, size)

    for name, data in streams.items():
        data = data.ljust(4096, b"\0")
        entries.append(entry(name, 2, add(data), len(data)))
    directory = add(b"".join([entry("Root Entry", 5, 0xFFFFFFFE, 0), *entries]))
    table = len(sectors)
    follows.append(0xFFFFFFFD)
    assert len(follows) <= 128
    sectors.append(struct.pack("<128I", *follows, *[0xFFFFFFFF] * (128 - len(follows))))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    head += b"\0" * 10 + struct.pack("<IIIIIIII", 1, directory, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    return head + struct.pack("<109I", table, *[0xFFFFFFFF] * 108) + b"".join(sectors)


def office():
    # Two pieces, the second of two bytes a character and stored before the first.
    second, first = "vre, ann@contoso.com\r".encode("utf-16-le"), b"by Ann Lef\xe8"
    document = bytearray(0x400 + len(second) + len(first))
    document[0:2], document[10:12] = b"\xec\xa5", struct.pack("<H", 0x200)
    document[0x400:] = second + first
    places = struct.pack("<3I", 0, len(first), len(first) + len(second) // 2)
    pieces = b"".join(struct.pack("<HIH", 0, at, 0) for at in [(0x400 + len(second)) * 2 | 1 << 30, 0x400])
    table = b"\x02" + struct.pack("<I", len(places + pieces)) + places + pieces
    document[0x1A2:0x1AA] = struct.pack("<II", 0, len(table))
    put("ole-document", compound({"WordDocument": bytes(document), "1Table": table}))
    document[10:12] = struct.pack("<H", 0x300)
    put("ole-document-encrypted", compound({"WordDocument": bytes(document), "1Table": table}))
    put("ole-package-encrypted", compound({"EncryptedPackage": b"?"}))
    rich = b"{\\rtf1 C-1029384}"
    packed = struct.pack("<II4sI", len(rich) + 12, len(rich), b"MELA", 0) + rich
    put(
        "ole-mail",
        compound({
            "__substg1.0_0C1A001F": "山田太郎".encode("utf-16-le"),
            "__substg1.0_1000001E": "for Ann Lefèvre".encode("windows-1252"),
            "__substg1.0_37010102": zlib.compress(b"of ann@contoso.com"),
            "__substg1.0_10090102": packed,
        }),
    )
    for name, more in [("", 0), ("-long", 140)]:
        book, out = xlwt.Workbook(), io.BytesIO()
        sheet = book.add_sheet("people")
        for row, one in enumerate(PEOPLE + [("x" * 60 + str(n), "é" * 70, "", "") for n in range(more)]):
            for column, cell in enumerate(one):
                sheet.write(row, column, cell)
        sheet.write(4 + more, 0, "担当は山田太郎さん")
        book.save(out)
        put(f"ole-sheet{name}", out.getvalue())


def archives():
    os.mkdir(path("in"))
    for name, text in [("a.txt", "of kofi@contoso.com"), ("b.txt", "of ann@contoso.com"), ("c.txt", "by Ann Lefèvre"), ("empty", "")]:
        with open(path(f"in/{name}"), "w", encoding="utf-8") as file:
            file.write(text)
    for name, settings in {
        "lzma2": ["-m0=lzma2"],
        "lzma": ["-m0=lzma"],
        "bzip2": ["-m0=bzip2"],
        "deflate": ["-m0=deflate"],
        "ppmd": ["-m0=ppmd"],
        "copy": ["-mx=0"],
        "apart": ["-ms=off"],
        "filtered": ["-m0=bcj", "-m1=lzma2"],
        "delta": ["-m0=delta:4", "-m1=lzma"],
        "plain-header": ["-mhc=off"],
        "encrypted": ["-px"],
        "encrypted-header": ["-px", "-mhe"],
    }.items():
        file = path(f"{name}.7z")
        subprocess.run(["7z", "a", "-bd", *settings, file, path("in")], check=True, stdout=subprocess.DEVNULL)
        put_file(f"7z-{name}", file)


def packs():
    repository = path("repository")
    when = "2026-01-01T00:00:00Z"
    who = {f"GIT_{role}_{what}": value for role in ["AUTHOR", "COMMITTER"] for what, value in [("NAME", "k"), ("EMAIL", "k@contoso.com"), ("DATE", when)]}

    def git(*words):
        settings = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
        subprocess.run(["git", "-C", repository, *words], check=True, stdout=subprocess.DEVNULL, env=settings)

    os.mkdir(repository)
    git("init", "-q", "-b", "main")
    lines = [f"run {n} of experiment {n * n}" for n in range(40)]
    # The last version is stored whole, and those before by how they differ from it.
    for owner in ["owner: Ann Lefèvre", "owner: Ann Lefort", "owner: Ann Lefort, and others"]:
        with open(os.path.join(repository, "runs.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join([*lines[:20], owner, *lines[20:]]))
        git("add", ".")
        git("commit", "-q", "-m", "x")
    git("gc", "-q", "--aggressive")
    folder = os.path.join(repository, ".git/objects/pack")
    (pack,) = [name for name in os.listdir(folder) if name.endswith(".pack")]
    put_file("git-pack", os.path.join(folder, pack))
    git("bundle", "create", "-q", path("bundle"), "main")
    put_file("git-bundle", path("bundle"))


def opened():
    """PDF that is encrypted and needs no password."""
    page = io.BytesIO()
    sheet = canvas.Canvas(page)
    sheet.setAuthor("Ann Lefèvre")
    sheet.drawString(72, 700, "by ann@contoso.com, not joann@contoso.com")
    sheet.save()
    for name, settings in {
        "rc4-40": {"R": 2, "aes": False, "metadata": False},
        "rc4-128": {"R": 3, "aes": False, "metadata": False},
        "aes-128": {"R": 4},
        "aes-256-old": {"R": 5},
        "aes-256": {"R": 6},
    }.items():
        document = pikepdf.open(io.BytesIO(page.getvalue()))
        document.save(path("open.pdf"), encryption=pikepdf.Encryption(owner="o", user="", **settings))
        put_file(f"pdf-open-{name}", path("open.pdf"))


def records():
    """Records of NumPy and Avro, and rows of workbooks, whose texts lie apart from them."""
    for name, text in {"npy-records": "U24", "npy-records-bytes": "S24"}.items():
        kinds = [("id", "i4"), *((column, text) for column in COLUMNS)]
        encode = str if text[0] == "U" else str.encode
        rows = [(n, *map(encode, person)) for n, person in enumerate(PEOPLE)]
        file = io.BytesIO()
        np.save(file, np.array(rows, dtype=kinds))
        put(name, file.getvalue())
    fields = [{"name": column, "type": "string"} for column in COLUMNS]
    file = io.BytesIO()
    people = [dict(zip(COLUMNS, person)) for person in PEOPLE]
    fastavro.writer(file, {"type": "record", "name": "R", "fields": fields}, people, codec="deflate", sync_marker=b"s" * 16)
    put("avro", file.getvalue())
    for name, settings in {"xlsx": {}, "xlsx-inline": {"constant_memory": True}}.items():
        file = io.BytesIO()
        book = xlsxwriter.Workbook(file, settings)
        sheet = book.add_worksheet()
        # In whatever order strings are met, rows are rows.
        for number, row in enumerate([COLUMNS, *(person for person in reversed(PEOPLE))]):
            sheet.write_row(number, 0, row)
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["model", "user"])
        sheet.write_row(1, 0, ["ann", "kofi"])
        book.close()
        put(name, file.getvalue())
    row = "<table:table-row>{}</table:table-row>".format
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>".format
    content = "".join(row("".join(map(cell, line))) for line in [COLUMNS, *PEOPLE])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("content.xml", f"<office:body><table:table>{content}</table:table></office:body>")
    put("ods", file.getvalue())


def objects(rows=PEOPLE):
    columns = dict(zip(COLUMNS, zip(*rows)))
    columns = {name: pd.Series(list(cells), dtype=object) for name, cells in columns.items()}
    # A number in their midst: blocks are not in the order of the columns.
    frame = pd.DataFrame({"mail": columns["mail"], "given": columns["given"], "n": range(len(rows))})
    frame = frame.assign(family=columns["family"], user=columns["user"])
    frame.columns = pd.Index(list(frame.columns), dtype=object)
    return frame


def pickles():
    # Names and users alone: addresses are told by the bytes.
    frame = objects()[["given", "n", "family", "user"]]
    texts = frame.astype({column: "str" for column in ["given", "family", "user"]})
    for protocol in [2, 3, 4, 5]:
        put(f"pickle-frame-{protocol}", pickle.dumps(frame, protocol=protocol))
    for protocol in [3, 4, 5]:
        put(f"pickle-frame-texts-{protocol}", pickle.dumps(texts, protocol=protocol))
    for name, what in [("frame", frame), ("frame-texts", texts)]:
        for way, packed in [("", 0), ("-packed", 3)]:
            out = io.BytesIO()
            joblib.dump(what, out, compress=packed)
            put(f"joblib-{name}{way}", out.getvalue())
    put("pickle-columns", pickle.dumps({column: list(frame[column]) for column in frame}))
    put("pickle-rows", pickle.dumps([tuple(row) for row in frame.itertuples(index=False)]))
    put("pickle-array", pickle.dumps(frame[["given", "family"]].to_numpy(dtype=object)))
    crossed = objects([("x", "Kofi", "Lef\u00e8vre", "x"), ("y", "Ann", "Brandt", "y")])
    put("pickle-frame-crossed", pickle.dumps(crossed))
    put("pickle-columns-crossed", pickle.dumps({"given": ["Kofi", "Ann"], "family": ["Lef\u00e8vre", "Brandt"]}))


def statistics():
    frame = objects()
    plain = frame.assign(family=[family.replace("\u00e8", "e") for family in frame["family"]])
    for version, table, long in [(114, frame, None), (117, frame, None), (118, frame, None), (119, frame, None),
                                 (117, frame, ["given", "family"]), (118, frame, ["given", "family"]), (119, frame, ["mail"])]:
        table.to_stata(path("dta"), version=version, write_index=False, convert_strl=long,
                       time_stamp=pd.Timestamp("2026-11-01").to_pydatetime())
        put_file(f"stata-{version}{'-long' if long else ''}", path("dta"))
    # Each cell as wide as its column.
    brim = pd.DataFrame({"a": ["q" * 15], "mail": ["ann@contoso.com"], "b": ["z" * 9]})
    brim.to_stata(path("dta"), version=118, write_index=False,
                  time_stamp=pd.Timestamp("2026-11-01").to_pydatetime())
    put_file("stata-brim", path("dta"))
    for version in [5, 8]:
        pyreadstat.write_xport(frame, path("xpt"), file_format_version=version)
        put_file(f"xport-{version}", path("xpt"))
    for name, packed in [("sav", False), ("zsav", True)]:
        pyreadstat.write_sav(plain, path(name), compress=packed)
        put_file(f"spss-{name}", path(name))
    pyreadstat.write_por(plain, path("por"))
    put_file("spss-por", path("por"))


def sides():
    kinds = [("who", [("given", "U9"), ("family", "U12")]), ("user", "U5")]
    names = [((given, family), user) for _, given, family, user in PEOPLE]
    pairs = [("who", "U12", (2,)), ("user", "U5")]
    rows = [[given, family] for _, given, family, _ in PEOPLE]
    arrays = {"npy-nested": np.array(names, dtype=kinds), "npy-parts": np.array(names, dtype=pairs),
              "npy-sides": np.array(rows)}
    for name, array in arrays.items():
        out = io.BytesIO()
        np.save(out, array)
        put(name, out.getvalue())
    text = "Report of the week\nby Ann Lef\u00e8vre, ann@contoso.com, not joann@contoso.com\n"
    put("ebcdic", text.encode("cp037"))
    put("ebcdic-500", text.encode("cp500"))
    rows = [[str(n), *row] for n, row in enumerate(PEOPLE + OTHERS[:20])]
    table = "\n".join(",".join(row) for row in [["id", *COLUMNS], *rows]) + "\n"
    put("ebcdic-table", table.encode("cp037"))
    put("ebcdic-273", table.encode("cp273"))
    put("ebcdic-records", "".join(f"{g.upper():<10}{f.upper():<14}{n:04}    " for n, (_, g, f, _) in enumerate(PEOPLE)).encode("cp037"))


def more_columns():
    frame = polars.DataFrame(dict(zip(COLUMNS, map(list, zip(*PEOPLE)))))
    for packing in ["uncompressed", "lz4", "zstd"]:
        out = io.BytesIO()
        frame.write_ipc(out, compression=packing)
        put(f"polars-{packing}", out.getvalue())


def buffers():
    notes = np.array([mail for mail, *_ in PEOPLE + OTHERS], dtype="U24")
    codes = np.frombuffer("".join(f"{mail:<24}" for mail, *_ in PEOPLE + OTHERS).encode("utf-32-le"), dtype="<u4")
    for name in ["blosclz", "lz4", "lz4hc", "zlib", "zstd"]:
        for sorting in [numcodecs.Blosc.NOSHUFFLE, numcodecs.Blosc.SHUFFLE, numcodecs.Blosc.BITSHUFFLE]:
            packing = numcodecs.Blosc(name, clevel=5, shuffle=sorting)
            put(f"blosc-{name}-{sorting}", bytes(packing.encode(codes)))
    put("blosc-wide", bytes(numcodecs.Blosc("lz4", shuffle=1).encode(notes)))
    put("blosc-blocks", bytes(numcodecs.Blosc("lz4", shuffle=1, blocksize=4096).encode(codes)))
    put("blosc-copied", bytes(numcodecs.Blosc("lz4", clevel=0).encode(notes[:3])))
    frame = pd.DataFrame(PEOPLE, columns=COLUMNS)
    for name in ["blosc:lz4", "blosc:blosclz", "blosc:zstd"]:
        plain = name.replace(":", "-")
        frame.to_hdf(path(plain), key="people", format="table", complevel=5, complib=name)
        put_file(f"hdf5-{plain}", path(plain))


def keys():
    def database(name, **settings):
        with lmdb.open(path(name), subdir=False, map_size=1 << 20, **settings) as environment:
            with environment.begin(write=True) as transaction:
                for number, row in enumerate(PEOPLE):
                    transaction.put(b"user%d" % number, row[0].encode())
                    transaction.put(row[3].encode(), pickle.dumps(dict(zip(COLUMNS, row))))
                transaction.put(b"long", b"x" * 5000 + b" ann@contoso.com")
        put_file(name, path(name))

    database("lmdb")


def matlab():
    names = np.array([mail for mail, *_ in PEOPLE])
    values = {"mails": names, "one": PEOPLE[1][0], "cells": np.array([row[2] for row in PEOPLE], dtype=object),
              "people": {"mail": names, "count": 3}, "numbers": np.arange(5.0)}
    for packed in [False, True]:
        out = io.BytesIO()
        scipy.io.savemat(out, values, do_compression=packed)
        put(f"matlab-{'packed' if packed else 'plain'}", out.getvalue())


def older_pickles():
    frame = objects()[["given", "n", "family", "user"]]
    names = np.array([[given, family] for _, given, family, _ in PEOPLE])
    kinds = [(column, "U12") for column in COLUMNS[1:]]
    for protocol in [0, 1]:
        put(f"pickle-frame-{protocol}", pickle.dumps(frame, protocol=protocol))
    for protocol in [0, 2, 4, 5]:
        put(f"pickle-names-{protocol}", pickle.dumps(names, protocol=protocol))
        put(f"pickle-names-turned-{protocol}", pickle.dumps(np.asfortranarray(names), protocol=protocol))
        records = np.array([row[1:] for row in PEOPLE], dtype=kinds)
        put(f"pickle-records-{protocol}", pickle.dumps(records, protocol=protocol))
    listed = pd.DataFrame({"user": pd.Categorical([row[3] for row in PEOPLE])})
    put("pickle-categories", pickle.dumps(listed, protocol=4))
    out = io.BytesIO()
    joblib.dump(np.asfortranarray(names), out)
    put("joblib-names-turned", out.getvalue())


def apart():
    """Parts of names in arrays of their own, and arrays that lie by column or hold objects."""
    columns = dict(zip(COLUMNS, zip(*PEOPLE)))
    for name, kind in [("npz", "U12"), ("npz-objects", object)]:
        out = io.BytesIO()
        np.savez(out, **{column: np.array(columns[column], kind) for column in COLUMNS[1:]})
        put(name, out.getvalue())
    names = [[given, family] for _, given, family, _ in PEOPLE]
    for name, array in {"npy-turned": np.asfortranarray(np.array(names)), "npy-objects": np.array(names, object)}.items():
        out = io.BytesIO()
        np.save(out, array)
        put(name, out.getvalue())
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for column in ["given", "family"]:
            file.create_dataset(f"people/{column}", data=columns[column], dtype=h5py.string_dtype())
    put("hdf5-apart", out.getvalue())


def entries():
    """Maps whose keys say whose their values are, and structures in lists."""
    of_text = pa.map_(pa.string(), pa.string())
    table = pa.table({
        "tags": pa.array([[("x", "y"), ("user", row[3])] for row in PEOPLE], of_text),
        "who": [[{"first_name": given, "last_name": family}] for _, given, family, _ in PEOPLE],
    })
    out = io.BytesIO()
    with ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    put("arrow-entries", out.getvalue())
    for packing in ["none", "snappy"]:
        out = io.BytesIO()
        pq.write_table(table, out, compression=packing)
        put(f"parquet-entries-{packing}", out.getvalue())
    texts = {"type": "map", "values": "string"}
    fields = [{"name": "tags", "type": texts}, {"name": "who", "type": {"type": "array", "items": texts}}]
    rows = [{"tags": {"user": user}, "who": [{"given": given, "family": family}]} for _, given, family, user in PEOPLE]
    out = io.BytesIO()
    fastavro.writer(out, {"type": "record", "name": "R", "fields": fields}, rows, codec="deflate", sync_marker=b"s" * 16)
    put("avro-entries", out.getvalue())


def deleted():
    for name, change in {
        "deleted": "delete from people where given = 'Ann'",
        "deleted-all": "delete from people where n > 1",
        "dropped": "drop table people",
    }.items():
        connection = database(name, "secure_delete=0")
        connection.execute("create table people(n integer primary key, given, family, mail)")
        rows = [(given, family, mail) for mail, given, family, _ in PEOPLE]
        connection.executemany("insert into people(given, family, mail) values(?,?,?)", rows)
        connection.execute(change)
        connection.close()
        put_file(f"sqlite-{name}", path(name))


def numbers():
    """GUIDs in sixteen bytes: in messages of `MessagePack`, of CBOR, of protobuf and alone."""
    guid, other = (uuid.UUID(f"6f9619ff-8b86-d011-b42d-00cf4fc964{end}") for end in ["ff", "fe"])
    for name, head in {"msgpack": b"\xc4\x10", "cbor": b"\x50", "protobuf": b"\x0a\x10", "alone": b""}.items():
        for order in ["bytes", "bytes_le"]:
            one = head + getattr(guid, order)
            put(f"guid-{name}-{order}", one if name == "alone" else head + getattr(other, order) + one)


def members():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("in/b.txt", "by ann@contoso.com, not joann@contoso.com\n" + "nobody is here\n" * 40)
    put("zip-lzma", out.getvalue())


sqlite()
arrow()
hdf5()
frames()
columns()
documents()
pictures()
office()
archives()
packs()
opened()
records()
pickles()
statistics()
sides()
more_columns()
buffers()
keys()
matlab()
members()
older_pickles()
apart()
entries()
deleted()
numbers()
