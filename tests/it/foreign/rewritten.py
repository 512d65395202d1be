"""Documents that name Ann, written by the libraries of their formats (make), and what is left of
them once she was taken out, read by the same (judge): nothing but her values may differ.
"""
import ast, bz2, configparser, csv, email.message, email.policy, io, json, lzma, os, random, sqlite3, sys, tarfile
import tomllib, xml.etree.ElementTree as tree
import yaml

HERS = ["ann@contoso.com", "by ann@contoso.com", "ann@contoso.com (v2)", 70042917]
OTHERS = ["kofi", "it's: fine", "# 5", "a, b", "- x", "[y]", "{z", "", "a\nb\n", "yes", 3, 1.5, True, None]


def value(pick, depth, simple=False):
    kind = pick.random()
    if depth and kind < 0.25:
        return [value(pick, depth - 1, simple) for _ in range(pick.randrange(4))]
    if depth and kind < 0.6:
        keys = pick.sample(["a", "b c", "d-e", "ann@contoso.com", "of ann@contoso.com", "1"], pick.randrange(1, 5))
        return {key: value(pick, depth - 1, simple) for key in keys}
    one = pick.choice(HERS if kind > 0.8 else OTHERS)
    return str(one).replace("\n", " ") if simple else one


def toml(table, path=""):
    written = "".join(f"{json.dumps(key)} = {json.dumps(one)}\n" for key, one in table.items()
                      if not isinstance(one, dict) and one is not None and "None" not in repr(one)
                      and not isinstance(one, list))
    for key, one in table.items():
        if isinstance(one, dict):
            inner = f"{path}{json.dumps(key)}"
            written += f"[{inner}]\n" + toml(one, inner + ".")
    return written


def make(folder):
    pick = random.Random(7)

    def write(name, content):
        content = content if isinstance(content, bytes) else content.encode()
        open(os.path.join(folder, name), "wb").write(content)

    for number in range(40):
        root = {"who": value(pick, 3), "x": value(pick, 2), "of": pick.choice(HERS)}
        style = [{}, {"default_flow_style": True}, {"default_style": '"'}, {"default_style": "'"},
                 {"width": 20}, {"indent": 4}][number % 6]
        write(f"{number}.yaml", yaml.safe_dump(root, allow_unicode=True, sort_keys=False, **style))
        write(f"{number}.json", json.dumps(root, indent=number % 3 or None))
        write(f"{number}.py", f"# by ann@contoso.com\nimport os\nROOT = {root!r}\nID = 70042917\n")
        write(f"{number}.toml", toml({"id": 70042917, "x": "y"} | root))
        rows = [[value(pick, 0) for _ in range(4)] for _ in range(5)]
        table = io.StringIO()
        csv.writer(table).writerows(rows)
        write(f"{number}.csv", table.getvalue())
        ini = configparser.ConfigParser(interpolation=None)
        ini.read_dict({"a": {"k": value(pick, 0, True), "ann@contoso.com": "1", "x.ann@contoso.com": "2"},
                       "of ann@contoso.com": {"k": value(pick, 0, True)}})
        written = io.StringIO()
        ini.write(written)
        write(f"{number}.ini", written.getvalue())
        base = sqlite3.connect(":memory:")
        base.execute("create table t (a, b, c)")
        base.executemany("insert into t values (?, ?, ?)", [row[:3] for row in rows])
        write(f"{number}.sql", "\n".join(base.iterdump()) + "\n")
        base.execute("create index i on t (b, a)")
        base.commit()
        write(f"{number}.db", base.serialize())
        top = tree.Element("a", {"by": "ann@contoso.com", "n": "70042917"})
        tree.SubElement(top, "b").text = str(value(pick, 0))
        top.tail = "\n"
        write(f"{number}.xml", tree.tostring(top))
        mail = email.message.EmailMessage()
        mail["Subject"] = f"für Ann Lefèvre heute {'x' * number}"
        mail.set_content("Grüße an ann@contoso.com, " + "und mehr " * number)
        write(f"{number}.eml", mail.as_bytes())
    for kind, pack in [("tar", bytes), ("tar.xz", lzma.compress), ("tar.bz2", bz2.compress)]:
        for style in [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]:
            raw = io.BytesIO()
            with tarfile.open(fileobj=raw, mode="w", format=style) as archive:
                for name, content in [("Users/ann/a.txt", b"by ann@contoso.com"), ("n" * 120, b"x" * 600),
                                      ("m" * 130 + "/ann@contoso.com", b""), ("z.bin", bytes(700))]:
                    member = tarfile.TarInfo(name)
                    member.size, member.mtime, member.mode, member.uname = len(content), 5.5, 0o640, "root"
                    archive.addfile(member, io.BytesIO(content))
            write(f"{style}.{kind}", pack(raw.getvalue()))


