"""Runs the cases of a folder's cases.json on Wasmtime, and writes or compares what they print and how they end.

    python3 expect.py [--check] [--folder FOLDER] [CASE...]

Needs the package `wasmtime` (50.0.1 was used). `expected/NAME.stdout` and `NAME.stderr` (where it is not empty) are
what a case printed, byte for byte; `expected/status.txt` has a line `NAME CODE` for each, CODE being `trap` where
the guest trapped (and its standard error is then the host's business).

A case runs in a fresh folder with an empty folder `dir`, which is the guest's `/` (descriptor 3) unless `dirs` says
otherwise: [host folder, the guest's name for it, "ro" where it may not be changed]. Its other keys: `program` (the
module's name), `args` (after the program's name), `env`, `stdin` (text; nothing if absent; always a pipe), and
`setup`, made in the fresh folder before: a text is a file, {"link": TARGET} a symbolic link, {"copy": FILE} a file
of this folder, null a folder. What is expected of a case with `by` was written by hand, and is left alone: its
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


def run(case):
    """What the case printed on both streams, and how it ended."""
    with tempfile.TemporaryDirectory() as root:
        prepare(pathlib.Path(root), case)
        module = FOLDER / (case["program"] + ".wasm")
        command = [sys.executable, os.path.abspath(__file__), "--guest", str(module), json.dumps(case)]
        stdin = case.get("stdin", "").encode()
        done = subprocess.run(command, input=stdin, capture_output=True, cwd=root, timeout=300)
        trapped = done.returncode == 134
        return done.stdout, b"" if trapped else done.stderr, "trap" if trapped else str(done.returncode)


def main(arguments):
    global FOLDER
    if arguments[:1] == ["--guest"]:
        return guest(arguments[1], json.loads(arguments[2]))
    check = "--check" in arguments
    if "--folder" in arguments:
        at = arguments.index("--folder")
        FOLDER = pathlib.Path(arguments[at + 1])
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
        stdout, stderr, code = run(case)
        for kind, got in (("stdout", stdout), ("stderr", stderr)):
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
