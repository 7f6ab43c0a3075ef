-- What every command is made of; acd/steps.py is the same function by function. The loader puts the constants
-- (NODE_LEASE_MS, ...) before this, and one command's file after it.
-- KEYS: always the same, in the order of acd/keys.py. ARGV: now ('' for the server's clock), command id ('' for none),
-- the node that calls, then the command's own. Nothing is written before open().
local META, QUEUES, AGENTS, ENTRIES, LEASES, DEADLINES, EVENTS, ANSWERS, ANSWERS_OLD = unpack(KEYS)
local PREFIX = string.sub(META, 1, -5)
local TENANT = string.match(META, '{(.-)}')
local COMMAND, NODE = ARGV[2], ARGV[3]
local REASON_AFTER = { lease_expired = 'no_answer', error = 'unreachable' }

local call = redis.call
local clock, now = {}, 0
local told, touched = {}, {}
local kept = { [QUEUES] = {}, [AGENTS] = {}, [ENTRIES] = {}, [LEASES] = {} }
local changed = { [QUEUES] = {}, [AGENTS] = {}, [ENTRIES] = {}, [LEASES] = {} }

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

local function waiting(queue) return PREFIX .. 'waiting:' .. queue end
local function idle(queue) return PREFIX .. 'idle:' .. queue end
local function arrived(queue) return PREFIX .. 'arrived:' .. queue end
local function held(node) return PREFIX .. 'held:' .. node end
local function numbers(queue) return PREFIX .. 'numbers:' .. queue end

local function head(key)
  local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return first[1], tonumber(first[2])
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

local function emit(kind, entry, event)
  event.node, event.contact = entry.node, entry.contact
  write_event(kind, event)
end

local function of(lease, event)
  event.offer, event.queue, event.agent, event.site = lease.offer, lease.queue, lease.agent, lease.site
  return event
end

-- Before the first change.

local function renew_leases()
  clock.renewed = now
  local all = call('ZRANGE', DEADLINES, 0, -1)
  for _, member in ipairs(all) do
    local kind, name = string.sub(member, 1, 1), string.sub(member, 3)
    if kind == 'o' then
      local lease = change(LEASES, name)
      lease.deadline = now + lease.rings + OFFER_GRACE_MS
      call('ZADD', DEADLINES, lease.deadline, member)
    elseif kind == 'n' then
      call('ZADD', DEADLINES, now + NODE_LEASE_MS, member)
    end
  end
end

local function open()
  read_clock()
  local previous = clock.now
  clock.now = now
  if now - previous > GAP_MS then renew_leases() end
end

-- Agents

local function becomes(who, state, reason, at, keep_idle)
  local previous, lasted = who.state, now - who.since
  if previous == 'ready' then
    for _, queue in ipairs(who.queues) do call('ZREM', idle(queue), who.agent) end
  end
  who.state, who.reason, who.since = state, reason, now
  who.contact, who.queue = at.contact or '', at.queue or ''
  changed[AGENTS][who.agent] = true
  if state == 'ready' then
    if not keep_idle then
      clock.idle = clock.idle + 1
      who.idle = clock.idle
    end
    for _, queue in ipairs(who.queues) do
      call('ZADD', idle(queue), who.idle, who.agent)
      touched[queue] = true
    end
  elseif state == 'logged_out' and who.gone then
    put(AGENTS, who.agent, false)
  end
  write_event('agent_state_changed', {
    node = NODE, contact = who.contact, agent = who.agent, site = who.site, state = state, reason = reason,
    previous = previous, lasted_ms = lasted,
  })
end

local function leaving(who)
  return string.sub(who.after, 1, 10) == 'logged_out'
end

local function settle(who, keep_idle)
  local state, reason = string.match(who.after, '^([^:]*):(.*)$')
  who.after = ''
  becomes(who, state or 'ready', reason or '', {}, keep_idle)
end

local function wrapped_up(who, topic, cause)
  call('ZREM', DEADLINES, 'w:' .. who.agent)
  write_event('wrap_up_ended', {
    node = NODE, contact = who.contact, queue = who.queue, agent = who.agent, site = who.site, topic = topic,
    cause = cause, lasted_ms = now - who.since,
  })
end

-- Offers

local function waits(entry)
  entry.state, entry.offer = 'waiting', ''
  changed[ENTRIES][entry.contact] = true
  call('ZADD', waiting(entry.queue), entry.score, entry.member)
  touched[entry.queue] = true
end

local function withdraw(lease, cause, tell)
  local entry = get(ENTRIES, lease.contact)
  put(LEASES, lease.offer, false)
  call('ZREM', DEADLINES, 'o:' .. lease.offer)
  emit('offer_failed', entry, of(lease, { cause = cause, rang_ms = now - lease.made }))
  if tell then
    told[#told + 1] = { lease.node, { offer = lease.offer, contact = lease.contact, cause = cause } }
  end
  waits(entry)
end

local function withdraw_freely(lease, cause, tell)
  withdraw(lease, cause, tell)
  settle(get(AGENTS, lease.agent), true)
end

local function missed(lease, cause, tell)
  withdraw(lease, cause, tell)
  local who = get(AGENTS, lease.agent)
  if who.after ~= '' then return settle(who) end
  becomes(who, 'not_ready', REASON_AFTER[cause] or cause, {})
  if who.rest > 0 then call('ZADD', DEADLINES, now + who.rest, 'r:' .. who.agent) end
end

local function tell(lease, entry)
  told[#told + 1] = { lease.node, of(lease, {
    contact = lease.contact, node = lease.node, fence = lease.fence, deadline_ms = lease.deadline,
    rings_for_ms = lease.rings, waited_ms = lease.made - entry.arrived,
  }) }
