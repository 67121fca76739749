"""Runs the cases of a folder's cases.json on Wasmtime, and writes or compares what they print and how they end.

    python3 expect.py [--check] [--folder FOLDER] [--native FOLDER] [CASE...]

Needs the package `wasmtime` (50.0.1 was used). `expected/NAME.stdout` and `NAME.stderr` (where it is not empty) are
what a case printed, byte for byte; `expected/status.txt` has a line `NAME CODE` for each, CODE being `trap` where
the guest trapped (and its standard error is then the host's business).

A case runs in a fresh folder with an empty folder `dir`, which is the guest's `/` (descriptor 3) unless `dirs` says
otherwise: [host folder, the guest's name for it, "ro" where it may not be changed]. Its other keys: `program` (the
module's name), `args` (after the program's name), `env`, `stdin` (text or {"copy": FILE}; nothing if absent; always a
pipe), and `setup`, made in the fresh folder before: a text is a file, {"link": TARGET} a symbolic link, {"copy": FILE} a
file of the folder of cases.json, null a folder. Of a case with `files` the contents of `dir` afterwards are compared,
too: `expected/NAME.files` has a line for each file, its size, hash (FNV-1a, 64 bits) and path.

With --native, what is compared comes from native programs of the same names in that folder, run in `dir`. What is expected of a case with `by` was written by hand, and is left alone: its
program's head says why. README.md tells more.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).parent


def guest(module, case):
    """In a process of its own, whose streams the guest inherits: runs it and exits as it did."""
    import wasmtime

    config = wasmtime.Config()
    config.wasm_threads = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.argv = [os.path.basename(case["program"])] + case.get("args", [])
    wasi.env = list(case.get("env", {}).items())
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for host, name, *how in case.get("dirs", [["dir", "/"]]):
        wasi.preopen_dir(host, name, "ro" not in how)
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, module))
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as end:
        os._exit(end.code)
    except (wasmtime.Trap, wasmtime.WasmtimeError) as trap:
        print(trap, file=sys.stderr, flush=True)
        os._exit(134)
    os._exit(0)


def prepare(root, case):
    """Makes the folder that a case runs in."""
    (root / "dir").mkdir()
    for path, what in case.get("setup", {}).items():
        path = root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        if what is None:
            path.mkdir(exist_ok=True)
        elif isinstance(what, str):
            path.write_text(what)
        elif "link" in what:
            path.symlink_to(what["link"])
        else:
            path.write_bytes((FOLDER / what["copy"]).read_bytes())


def fnv(content):
    """The hash FNV-1a of some bytes, in 64 bits."""
    value = 0xCBF29CE484222325
    for byte in content:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def left(root):
    """A line for each file that a case left in `dir`."""
    files = sorted((path.relative_to(root / "dir").as_posix(), path) for path in (root / "dir").rglob("*") if path.is_file())
    contents = [(name, path.read_bytes()) for name, path in files]
    return "".join(f"{len(content)} {fnv(content):016x} {name}\n" for name, content in contents).encode()


def run(case, native):
    """What the case printed on both streams, the files that it left, and how it ended."""
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        prepare(root, case)
        stdin = case.get("stdin", "")
        stdin = stdin.encode() if isinstance(stdin, str) else (FOLDER / stdin["copy"]).read_bytes()
        if native:
            command = [case["program"]] + case.get("args", [])
            how = {"executable": f"{native}/{case['program']}", "cwd": root / "dir", "env": case.get("env", {})}
        else:
            module = FOLDER / (case["program"] + ".wasm")
            command = [sys.executable, os.path.abspath(__file__), "--guest", str(module), json.dumps(case)]
            how = {"cwd": root}
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=300, **how)
        trapped = done.returncode in (134, -6)
        files = left(root) if case.get("files") else b""
        return done.stdout, b"" if trapped else done.stderr, files, "trap" if trapped else str(done.returncode)


def main(arguments):
    global FOLDER
    if arguments[:1] == ["--guest"]:
        return guest(arguments[1], json.loads(arguments[2]))
    check = "--check" in arguments
    if "--folder" in arguments:
        at = arguments.index("--folder")
        FOLDER = pathlib.Path(arguments[at + 1])
        del arguments[at : at + 2]
    native = None
    if "--native" in arguments:
        at = arguments.index("--native")
        native = pathlib.Path(arguments[at + 1]).resolve()
        check = True
        del arguments[at : at + 2]
    FOLDER = FOLDER.resolve()
    names = [name for name in arguments if name != "--check"]
    expected = FOLDER / "expected"
    status_file = expected / "status.txt"
    status = dict(line.split() for line in status_file.read_text().splitlines()) if status_file.exists() else {}
    before = dict(status)
    cases = json.loads((FOLDER / "cases.json").read_text())["cases"]
    status = {case["name"]: status[case["name"]] for case in cases if case["name"] in status}
    status.update({case["name"]: "0" for case in cases if case.get("by") == "hand"})
    differing = 0
    for case in cases:
        name = case["name"]
        if (names and name not in names) or case.get("by") == "hand":
            continue
        if native and (case.get("native") is False or not (native / case["program"]).exists()):
            continue
        stdout, stderr, files, code = run(case, native)
        for kind, got in (("stdout", stdout), ("stderr", stderr), ("files", files)):
            file = expected / f"{name}.{kind}"
            if check:
                if (file.read_bytes() if file.exists() else b"") != got:
                    differing += 1
                    print(f"{name}: its {kind} differs")
            elif got or kind == "stdout":
                file.write_bytes(got)
            elif file.exists():
                file.unlink()
        if check and code != before.get(name):
            differing += 1
            print(f"{name}: ended with {code}, expected {before.get(name)}")
        status[name] = code
    if not check:
        lines = [f"{case['name']} {status[case['name']]}\n" for case in cases if case["name"] in status]
        status_file.write_text("".join(lines))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
