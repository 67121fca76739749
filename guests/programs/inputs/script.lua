-- A tour of Lua's libraries whose output is the same on every machine. Nothing here raises an error (see ../src/lua.c).
print(_VERSION, math.type(1), math.type(1.0), 7 // 2, 7 % -3, 2^53, 1e15, 1/0, -1/0, 3 | 8, ~0, 1 << 62)
print(10 / 2, 3.14, 1e100, 0x7fffffffffffffff + 1 == math.mininteger, math.tointeger(3.0), "10" + 5, 10 .. 20)
print(string.format("%5d|%-5d|%05.1f|%x|%q|%s|%g|%a", 42, 42, 3.14159, 255, "a\n\"b\0c", nil, 1e20, 1.0))
print(("hello world"):gsub("o", "0"), ("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("a,b,,c"):find(",,", 1, true))
for word in ("one two  three"):gmatch("%a+") do io.write(word, ";") end
print(("x"):rep(3, "-"), ("abc"):byte(1, -1), ("%d"):rep(2), #"\u{2603}", utf8.char(72, 228, 8364, 128512), utf8.len("häß"))
for _, code in utf8.codes("aé€") do io.write(code, " ") end
print(string.pack("<i4", 100):byte(1, -1), string.unpack(">I2", "\1\2"))

local list = {}
for i = 1, 200 do list[i] = (i * 7919) % 211 end
table.sort(list, function(a, b) return a > b end)
print(#list, table.concat(list, " ", 1, 12), select("#", table.unpack(list, 1, 50)))
table.insert(list, 1, "first")
print(table.remove(list, 1), #list, next({}), rawlen({1, 2, 3}), table.concat(table.move({1, 2, 3}, 1, 3, 2), ","))

local Point = {}
Point.__index = Point
Point.__add = function(a, b) return setmetatable({x = a.x + b.x, y = a.y + b.y}, Point) end
Point.__eq = function(a, b) return a.x == b.x and a.y == b.y end
Point.__tostring = function(p) return "(" .. p.x .. ", " .. p.y .. ")" end
Point.__len, Point.__call = function(p) return p.x * p.x + p.y * p.y end, function(p, by) return p.x * by end
local p, q = setmetatable({x = 1, y = 2}, Point), setmetatable({x = 3, y = 4}, Point)
print(tostring(p + q), p == q, p + q == q + p, #q, q(10))

local function counter()
  local n = 0
  return function() n = n + 1; return n end
end
local a, b = counter(), counter()
print(a(), a(), b(), (function(...) return select("#", ...) end)(nil, nil, 3))

local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(24))
local primes, sieve = {}, {}
for i = 2, 500 do
  if not sieve[i] then
    primes[#primes + 1] = i
    for k = i * i, 500, i do sieve[k] = true end
  end
end
print(#primes, primes[#primes])
for i = 1, 3 do
  for k = 1, 3 do
    if k == 2 then goto next end
    io.write(i, k, " ")
    ::next::
  end
end
print(load("return 6 * 7")(), load("return ...", "chunk", "t", {})(5))
print(math.floor(-3.5), math.ceil(-3.5), math.fmod(-7, 3), math.max(3, 9, 2), math.abs(-4), math.ult(1, -1), math.pi)
print(string.format("%.14g %.17g %.3f", 0.1, 0.1, 2 / 3), tostring(1e16), 2^63, -0.0, math.sqrt(2))

local weak = setmetatable({}, {__mode = "k"})
for i = 1, 100 do weak[{}] = i end
collectgarbage()
print(next(weak), collectgarbage("count") > 0)
local closed = {}
do
  local first <close> = setmetatable({}, {__close = function() closed[#closed + 1] = "first" end})
  local second <close> = setmetatable({}, {__close = function() closed[#closed + 1] = "second" end})
end
print(table.concat(closed, " "))

local file = io.open("notes.txt", "w")
print(io.type(file), file:write("line 1\n", 2, "\n", 3.5, " last") == file)
file:close()
for line in io.lines("notes.txt") do io.write("[", line, "]") end
file = io.open("notes.txt", "r+")
print(file:read("l", "n", "l", "n", "a"))
print(file:seek("set", 2), file:read(3), file:seek("cur"), file:seek("end"))
file:close()
print(os.rename("notes.txt", "other.txt"), io.open("notes.txt"), os.remove("other.txt"), (os.remove("other.txt")))
print(arg[0], arg[1], arg[2], #arg, os.getenv("LUA_TEST"), os.getenv("NONE"))
print(io.read("n"), io.read("l"), io.read("L"), io.read("a"), io.read("a"), io.read("l"))
io.stderr:write("to standard error\n")
os.exit(tonumber(arg[2]))
