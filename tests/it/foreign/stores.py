"""Writes tests/it/stores/files.txt: small files of the stores that data scientists use, each by its own
library. In most of them Ann stands among others, in the columns `mail`, `given`, `family` and
`user`; Joann, who is nobody's concern, always stands beside her.

    python3 -m venv v && v/bin/pip install pyarrow h5py lz4 python-snappy
    v/bin/python tests/it/foreign/stores.py > tests/it/stores/files.txt
"""

import base64
import io
import os
import shutil
import sqlite3
import tempfile
import zlib

import h5py
import lz4.frame
import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import snappy

FOLDER = tempfile.mkdtemp()
PEOPLE = [
    ("kofi@contoso.com", "Kofi", "Brandt", "kofi"),
    ("ann@contoso.com", "Ann", "Lefèvre", "ann"),
    ("joann@contoso.com", "Joann", "Lefèvre-Roy", "joann"),
]
COLUMNS = ["mail", "given", "family", "user"]


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


sqlite()
arrow()
hdf5()
frames()
