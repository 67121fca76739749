-- What scripts do: words counted, tables sorted, text taken apart and put together, objects that call each other.
-- All that is printed follows from the numbers here; nothing depends on the order in which a table is walked.
local seed = 42
local function random(n)
  seed = (seed * 1103515245 + 12345) & 0x7fffffff
  return (seed >> 8) % n + 1
end

-- Words, counted and sorted.
local syllables = {"ka", "to", "mi", "re", "su", "no", "li", "va", "en", "or"}
local words = {}
for i = 1, 12000 do
  local parts = {}
  for k = 1, random(3) do parts[k] = syllables[random(#syllables)] end
  words[i] = table.concat(parts)
end
local text = table.concat(words, " ")
local counts = {}
for word in text:gmatch("%a+") do counts[word] = (counts[word] or 0) + 1 end
local order = {}
for word in pairs(counts) do order[#order + 1] = word end
table.sort(order, function(a, b)
  if counts[a] ~= counts[b] then return counts[a] > counts[b] end
  return a < b
end)
for i = 1, 10 do print(order[i], counts[order[i]]) end

-- Patterns and replacements.
local replaced, times = text:gsub("(%a)(%a)%f[%A]", "%2%1")
print(#replaced, times, replaced:sub(1, 60))
local lines = {}
for i = 1, 2000 do lines[i] = string.format("%05d;%s;%8.3f;%x", i, words[i], i / 7, i * i) end
local sum, hex = 0, 0
for _, line in ipairs(lines) do
  local number, _, fraction, digits = line:match("^(%d+);(%a+);%s*([%d.]+);(%x+)$")
  sum = sum + tonumber(fraction)
  hex = hex ~ tonumber(digits, 16) * tonumber(number)
end
print(string.format("%.3f %d", sum, hex))

-- Objects: accounts of two kinds behind one interface.
local Account = {}
Account.__index = Account
function Account.new(balance) return setmetatable({balance = balance, log = {}}, Account) end
function Account:add(amount)
  self.balance = self.balance + amount
  if #self.log < 50 then self.log[#self.log + 1] = amount end
  return self
end
local Limited = setmetatable({}, {__index = Account})
Limited.__index = Limited
function Limited.new(balance) return setmetatable(Account.new(balance), Limited) end
function Limited:add(amount)
  if self.balance + amount < 0 then return self end
  return Account.add(self, amount)
end
local accounts = {}
for i = 1, 200 do accounts[i] = (i % 2 == 0 and Account or Limited).new(i) end
for i = 1, 120000 do accounts[i % 200 + 1]:add(random(100) - 51) end
local total, logged = 0, 0
for _, account in ipairs(accounts) do
  total, logged = total + account.balance, logged + #account.log
end
print(total, logged)

-- Closures and recursion.
local function compose(f, g) return function(x) return g(f(x)) end end
local f = function(x) return x end
for i = 1, 40 do f = compose(f, function(x) return (x * 31 + i) & 0xffff end) end
local mixed = 0
for i = 1, 2500 do mixed = mixed ~ f(i) end
local function queens(n, row, columns, up, down)
  if row > n then return 1 end
  local found = 0
  for c = 1, n do
    if not (columns[c] or up[row + c] or down[row - c + n]) then
      columns[c], up[row + c], down[row - c + n] = true, true, true
      found = found + queens(n, row + 1, columns, up, down)
      columns[c], up[row + c], down[row - c + n] = nil, nil, nil
    end
  end
  return found
end
print(mixed, queens(7, 1, {}, {}, {}))
