"""The tables of a corpus file. Rows are only ever inserted, so a reader never sees one change."""

SCHEMA = 1
"""Kept in `user_version` and in `meta`; a file with a larger one was written by a newer execfeedback."""

APPLICATION_ID = 0x45584642
"""`EXFB` in the header of the file: how we know one of ours."""

TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE runs (run INTEGER PRIMARY KEY, started REAL NOT NULL, config TEXT NOT NULL) STRICT",
    """CREATE TABLE calls (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, model TEXT NOT NULL, cost_usd REAL,
        tokens_in INTEGER, tokens_out INTEGER, body TEXT NOT NULL) STRICT""",
    """CREATE TABLE trajectories (
        id TEXT PRIMARY KEY, problem TEXT NOT NULL, sample INTEGER NOT NULL, stopped TEXT NOT NULL,
        attempts INTEGER NOT NULL, body TEXT NOT NULL) STRICT""",
    """CREATE TABLE attempts (
        trajectory TEXT NOT NULL, n INTEGER NOT NULL, verdict TEXT NOT NULL, reasons TEXT NOT NULL,
        cpu_s REAL NOT NULL, wall_s REAL NOT NULL, memory_peak_mb REAL NOT NULL,
        environment TEXT NOT NULL, PRIMARY KEY (trajectory, n)) STRICT""",
    "CREATE TABLE units (unit TEXT PRIMARY KEY, trajectory TEXT NOT NULL) STRICT",
    "CREATE TABLE examinations (unit TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT",
    """CREATE TABLE admissions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, unit TEXT NOT NULL UNIQUE, trajectory TEXT NOT NULL,
        record TEXT, rejection TEXT, keys TEXT NOT NULL) STRICT""",
    """CREATE TABLE gate_results (
        trajectory TEXT NOT NULL, gate TEXT NOT NULL, version TEXT NOT NULL, passed INTEGER NOT NULL,
        reason TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (trajectory, gate, version)) STRICT""",
    """CREATE TABLE records (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, trajectory TEXT NOT NULL,
        problem TEXT NOT NULL, solution TEXT NOT NULL, origin TEXT NOT NULL, attempts INTEGER NOT NULL,
        style TEXT NOT NULL, difficulty TEXT, source TEXT, body TEXT NOT NULL) STRICT""",
    "CREATE TABLE tags (record TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (record, tag)) STRICT",
    """CREATE TABLE rejections (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, trajectory TEXT NOT NULL,
        problem TEXT NOT NULL, reason TEXT NOT NULL, body TEXT NOT NULL) STRICT""",
    "CREATE TABLE environments (digest TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT",
    """CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL,
        body TEXT NOT NULL) STRICT""",
)
