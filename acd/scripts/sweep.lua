-- sweep RUN AGENTS SLOTS (JSON lists of names): who is configured no longer goes.
local first = remembered()
if first then return first end
local run = call('HGET', META, 'run') or ''
if run ~= ARGV[4] then return refuse('OVERTAKEN configuration ' .. ARGV[4] .. ' was overtaken by ' .. run) end

-- Lua compares by the server's locale; names are in the order of their bytes.
local function in_order(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local SPECS = PREFIX .. 'specs'
local agents, stay, gone = {}, {}, {}
for _, name in ipairs(cjson.decode(ARGV[5])) do agents[name], stay[name] = true, true end
for _, name in ipairs(cjson.decode(ARGV[6])) do stay[name] = true end
for _, name in ipairs(call('HKEYS', PREFIX .. 'put')) do stay[name] = true end
open()
for _, name in ipairs(call('HKEYS', SPECS)) do
  if not agents[name] then call('HDEL', SPECS, name) end
end
for _, name in ipairs(call('HKEYS', AGENTS)) do
  if not stay[name] then gone[#gone + 1] = name end
end
table.sort(gone, in_order)
for _, name in ipairs(gone) do remove(get(AGENTS, name)) end
return close()
