"""Runs every case of vectors.json on Wasmtime and compares: python3 verify.py [MODULE...]

Needs the package `wasmtime` (50.0.1 was used). Exits with 1 if a case differs.
"""

import json
import pathlib
import sys

import wasmtime

import drivers

HERE = pathlib.Path(__file__).parent


def main():
    engine = wasmtime.Engine()
    passed = failed = 0
    modules = json.loads((HERE / "vectors.json").read_text())["modules"]
    cases = {module["name"]: module.get("cases") for module in modules}
    for module in modules:
        name = module["name"]
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        memory, driver, host = drivers.DRIVERS[name]
        code = wasmtime.Module.from_file(engine, HERE / module["file"])
        for case in cases[module.get("cases_of", name)]:
            got = driver(drivers.Guest(engine, code, memory, host), case)
            # JSON has no tuples.
            if json.loads(json.dumps(got)) == case["expected"]:
                passed += 1
            else:
                failed += 1
                print(f"{name}: {case['what']}\n  expected {case['expected']}\n  got      {got}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
