// A tour of the language whose output is the same on every machine.
import * as std from "qjs:std";
import * as os from "qjs:os";

class Shape { #sides; constructor(sides) { this.#sides = sides; } get sides() { return this.#sides; } static none = new Shape(0); }
class Square extends Shape { constructor() { super(4); } toString() { return `square of ${this.sides}`; } }
console.log(String(new Square()), Shape.none.sides, [3, 1, 2].toSorted(), { a: 1, ...{ b: [2n, null, undefined] } });
console.log(0.1 + 0.2, 1e21, (123.456).toFixed(1), (255).toString(16), parseInt("12px"), 2n ** 100n, -7 % 3, 1 / -0);
console.log("naïve".normalize("NFD").length, [..."a☃😀"].length, "x".padStart(3, "-"), "aXbX".replaceAll("X", "_"));
console.log("2024-02-29".match(/(?<y>\d{4})-(?<m>\d\d)/).groups.m, /\p{Lu}/u.test("É"), "aBc".replace(/[A-Z]/g, (c) => c.toLowerCase()));
console.log(JSON.stringify({ z: 1, a: [true, "é\n", { d: new Date(0) }] }, null, 1), JSON.parse("[1,{\"x\":2}]")[1].x);
function* naturals() { for (let n = 1; ; n++) yield n; }
console.log([...naturals().filter((n) => n % 3 == 0).take(4)], new Map([[1, "one"]]).get(1), new Set([1, 1, 2]).size);
console.log(new Date(Date.UTC(2000, 1, 29, 12)).toISOString(), Math.hypot(3, 4), Math.clz32(1), Math.fround(0.1));
try { null.x; } catch (error) { console.log(error instanceof TypeError, error.message); }
const proxy = new Proxy({}, { get: (_, name) => `no ${String(name)}` });
console.log(proxy.thing, Reflect.ownKeys({ b: 1, a: 2, 1: 3 }), typeof Symbol.iterator, Object.groupBy([1, 2, 3], (n) => n % 2 ? "odd" : "even"));
const bytes = new Uint8Array(new Float64Array([Math.PI]).buffer);
console.log([...bytes].join(" "), new DataView(bytes.buffer).getInt16(0));
Promise.resolve(1).then((n) => console.log("promise", n));
console.log(await Promise.all([1, Promise.resolve(2)]), (await Promise.allSettled([Promise.reject(3)]))[0].status);
let sum = 0;
for (let i = 0; i < 300000; i++) sum = (sum * 31 + i) | 0;
console.log(sum);

const file = std.open("out.txt", "w+");
file.puts("first line\nsecond line\n");
file.seek(6, std.SEEK_SET);
console.log(file.getline(), file.getline(), file.getline(), file.tell());
file.close();
console.log(std.loadFile("out.txt").length, std.loadFile("missing"), os.readdir(".")[0].sort().join(" "));
console.log(os.rename("out.txt", "moved.txt"), os.stat("moved.txt")[0].size, os.remove("moved.txt"), os.stat("moved.txt")[1] != 0);
console.log(scriptArgs.slice(1).join("|"), std.getenv("JS_TEST"), std.in.getline());
os.setTimeout(() => { console.log("timer"); std.exit(5); }, 10);
