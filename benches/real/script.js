// What scripts do: JSON there and back, regular expressions, classes, closures, maps, sorting, typed arrays.
// All that is printed follows from the numbers here.
let seed = 42;
const random = (n) => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff, (seed >>> 8) % n);
const syllables = ["ka", "to", "mi", "re", "su", "no", "li", "va", "en", "or"];
const word = () => Array.from({ length: 1 + random(3) }, () => syllables[random(10)]).join("");

// Records, to JSON and back, and counted.
const records = Array.from({ length: 1500 }, (_, id) => ({
  id, name: word(), tags: [word(), word()], size: { width: random(1000), height: random(1000) }, ratio: id / 8, ok: id % 3 == 0,
}));
const json = JSON.stringify(records);
const back = JSON.parse(json);
const areas = back.filter((r) => r.ok).map(({ name, size: { width, height } }) => [name, width * height]);
const byName = new Map();
for (const [name, area] of areas) byName.set(name, (byName.get(name) ?? 0) + area);
const largest = [...byName].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 5);
console.log(json.length, JSON.stringify(largest));

// Text: a template, regular expressions.
const text = Array.from({ length: 8000 }, word).join(" ");
const doubled = text.match(/\b(\w+) \1\b/g) ?? [];
const turned = text.replace(/(\w)(\w)\b/g, (_, a, b) => b + a.toUpperCase());
const dates = Array.from({ length: 1000 }, (_, i) => `${2000 + (i % 30)}-${String(1 + (i % 12)).padStart(2, "0")}-${String(1 + (i % 28)).padStart(2, "0")}`).join(",");
let days = 0;
for (const { groups } of dates.matchAll(/(?<y>\d{4})-(?<m>\d\d)-(?<d>\d\d)/g)) days += Number(groups.d) * Number(groups.m);
console.log(doubled.length, turned.slice(0, 40), days);

// Classes that call each other: tasks in a queue.
class Task {
  #left;
  constructor(id, left) { this.id = id; this.#left = left; }
  get done() { return this.#left <= 0; }
  step(queue) { this.#left--; return queue.turn ^ this.id; }
}
class Idle extends Task {
  step(queue) { super.step(queue); return (queue.turn & 1) ? 1 : super.step(queue) >>> 1; }
}
class Queue {
  turn = 0;
  tasks = [];
  run() {
    let sum = 0;
    while (this.tasks.length) {
      const task = this.tasks.shift();
      this.turn++;
      sum = (sum + task.step(this)) | 0;
      if (!task.done) this.tasks.push(task);
    }
    return sum;
  }
}
const queue = new Queue();
for (let i = 0; i < 60; i++) queue.tasks.push(i % 3 ? new Task(i, 300) : new Idle(i, 500));
console.log(queue.run(), queue.turn);

// Numbers: a checksum, a sieve, a generator, a big integer.
const table = new Uint32Array(256).map((_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n; });
const bytes = Uint8Array.from({ length: 60000 }, (_, i) => i * 7 + (i >> 5));
let crc = -1;
for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
const sieve = new Uint8Array(40000);
let primes = 0;
for (let i = 2; i < sieve.length; i++) {
  if (sieve[i]) continue;
  primes++;
  for (let k = i * i; k < sieve.length; k += i) sieve[k] = 1;
}
function* walk(tree) { if (tree) { yield* walk(tree.left); yield tree.key; yield* walk(tree.right); } }
let tree = null;
const insert = (node, key) => node ? key < node.key ? { ...node, left: insert(node.left, key) } : { ...node, right: insert(node.right, key) } : { key, left: null, right: null };
for (let i = 0; i < 500; i++) tree = insert(tree, random(100000));
let last = -1, sorted = true;
for (const key of walk(tree)) { sorted &&= key >= last; last = key; }
let big = 1n;
for (let i = 1n; i <= 150n; i++) big *= i;
console.log((crc ^ -1) >>> 0, primes, sorted, last, String(big).length, big % 1000000007n);