end

local function offer(entry, who)
  local fence = clock.fence + 1
  if fence < now then fence = now end
  clock.fence = fence
  local lease = {
    offer = 'o' .. fence, contact = entry.contact, queue = entry.queue, agent = who.agent, site = who.site,
    node = entry.node, fence = fence, made = now, rings = entry.rings, deadline = now + entry.rings + OFFER_GRACE_MS,
    accepted = false,
  }
  put(LEASES, lease.offer, lease)
  call('ZADD', DEADLINES, lease.deadline, 'o:' .. lease.offer)
  call('ZREM', waiting(entry.queue), entry.member)
  entry.state, entry.offer = 'offered', lease.offer
  changed[ENTRIES][entry.contact] = true
  local waited = now - entry.arrived
  emit('offer_made', entry, of(lease, { fence = fence, deadline_ms = lease.deadline, waited_ms = waited }))
  becomes(who, 'offered', '', { contact = entry.contact })
  tell(lease, entry)
end

local function decide()
  while true do
    local best, best_score, best_queue
    for queue in pairs(touched) do
      local member, score = head(waiting(queue))
      if member and (not best or score < best_score or (score == best_score and member < best))
        and call('EXISTS', idle(queue)) == 1 then
        best, best_score, best_queue = member, score, queue
      end
    end
    if not best then return end
    offer(get(ENTRIES, contact_of(best)), get(AGENTS, (head(idle(best_queue)))))
  end
end

-- Contacts

local function place_of(entry)
  local position = 1
  if entry.state == 'waiting' then position = 1 + call('ZRANK', waiting(entry.queue), entry.member) end
  local pace = tonumber(call('HGET', numbers(entry.queue), 'pace') or 0)
  local wait = -1
  if pace > 0 then wait = math.floor((position * pace + 999) / 1000) end
  return { position, call('ZCARD', arrived(entry.queue)), now - entry.arrived, wait }
end

local function forget(entry)
  call('ZREM', held(entry.node), entry.member)
  put(ENTRIES, entry.contact, false)
end

local function release(entry, cause)
  local lease = get(LEASES, entry.offer)
  put(LEASES, lease.offer, false)
  local who = change(AGENTS, lease.agent)
  forget(entry)
  emit('contact_released', entry, {
    queue = entry.queue, agent = who.agent, site = lease.site, cause = cause, talked_ms = now - entry.answered,
  })
  if entry.wrap > 0 and not leaving(who) then
    call('ZADD', DEADLINES, now + entry.wrap, 'w:' .. who.agent)
    becomes(who, 'wrap_up', '', { contact = entry.contact, queue = entry.queue })
  else
    settle(who)
  end
end

local function finish(entry, cause, disposition, failing, tell)
  if entry.state == 'talking' then return release(entry, cause) end
  if entry.state == 'offered' then withdraw_freely(get(LEASES, entry.offer), failing, tell) end
  call('ZREM', waiting(entry.queue), entry.member)
  call('ZREM', arrived(entry.queue), entry.member)
  forget(entry)
  call('HINCRBY', numbers(entry.queue), disposition == 'lost' and 'l' or 'f', 1)
  emit('contact_left_queue', entry, {
    queue = entry.queue, disposition = disposition, cause = cause, waited_ms = now - entry.arrived,
  })
end

local function drop_one(node, cause)
  local member = head(held(node))
  if not member then return false end
  finish(get(ENTRIES, contact_of(member)), cause, 'lost', 'node_lost', true)
  return true
end

-- The agent's own wish: a talk goes on and the wish is remembered, an offer fails as `failing`.
local function goes(who, state, reason, failing, ending)
  if who.gone and state ~= 'logged_out' then return end
  changed[AGENTS][who.agent] = true
  if who.state == 'talking' then
    who.after = state == 'ready' and '' or state .. ':' .. reason
    return
  end
  if who.state == 'offered' then
    withdraw(get(LEASES, get(ENTRIES, who.contact).offer), failing, true)
  elseif who.state == 'wrap_up' then
    wrapped_up(who, '', ending)
  end
  call('ZREM', DEADLINES, 'r:' .. who.agent)
  who.after = ''
  if who.state == state and (who.reason == reason or state == 'logged_out') then return end
  becomes(who, state, reason, {})
end

-- After the last change: decisions, records, the answer.

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

-- `answer`: what the command gives besides what is told. One JSON text is the reply.
local function close(answer)
  decide()
  for _, hash in ipairs({ QUEUES, AGENTS, ENTRIES, LEASES }) do save(hash) end
  answer = answer and answer() or {}
  local _, next_at = head(DEADLINES)
  answer.next_in_ms = -1
  if next_at then answer.next_in_ms = math.max(0, next_at - now) end
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
