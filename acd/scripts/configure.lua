-- configure QUEUES AGENTS (JSON lists, sorted by name): make these the queues and agents.
local first = remembered()
if first then return first end
local queue_specs, agent_specs = cjson.decode(ARGV[4]), cjson.decode(ARGV[5])

-- Lua compares by the server's locale; names are in the order of their bytes.
local function before(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names, before)
  return names
end

local function configure_queues()
  local all = {}
  for _, name in ipairs(call('HKEYS', QUEUES)) do
    local queue = change(QUEUES, name)
    queue.gone = true
    if call('EXISTS', arrived(name)) == 1 then all[name] = queue else put(QUEUES, name, false) end
  end
  for _, queue in ipairs(queue_specs) do
    all[queue.queue] = queue
    put(QUEUES, queue.queue, queue)
  end
  return all
end

local function remove(who)
  who.gone = true
  if who.state == 'ready' or who.state == 'not_ready' then
    call('ZREM', DEADLINES, 'r:' .. who.agent)
    becomes(who, 'logged_out', 'removed', {})
  elseif who.state == 'logged_out' then
    put(AGENTS, who.agent, false)
  else
    who.after = 'logged_out:removed'
  end
end

local function configure_agent(name, spec, queues, order)
  local who = get(AGENTS, name) or {
    agent = name, site = '', queues = {}, rest = 0, state = 'logged_out', reason = '', since = 0, contact = '',
    queue = '', idle = 0, after = '', gone = false,
  }
  put(AGENTS, name, who)
  if who.state == 'ready' then
    for _, queue in ipairs(who.queues) do call('ZREM', idle(queue), name) end
  end
  local skills = spec and spec.skills or {}
  who.queues = {}
  for _, queue in ipairs(order) do
    if (skills[queues[queue].skill] or 0) >= queues[queue].level then table.insert(who.queues, queue) end
  end
  if not spec then return remove(who) end
  if who.gone then who.gone, who.after = false, '' end
  who.site, who.rest = spec.site, spec.rest
  if who.state == 'ready' then
    for _, queue in ipairs(who.queues) do call('ZADD', idle(queue), who.idle, name) end
  end
end

open()
local queues = configure_queues()
local order = sorted(queues)
local specs = {}
for _, spec in ipairs(agent_specs) do specs[spec.agent] = spec end
local names = {}
for name in pairs(specs) do names[name] = true end
for _, name in ipairs(call('HKEYS', AGENTS)) do names[name] = true end
for _, name in ipairs(sorted(names)) do configure_agent(name, specs[name], queues, order) end
for _, queue in ipairs(order) do touched[queue] = true end
return close()