def parse(name, raw):
    kind = name.split(".", 1)[1]
    if kind == "yaml":
        return yaml.safe_load(raw)
    if kind == "json":
        return json.loads(raw)
    if kind == "py":
        return [ast.literal_eval(one.value) for one in ast.parse(raw).body if isinstance(one, ast.Assign)]
    if kind == "toml":
        return tomllib.loads(raw.decode())
    if kind == "csv":
        return list(csv.reader(io.StringIO(raw.decode())))
    if kind == "ini":
        ini = configparser.ConfigParser(interpolation=None)
        ini.read_string(raw.decode())
        return {name: dict(ini[name]) for name in ini}
    if kind == "sql":
        base = sqlite3.connect(":memory:")
        base.executescript(raw.decode())
        return [list(row) for row in base.execute("select * from t")]
    if kind == "db":
        base = sqlite3.connect(":memory:")
        base.deserialize(raw)
        assert list(base.execute("pragma integrity_check")) == [("ok",)]
        return [list(row) for row in base.execute("select rowid, * from t")]
    if kind == "xml":
        top = tree.fromstring(raw)
        return [[one.tag, dict(one.attrib), one.text] for one in top.iter()]
    if kind == "eml":
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        return [str(mail["subject"]), mail.get_content()]
    unpacked = {"tar": bytes, "tar.xz": lzma.decompress, "tar.bz2": bz2.decompress}[kind](raw)
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        return [[one.name, one.mode, one.mtime, archive.extractfile(one).read()] for one in archive]


def differ(before, after, place=""):
    hers = lambda one: any(sign in str(one) for sign in ("ann@contoso.com", "Ann Lef", "/ann/", "70042917"))
    marked = lambda one: "erased" in str(one)
    if isinstance(before, dict) and isinstance(after, dict):
        if len(before) != len(after):
            return [f"{place}: {list(before)} became {list(after)}"]
        keys = [f"{place}: {one} became {other}" for one, other in zip(before, after)
                if one != other and not (hers(one) and marked(other))]
        return keys + [each for one, other in zip(before, after)
                       for each in differ(before[one], after[other], f"{place}/{other}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [each for at, (one, other) in enumerate(zip(before, after)) for each in differ(one, other, f"{place}/{at}")]
    if hers(before):
        return [] if marked(after) and not hers(after) and isinstance(after, (str, bytes)) else [f"{place}: {after!r}"]
    return [] if before == after else [f"{place}: {before!r} became {after!r}"]


def judge(before, after):
    for name in sorted(os.listdir(before)):
        try:
            known = parse(name, open(os.path.join(before, name), "rb").read())
        except tomllib.TOMLDecodeError:
            continue
        try:
            found = differ(known, parse(name, open(os.path.join(after, name), "rb").read()))
        except Exception as error:
            found = [f"{type(error).__name__} {error}"]
        for one in found[:3]:
            print(f"{name}: {one}")


make(*sys.argv[2:]) if sys.argv[1] == "make" else judge(*sys.argv[2:])
