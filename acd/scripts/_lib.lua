-- What stands around every command, and the state of a tenant; acd/tenant.py is the same function by function. The
-- loader puts the constants (NODE_LEASE_MS, ...) before this, the other libraries and one command's file after it.
-- KEYS: always the same, in the order of acd/keys.py. ARGV: now ('' for the server's clock), command id ('' for none),
-- the node that calls, then the command's own. Nothing is written before open().
local META, QUEUES, AGENTS, ENTRIES, LEASES, DEADLINES, EVENTS, ANSWERS, ANSWERS_OLD = unpack(KEYS)
local PREFIX = string.sub(META, 1, -5)
local TIMERS, STAFF, ESTIMATES = PREFIX .. 'timers', PREFIX .. 'staff', PREFIX .. 'estimates'
local TENANT = string.match(META, '{(.-)}')
local COMMAND, NODE = ARGV[2], ARGV[3]
local REASON_AFTER = { lease_expired = 'no_answer', error = 'unreachable' }

local call = redis.call
local clock, now = {}, 0
local told, touched, hoping, hoped = {}, {}, {}, {}
local becomes
local callbacks = {}
local kept = { [QUEUES] = {}, [AGENTS] = {}, [ENTRIES] = {}, [LEASES] = {}, [ESTIMATES] = {} }
local changed = { [QUEUES] = {}, [AGENTS] = {}, [ENTRIES] = {}, [LEASES] = {}, [ESTIMATES] = {} }

local function refuse(text)
  return redis.error_reply(text)
end

-- The first answer to this command, if it was done before. Writes a little, so that a WAIT after it waits for something.
local function remembered()
  if COMMAND == '' then return false end
  local first = call('HGET', ANSWERS, COMMAND) or call('HGET', ANSWERS_OLD, COMMAND)
  if first then call('HINCRBY', META, 'repeats', 1) end
  return first
end

local function read_clock()
  local meta = call('HMGET', META, 'now', 'seq', 'fence', 'idle', 'renewed', 'turned')
  clock = {
    now = tonumber(meta[1]) or 0, seq = tonumber(meta[2]) or 0, fence = tonumber(meta[3]) or 0,
    idle = tonumber(meta[4]) or 0, renewed = tonumber(meta[5]) or 0, turned = tonumber(meta[6]) or 0,
  }
  now = tonumber(ARGV[1])
  if not now then
    local time = call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  if now < clock.now then now = clock.now end
end

-- Records: one JSON object each, read once, written once by close().
local function get(hash, id)
  local record = kept[hash][id]
  if record == nil then
    local text = call('HGET', hash, id)
    record = text and cjson.decode(text)
    kept[hash][id] = record
  end
  return record
end

local function put(hash, id, record)
  kept[hash][id] = record
  changed[hash][id] = true
end

local function change(hash, id)
  changed[hash][id] = true
  return get(hash, id)
end

-- Whose caller one of that site is now. Where there are sites, one of none of them is nobody's, and has all.
local SITES, MERGERS_MOST = PREFIX .. 'sites', 8
local function home(site)
  local text = call('HGET', SITES, site)
  for _ = 1, MERGERS_MOST do
    local into = text and cjson.decode(text).into or ''
    if into == '' then break end
    site = into
    text = call('HGET', SITES, site)
  end
  return (text or call('HLEN', SITES) == 0) and site or ''
end

local function waiting(queue) return PREFIX .. 'waiting:' .. queue end
local function open_to(pool) return PREFIX .. 'open:' .. pool end
local function idle(pool) return PREFIX .. 'idle:' .. pool end
local function arrived(queue) return PREFIX .. 'arrived:' .. queue end
local function asked(queue) return PREFIX .. 'asked:' .. queue end
local function promised(queue) return PREFIX .. 'promised:' .. queue end
local function held(node) return PREFIX .. 'held:' .. node end
local function numbers(queue) return PREFIX .. 'numbers:' .. queue end

local function head(key)
  local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return first[1], tonumber(first[2])
end

-- The first `most` members from that score on, and whoever stands at the same score as the last of them; then the score
-- to go on from, FROM_THE_FIRST when these were the last.
local function onwards(key, score, most)
  local flat = call('ZRANGEBYSCORE', key, string.format('%.0f', score), '+inf', 'WITHSCORES', 'LIMIT', 0, most)
  local some, known = {}, {}
  for i = 1, #flat, 2 do
    some[#some + 1] = flat[i]
    known[flat[i]] = true
  end
  if #some < most then return some, FROM_THE_FIRST end
  local last = flat[#flat]
  for _, member in ipairs(call('ZRANGEBYSCORE', key, last, last)) do
    if not known[member] then some[#some + 1] = member end
  end
  return some, tonumber(last) + 1
end

local function contact_of(member)
  return string.sub(member, 14)
end

-- Events

local function write_event(kind, event)
  event.kind, event.v, event.at_ms, event.tenant = kind, '1', now, TENANT
  for name, value in pairs(event) do event[name] = tostring(value) end
  call('XADD', EVENTS, 'MAXLEN', '~', EVENTS_MOST, '*', 'e', cjson.encode(event))
end

-- An event of no contact.
local function announce(kind, event)
  event.node, event.contact = NODE, ''
  write_event(kind, event)
end

local function emit(kind, entry, event)
  event.node, event.contact = entry.node, entry.contact
  write_event(kind, event)
end

local function of(lease, event)
  event.offer, event.queue, event.agent, event.site = lease.offer, lease.queue, lease.agent, lease.site
  return event
end

-- No longer configured, and empty.
local function is_over(queue)
  return queue.gone and call('EXISTS', arrived(queue.queue), asked(queue.queue), promised(queue.queue)) == 0
end

-- Before the first change.

local function renewed(member)
  local lease = string.sub(member, 1, 1) == 'o' and get(LEASES, string.sub(member, 3))
  local till = clock.renewed + (lease and lease.rings + OFFER_GRACE_MS or NODE_LEASE_MS)
  if till <= now then return false end
  if lease then
    till = math.max(till, lease.deadline)
    lease.deadline = till
    changed[LEASES][lease.offer] = true
  end
  call('ZADD', DEADLINES, till, member)
  return true
end

local function open()
  read_clock()
  local previous = clock.now
  clock.now = now
  if now - previous > GAP_MS then clock.renewed = now end
end

-- Who is there: `t:POOL` how many of its agents are logged in, `w:POOL` how many of those are not on a break.

local function add(name, number)
  if number ~= 0 and call('HINCRBY', STAFF, name, number) == 0 then call('HDEL', STAFF, name) end
end

local function is_there(state) return state ~= 'logged_out' and 1 or 0 end
local function is_working(state) return state ~= 'logged_out' and state ~= 'not_ready' and 1 or 0 end

local function count_in(pools, before, after)
  local there, working = is_there(after) - is_there(before), is_working(after) - is_working(before)
  if there == 0 and working == 0 then return end
  for pool in pairs(pools) do
    add('t:' .. pool, there)
    add('w:' .. pool, working)
  end
end

local function count(who, before, after)
  for _, pools in pairs(who.pools) do count_in(pools, before, after) end
end

local function there(pools)
  local most, at_work = 0, 0
  for _, pool in ipairs(pools) do
    local found = call('HMGET', STAFF, 't:' .. pool, 'w:' .. pool)
    most = math.max(most, tonumber(found[1]) or 0)
    at_work = math.max(at_work, tonumber(found[2]) or 0)
  end
  return most, at_work
end

-- Rankings

local function hope(entry)
  if hoped[entry.contact] then return end
  hoped[entry.contact] = true
  hoping[#hoping + 1] = entry.contact
end

local function opened_to(entry, pool)
  call('ZADD', open_to(pool), entry.score, entry.member)
  touched[pool] = true
  hope(entry)
end

local function shut(entry)
  for _, one in ipairs(entry.open) do call('ZREM', open_to(one[2]), entry.member) end
end

local function no_longer_waits(entry)
  call('ZREM', waiting(entry.queue), entry.member)
  shut(entry)
end

-- The node that has a callback, or none.
local function hold_at(entry, node)
  call('ZREM', held(entry.node), entry.member)
  entry.node = node
  changed[ENTRIES][entry.contact] = true
  if node ~= '' then call('ZADD', held(node), tonumber(string.sub(entry.member, 1, 12)), entry.member) end
end

local function stand_idle(who, pool, off)
  call('ZADD', idle(pool), string.format('%.0f', who.idle - off), who.agent)
  touched[pool] = true
end

local function join_idle(who)
  for _, pools in pairs(who.pools) do
    for pool, off in pairs(pools) do stand_idle(who, pool, off) end
  end
end

local function leave_idle(who)
  for _, pools in pairs(who.pools) do
    for pool in pairs(pools) do call('ZREM', idle(pool), who.agent) end
  end
end

-- After the last change: records, the answer.

local function save(hash)
  local args = {}
  for id in pairs(changed[hash]) do
    local record = kept[hash][id]
    if record then
      args[#args + 1] = id
      args[#args + 1] = cjson.encode(record)
    else
      call('HDEL', hash, id)
    end
    if #args >= 1000 then
      call('HSET', hash, unpack(args))
      args = {}
    end
  end
  if #args > 0 then call('HSET', hash, unpack(args)) end
end

local function remember(answer)
  if now - clock.turned > ANSWER_MS or call('HLEN', ANSWERS) >= ANSWERS_MOST then
    clock.turned = now
    call('UNLINK', ANSWERS_OLD)
    if call('EXISTS', ANSWERS) == 1 then call('RENAME', ANSWERS, ANSWERS_OLD) end
  end
  if COMMAND ~= '' then call('HSET', ANSWERS, COMMAND, answer) end
end

local function next_in_ms()
  local _, first = head(DEADLINES)
  local _, timer = head(TIMERS)
  if not first or (timer and timer < first) then first = timer end
  return first and math.max(0, first - now) or -1
end

-- One JSON text is the reply to `answer` and to what is told.
local function reply(answer)
  for _, hash in ipairs({ QUEUES, AGENTS, ENTRIES, LEASES, ESTIMATES }) do save(hash) end
  answer = answer and answer() or {}
  answer.next_in_ms = next_in_ms()
  for _, message in ipairs(told) do
    if message[1] == NODE then
      answer.heard = answer.heard or {}
      table.insert(answer.heard, message[2])
    else
      call('XADD', PREFIX .. 'node:' .. message[1], 'MAXLEN', '~', NODE_MESSAGES_MOST, '*', 'm', cjson.encode(message[2]))
    end
  end
  local text = cjson.encode(answer)
  remember(text)
  call('HSET', META, 'now', clock.now, 'seq', clock.seq, 'fence', clock.fence, 'idle', clock.idle,
    'renewed', clock.renewed, 'turned', clock.turned)
  return text
end
