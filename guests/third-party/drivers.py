"""How each module of this folder is called: one driver a module, on Wasmtime's Python package.

A driver takes a module's exports and a case of vectors.json and returns what the module makes of it, in the
form of the case's `expected`. It is the readable statement of a calling convention, for whoever drives
the same module in another way; verify.py runs them all. To add a module, add a function and its row in
DRIVERS.
"""

import hashlib
import struct

import wasmtime
from wasmtime import Func, FuncType



class Guest:
    """An instance, with the host functions it was given by name; the rest do nothing and return 0."""

    def __init__(self, engine, module, memory, host):
        self.store = wasmtime.Store(engine)
        imports = [self._import(item, host) for item in module.imports]
        exports = wasmtime.Instance(self.store, module, imports).exports(self.store)
        self.exports = exports
        self.memory = exports[memory]

    def _import(self, item, host):
        function = host.get(item.name)

        def call(*arguments):
            if function is not None:
                return function(self, *arguments)
            return 0 if item.type.results else None

        return Func(self.store, FuncType(item.type.params, item.type.results), call)

    def __call__(self, name, *arguments):
        return self.exports[name](self.store, *arguments)

    def read(self, start, length):
        start &= 0xFFFFFFFF
        return bytes(self.memory.read(self.store, start, start + length))

    def text(self, start):
        """The text at an address, up to its final zero byte."""
        return self.read(start, 4096).split(b"\0")[0].decode()

    def words(self, start, count):
        return struct.unpack(f"<{count}I", self.read(start, 4 * count))

    def write(self, data, start):
        self.fit(start + len(data))
        self.memory.write(self.store, data, start)
        return start

    def fit(self, size):
        """Grows the memory, if need be, until it has `size` bytes; 1 if that worked."""
        missing = size - self.memory.data_len(self.store)
        if missing > 0:
            self.memory.grow(self.store, (missing + 65535) // 65536)
        return 1

    def put(self, data, allocate, *extra):
        """Writes bytes where the guest's own allocator says."""
        return self.write(data, self(allocate, len(data), *extra) & 0xFFFFFFFF)


def picture(width, height):
    """Four bytes a pixel: a third each of a gradient, noise, and one colour."""
    noise, pixels = 1, bytearray()
    for y in range(height):
        for x in range(width):
            noise = (noise * 1664525 + 1013904223) & 0xFFFFFFFF
            pixels += [
                bytes([x & 255, y & 255, (x + y) & 255, 255]),
                bytes([noise >> 24, 0, noise >> 27, 255]),
                bytes([200, 100, 50, 255]),
            ][x * 3 // width]
    return bytes(pixels)


def plain(value):
    """Bytes of a case: text, hex, a text repeated, the numbers below 251 in turn, or a picture."""
    if isinstance(value, str):
        return value.encode()
    if "hex" in value:
        return bytes.fromhex(value["hex"])
    if "counting" in value:
        return bytes(at % 251 for at in range(value["counting"]))
    if "picture" in value:
        return picture(*value["picture"])
    return value["repeat"].encode() * value["times"]


def digest(data):
    return {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def xxhash(guest, case):
    # No allocator: input at 0, or the state at 0 and the input after it (48 bytes for 32 bits, 88 for 64).
    data, seed, bits = plain(case["input"]), int(case["seed"], 16), case["bits"]
    if bits == 32 and seed >= 1 << 31:
        seed -= 1 << 32
    if "pieces" not in case:
        value = guest(f"xxh{bits}", guest.write(data, 0), len(data), seed)
    else:
        state = 48 if bits == 32 else 88
        guest(f"init{bits}", 0, seed)
        for at in range(0, len(data), case["pieces"]):
            piece = data[at : at + case["pieces"]]
            guest(f"update{bits}", 0, guest.write(piece, state), len(piece))
        value = guest(f"digest{bits}", 0)
    return f"{value & ((1 << bits) - 1):0{bits // 4}x}"


def gofmt(guest, case):
    guest("_initialize")
    guest.put(plain(case["input"]), "alloc")
    status = guest("format")
    output = "" if status == 0 else guest.read(guest("output_ptr"), guest("output_len")).decode()
    guest("dispose")
    return {"status": status, "output": output}


def dprint_json(guest, case):
    def send(text):
        guest.write(text.encode(), guest("clear_shared_bytes", len(text.encode())))

    def receive(length):
        return guest.read(guest("get_shared_bytes_ptr"), length).decode()

    guest("release_config", 1)
    send(case["config"])
    guest("register_config", 1)
    send(case["path"])
    guest("set_file_path")
    send(case["input"])
    status = guest("format", 1)
    output = ""
    if status:
        output = receive(guest("get_formatted_text" if status == 1 else "get_error_text"))
    return {"status": status, "output": output}


def source_map(guest, case):
    rows = []
    guest.found = rows
    data = plain(case["input"])
    handle = guest("parse_mappings", guest.write(data, guest("allocate_mappings", len(data))))
    if handle == 0:
        return {"error": guest("get_last_error")}
    if "look_up" in case:
        line, column = case["look_up"]
        guest("original_location_for", handle, line, column, 1)
    else:
        guest("by_generated_location", handle)
    guest("free_mappings", handle)
    if case.get("digest"):
        lines = "".join(" ".join(map(str, row)) + "\n" for row in rows)
        return {"rows": len(rows), **digest(lines.encode())}
    return rows


def argon2(guest, case):
    def put(data):
        return guest.put(data + b"\0", "f"), len(data)

    guest("d")
    kinds = {"argon2d": 0, "argon2i": 1, "argon2id": 2}
    size = case["length"]
    hash_at = guest("f", size)
    status = guest(
        "l", case["passes"], case["memory_kib"], case["lanes"], *put(plain(case["password"])),
        *put(plain(case["salt"])), hash_at, size, 0, 0, kinds[case["kind"]],
        *put(plain(case["secret"])), *put(plain(case["data"])), 0x13,
    )  # fmt: skip
    return guest.read(hash_at, size).hex() if status == 0 else {"error": guest.text(guest("i", status))}


def blake3(guest, case):
    guest("e")
    data, size = plain(case["input"]), case["length"]
    output = guest("h", size)
    if case["call"] == "one shot":
        guest("f", guest.put(data, "h"), len(data), output, size)
        return guest.read(output, size).hex()
    if case["call"] == "keyed":
        hasher = guest("j", guest.put(plain(case["key"]), "h"))
    elif case["call"] == "derive":
        context = plain(case["context"])
        hasher = guest("k", guest.put(context, "h"), len(context))
    else:
        hasher = guest("i", 0)
    for at in range(0, len(data), case["pieces"]):
        piece = data[at : at + case["pieces"]]
        guest("l", hasher, guest.put(piece, "h"), len(piece))
    # A copy is finished: the place to read from is 64 bits wide, the high half first.
    guest("m", guest("g", hasher), int(case["at"], 16) >> 32, int(case["at"], 16) & 0xFFFFFFFF, output, size)
    return guest.read(output, size).hex()


def zstd(guest, case):
    guest("g")
    data = plain(case["input"])
    source = guest.put(data, "s")
    if case["call"] == "compress":
        room = guest("i", len(data))
        target = guest("s", room)
        size = guest("m", target, room, source, len(data), case["level"])
    else:
        target = guest("s", case["room"])
        size = guest("r", target, case["room"], source, len(data))
    if guest("h", size):
        return {"error": True}
    return digest(guest.read(target, size))


def llhttp(guest, case):
    guest("_initialize")
    guest.found = []
    parser = guest("llhttp_alloc", 1 if case["kind"] == "request" else 2)
    data = plain(case["input"])
    status = guest("llhttp_execute", parser, guest.put(data, "malloc"), len(data))
    found = guest.found
    if case["kind"] == "request" and status == 0:
        found.insert(0, ["method", guest.text(guest("llhttp_method_name", guest("llhttp_get_method", parser)))])
    if status:
        found.append(["error", guest.text(guest("llhttp_errno_name", status))])
    guest("llhttp_free", parser)
    return found


def brotli(guest, case):
    data = plain(case["input"])
    answer = guest("__wbindgen_add_to_stack_pointer", -16)
    source = guest.put(data, "__wbindgen_malloc")
    # Compressing takes a JavaScript object of options: 0 stands for `undefined`, and the host says so.
    guest(case["call"], answer, source, len(data), *([0] if case["call"] == "compress" else []))
    start, length, _, failed = guest.words(answer, 4)
    guest("__wbindgen_add_to_stack_pointer", 16)
    return {"error": guest.message} if failed else digest(guest.read(start, length))


def onig(guest, case):
    constants = guest.constants = {}
    guest("__wasm_call_ctors")
    guest("_embind_initialize_bindings")
    patterns = [plain(pattern) for pattern in case["patterns"]]
    places = b"".join(struct.pack("<I", guest.put(pattern, "omalloc")) for pattern in patterns)
    lengths = b"".join(struct.pack("<I", len(pattern)) for pattern in patterns)
    scanner = guest(
        "createOnigScanner", guest.put(places, "omalloc"), guest.put(lengths, "omalloc"), len(patterns),
        constants["ONIG_OPTION_CAPTURE_GROUP"], constants["ONIG_SYNTAX_DEFAULT"],
    )  # fmt: skip
    if scanner == 0:
        return {"error": guest.text(guest("getLastOnigError"))}
    data = plain(case["input"])
    at = guest.put(data, "omalloc")
    found, start = [], 0
    while start <= len(data):
        # The number tells this text from others: results are cached by it.
        place = guest("findNextOnigScannerMatch", scanner, 1, at, len(data), start, 256)
        if place == 0:
            break
        pattern, groups = guest.words(place, 2)
        spans = guest.words(place + 8, 2 * groups)
        found.append([pattern, *spans])
        start = max(spans[1], start + 1)
    guest("freeOnigScanner", scanner)
    return found


# struct WebPConfig as the package fills it in.
WEBP = {
    "quality": 75.0, "target_size": 0, "target_PSNR": 0.0, "method": 4, "sns_strength": 50,
    "filter_strength": 60, "filter_sharpness": 0, "filter_type": 1, "partitions": 0, "segments": 4,
    "pass": 1, "show_compressed": 0, "preprocessing": 0, "autofilter": 0, "partition_limit": 0,
    "alpha_compression": 1, "alpha_filtering": 1, "alpha_quality": 100, "lossless": 0, "exact": 0,
    "image_hint": 0, "emulate_jpeg_size": 0, "thread_level": 0, "low_memory": 0,
    "near_lossless": 100, "use_delta_palette": 0, "use_sharp_yuv": 0,
}  # fmt: skip


def webp(guest, case):
    guest.fields = {}
    guest("y")
    table = guest.exports["D"]

    def call(index, *arguments):
        return table.get(guest.store, index)(guest.store, *arguments)

    config = call(guest.constructor)
    for name, (setter, context) in guest.fields.items():
        call(setter, context, config, case["options"].get(name, WEBP[name]))
    data = plain(case["input"])
    source = guest.put(struct.pack("<I", len(data)) + data, "z")
    encode, function = guest.encode
    value = call(encode, function, source, case["width"], case["height"], config)
    return digest(guest.output) if value == OUTPUT else {"error": value}


def oxipng(guest, case):
    data = plain(case["input"])
    answer = guest("__wbindgen_add_to_stack_pointer", -16)
    guest("optimise", answer, guest.put(data, "__wbindgen_malloc", 1), len(data), case["level"], 0, 0)
    start, length = guest.words(answer, 2)
    return {"hex": guest.read(start, length).hex()}


def rollup(guest, case):
    guest("__wbindgen_start")
    data = plain(case["input"])
    answer = guest("__wbindgen_add_to_stack_pointer", -16)
    if case["call"] == "parse":
        guest("parse", answer, guest.put(data, "__wbindgen_export2", 1), len(data), 0, 0, 0)
        return digest(guest.read(*guest.words(answer, 2)))
    guest(case["call"], answer, data)
    return guest.read(*guest.words(answer, 2)).decode()


# What the hosts' functions do, by name of the import.


def _found(name):
    def function(guest, _parser, start, length):
        guest.found.append([name, guest.read(start, length).decode()])
        return 0

    return function


def _headers_complete(guest, _parser, status, upgrade, keep_alive):
    guest.found.append(["headers complete", status, upgrade, keep_alive])
    return 0


def _message_complete(guest, _parser):
    guest.found.append(["message complete"])
    return 0


def _copy(guest, target, source, length):
    guest.write(guest.read(source, length), target)
    return target


def _constant(guest, name, _type, value):
    guest.constants[guest.text(name)] = int(value)


def _constructor(guest, _type, name, _signature, constructor, *_destructor):
    guest.constructor = constructor


def _field(guest, _type, name, *row):
    setter, context = row[-2:]
    guest.fields[guest.text(name)] = (setter, context)


def _function(guest, name, _count, _types, _signature, invoker, function, _async):
    if guest.text(name) == "encode":
        guest.encode = (invoker, function)


# The number that the host gives to the array of what was encoded; 1 to 4 have a meaning in embind.
OUTPUT = 6


def _new(guest, _class, _count, _types, arguments):
    length, start = guest.words(arguments, 2)
    guest.output = guest.read(start, length)
    return OUTPUT


def _externrefs(guest):
    table = guest.exports["__wbindgen_externrefs"]
    for index, value in [(0, None), (1024, None), (1025, None), (1026, True), (1027, False)]:
        table.set(guest.store, index, value)


def _message(guest, start, length):
    guest.message = guest.read(start, length).decode()
    return 36


ARGON2 = ("c", argon2, {"a": _copy, "b": lambda guest, size: guest.fit(size & 0xFFFFFFFF)})
LLHTTP = (
    "memory",
    llhttp,
    {
        "wasm_on_url": _found("url"),
        "wasm_on_status": _found("status"),
        "wasm_on_header_field": _found("header field"),
        "wasm_on_header_value": _found("header value"),
        "wasm_on_body": _found("body"),
        "wasm_on_headers_complete": _headers_complete,
        "wasm_on_message_complete": _message_complete,
    },
)

# For each module: its memory's export, its driver, its host functions.
DRIVERS = {
    "xxhash": ("mem", xxhash, {}),
    "gofmt": ("memory", gofmt, {}),
    "dprint-json": ("memory", dprint_json, {}),
    "source-map": (
        "memory",
        source_map,
        {"mapping_callback": lambda guest, *row: guest.found.append(list(row))},
    ),
    "argon2": ARGON2,
    "argon2-simd": ARGON2,
    "blake3": (
        "d",
        blake3,
        {
            "a": lambda guest, size: guest.fit(size & 0xFFFFFFFF),
            "b": lambda guest, *three: _copy(guest, *three) and None,
        },
    ),
    "zstd": ("f", zstd, {"e": lambda guest, size: guest.fit(size & 0xFFFFFFFF)}),
    "llhttp": LLHTTP,
    "llhttp-simd": LLHTTP,
    "brotli": (
        "memory",
        brotli,
        {
            "__wbindgen_is_undefined": lambda guest, handle: int(handle == 0),
            "__wbindgen_error_new": _message,
            "__wbindgen_string_new": _message,
        },
    ),
    "onig": (
        "memory",
        onig,
        {
            "emscripten_memcpy_big": lambda guest, *three: _copy(guest, *three) and None,
            "emscripten_resize_heap": lambda guest, size: guest.fit(size & 0xFFFFFFFF),
            "_embind_register_constant": _constant,
            "emscripten_get_now": lambda guest: 0.0,
        },
    ),
    "webp": (
        "x",
        webp,
        {
            "n": _constructor,
            "a": _field,
            "f": _function,
            "v": _new,
            "r": lambda guest, *three: _copy(guest, *three) and None,
            "p": lambda guest, size: guest.fit(size & 0xFFFFFFFF),
        },
    ),
    "oxipng": ("memory", oxipng, {}),
    "rollup": (
        "memory",
        rollup,
        {
            "__wbindgen_init_externref_table": _externrefs,
            "__wbg_length_186163212ffe79c3": lambda guest, data: len(data),
            "__wbg_prototypesetcall_13162965d1fe7aa3": lambda guest, start, length, data: guest.write(
                data[:length], start
            )
            and None,
        },
    ),
}
