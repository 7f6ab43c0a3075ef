-- enqueue CONTACT QUEUE NODE PRIORITY_S ARRIVED_MS SINCE_MS SITE PREFER PREFER_S CLOSES_MS COLLEAGUE_OF: give a contact a
-- place, the same one when it is there already.
local first = remembered()
if first then return first end
local contact, name, node = ARGV[4], ARGV[5], ARGV[6]
local entry, queue = get(ENTRIES, contact), get(QUEUES, name)
if entry and (entry.queue ~= name or entry.state == 'talking' or entry.terms.kind == 'callback') then
  return refuse('BADSTATE contact ' .. contact .. ' is ' .. entry.state .. ' in queue ' .. entry.queue)
end
if not entry and (not queue or is_over(queue)) then return refuse('NOQUEUE there is no queue ' .. name) end
if not entry and call('ZCARD', arrived(name)) + (ARGV[14] ~= '' and call('ZCARD', asked(name)) or 0) >= queue.most then
  return refuse('FULL queue ' .. name .. ' has ' .. queue.most .. ' waiting')
end

-- Who comes for the first time, and cannot be served before the service closes.
local function too_late()
  local closes = tonumber(ARGV[13])
  if entry or closes == 0 or tonumber(ARGV[8]) ~= 0 then return false end
  read_clock()
  local since = tonumber(ARGV[9])
  if since == 0 or since > now then since = now end
  local pools, site = {}, home(ARGV[10])
  for number in ipairs(queue.tiers) do pools[number] = pool_of(queue, number, site) end
  return comes_too_late(queue, pools, since - queue.priority - tonumber(ARGV[7]) * 1000, closes)
end
if too_late() then return refuse('CLOSING queue ' .. name .. ' closes too soon') end

-- One agent alone at first, where that one is there and serves the queue.
local function prefer()
  local agent, prefer_s = ARGV[11], tonumber(ARGV[12])
  if prefer_s == 0 or agent == '' then return end
  local who = get(AGENTS, agent)
  if not who or who.state == 'logged_out' or not who.pools[name] then return end
  entry.terms.prefer, entry.terms.prefers_until = agent, now + prefer_s * 1000
  entry.open = { { 0, '@' .. agent } }
end

-- Takes its place, and counts in nothing.
local function asks()
  call('ZADD', asked(name), clock.seq, entry.member)
  waits(entry)
  emit('colleague_sought', entry, {
    queue = name, agent = entry.terms.asks, position = 1 + call('ZRANK', waiting(name), entry.member),
  })
end

local function comes(head_start)
  call('ZADD', arrived(name), entry.arrived, entry.member)
  call('HINCRBY', numbers(name), 'o', 1)
  waits(entry)
  local found = foresee(entry)
  local low, high = told_of(name, found)
  emit('contact_queued', entry, {
    queue = name, arrived_ms = entry.arrived, priority_s = math.floor(head_start / 1000),
    position = 1 + call('ZRANK', waiting(name), entry.member), since_ms = entry.since, site = entry.terms.site,
    estimate_ms = found and found.expected or -1, low_ms = low, high_ms = high,
  })
end

local function enter()
  clock.seq = clock.seq + 1
  local came, since = tonumber(ARGV[8]), tonumber(ARGV[9])
  if came == 0 or came > now then came = now end
  if since == 0 or since > came then since = came end
  local head_start = queue.priority + tonumber(ARGV[7]) * 1000
  entry = {
    contact = contact, queue = name, node = node, member = string.format('%012.0f:', clock.seq) .. contact,
    score = since - head_start, since = since, arrived = came,
    terms = {
      site = ARGV[10] ~= '' and home(ARGV[10]) or '', prefer = '', prefers_until = 0, closes = tonumber(ARGV[13]),
      kind = ARGV[14] == '' and 'call' or 'colleague', asks = ARGV[14], rules = queue.rules, dials = 0, held = false,
    },
    open = {}, state = 'waiting', offer = '', answered = 0,
  }
  put(ENTRIES, contact, entry)
  call('ZADD', held(node), clock.seq, entry.member)
  prefer()
  if entry.terms.kind == 'colleague' then asks() else comes(head_start) end
end

-- Another node holds the caller now; an offer that the former one was ringing is made anew.
local function take_over()
  if entry.state == 'offered' then withdraw_freely(get(LEASES, entry.offer), 'node_lost') end
  call('ZREM', held(entry.node), entry.member)
  entry.node = node
  call('ZADD', held(node), tonumber(string.sub(entry.member, 1, 12)), entry.member)
  put(ENTRIES, contact, entry)
end

open()
call('ZADD', DEADLINES, 'NX', now + NODE_LEASE_MS, 'n:' .. node)
if not entry then
  enter()
elseif entry.node ~= node then
  take_over()
elseif entry.state == 'offered' then
  tell(get(LEASES, entry.offer), entry)
end
return close(function() return { place = place_of(entry), arrived = entry.arrived, since = entry.since } end)
