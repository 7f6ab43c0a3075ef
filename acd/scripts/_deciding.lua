-- Which contact meets which agent, and how far the search has widened; acd/deciding.py is the same function by function.

local function tell(lease, entry)
  told[#told + 1] = { lease.node, of(lease, {
    contact = lease.contact, node = lease.node, fence = lease.fence, deadline_ms = lease.deadline,
    rings_for_ms = lease.rings, waited_ms = lease.made - entry.arrived, total_waited_ms = lease.made - entry.since,
    grounds = lease.grounds,
  }) }
end

local function lease_to(entry, who, grounds, rings)
  local fence = clock.fence + 1
  if fence < now then fence = now end
  clock.fence = fence
  local lease = {
    offer = 'o' .. fence, contact = entry.contact, queue = entry.queue, agent = who.agent, site = who.profile.site,
    node = entry.node, fence = fence, made = now, rings = rings, deadline = now + rings + OFFER_GRACE_MS,
    grounds = grounds, accepted = false,
  }
  put(LEASES, lease.offer, lease)
  call('ZADD', DEADLINES, lease.deadline, 'o:' .. lease.offer)
  no_longer_waits(entry)
  entry.state, entry.offer = 'offered', lease.offer
  changed[ENTRIES][entry.contact] = true
  emit('offer_made', entry, of(lease, {
    fence = fence, deadline_ms = lease.deadline, waited_ms = now - entry.arrived, total_waited_ms = now - entry.since,
    tier = grounds.tier, rule = grounds.rule, candidates = grounds.candidates, partner = grounds.partner,
  }))
  becomes(who, 'offered', '', { contact = entry.contact, queue = entry.queue })
  tell(lease, entry)
end

-- What no rule allows and only a damaged store can have: it is counted, and nobody is offered twice because of it.
local function violated(name)
  call('HINCRBY', META, 'violated:' .. name, 1)
end

local function offer(entry)
  local queue = get(QUEUES, entry.queue)
  for _, one in ipairs(entry.open) do
    local tier, pool = one[1], one[2]
    local agent = head(idle(pool))
    if agent then
      local who = get(AGENTS, agent)
      if not who or who.state ~= 'ready' then
        violated('two_offers_agent')
        call('ZREM', idle(pool), agent)
        return
      end
      if entry.terms.kind == 'callback' and not entry.terms.held then hold_at(entry, callbacks.node_for(who)) end
      if call('ZSCORE', DEADLINES, 'n:' .. entry.node) == false then violated('no_owner') end
      local member, score = head(open_to(pool))
      if member ~= entry.member or score ~= entry.score then violated('overtaken') end
      local rule = tier == 0 and 'preferred' or queue.needs.by == 'level' and 'level' or 'longest_idle'
      local partner = who.profile.partner
      local rings = who.profile.rings > 0 and who.profile.rings or queue.rings
      return lease_to(entry, who, {
        tier = tier, rule = rule, candidates = call('ZCARD', idle(pool)), kind = entry.terms.kind, partner = partner,
      }, rings + entry.terms.dials)
    end
  end
  violated('overtaken')
  for pool in pairs(touched) do call('ZREM', open_to(pool), entry.member) end
end

local function before(one, other)
  local ours = (now - one.score) * get(QUEUES, other.queue).against
  local theirs = (now - other.score) * get(QUEUES, one.queue).against
  return ours > theirs or (ours == theirs and one.member < other.member)
end

local function first_of(pool)
  local member = head(open_to(pool))
  if not member or call('EXISTS', idle(pool)) == 0 then return nil end
  local entry = get(ENTRIES, contact_of(member))
  if entry and entry.state == 'waiting' then return entry end
  violated('two_offers_contact')
  call('ZREM', open_to(pool), member)
  return nil
end

local function decide()
  while true do
    local best
    for pool in pairs(touched) do
      local entry = first_of(pool)
      if entry and (not best or before(entry, best)) then best = entry end
    end
    if not best then return end
    offer(best)
  end
end

local function widest(entry)
  local tier, pools = 0, {}
  for _, one in ipairs(entry.open) do
    tier = math.max(tier, one[1])
    pools[#pools + 1] = one[2]
  end
  return tier, pools
end

local function prefers(entry)
  return #entry.open == 1 and entry.open[1][1] == 0
end

local function tell_the_others()
  for _, contact in ipairs(hoping) do
    local entry = get(ENTRIES, contact)
    if entry and entry.state == 'waiting' then
      local tier, pools = widest(entry)
      local present, working = there(pools)
      local reason = present == 0 and 'nobody_logged_in' or working == 0 and 'all_on_break' or 'all_busy'
      if prefers(entry) then reason = 'preferred_busy' end
      emit('offer_withheld', entry, {
        queue = entry.queue, tier = tier, reason = reason, there = present, working = working,
        ahead = call('ZRANK', waiting(entry.queue), entry.member),
      })
    end
  end
end

local function close(answer)
  decide()
  tell_the_others()
  return reply(answer)
end

-- Tiers

local function opening_at(entry, tier)
  local at
  if tier.after_s > 0 then at = entry.since + tier.after_s * 1000 end
  if tier.closing_s > 0 and entry.terms.closes > 0 then
    local closing = entry.terms.closes - tier.closing_s * 1000
    if not at or closing < at then at = closing end
  end
  return at
end

local function by_state(tier)
  return tier.estimate_s > 0 or tier.waiting > 0 or tier.nobody ~= '' or tier.site_lost
end

local function has_conditions(tier)
  return tier.after_s > 0 or tier.closing_s > 0 or by_state(tier)
end

local function some_by_state(tiers)
  for _, tier in ipairs(tiers) do
    if by_state(tier) then return true end
  end
  return false
end

local function by_site(tier)
  return tier.sites == 'own' or tier.sites == 'neighbours'
end

local function pool_of(queue, number, site)
  local name = string.format('%d/', number) .. queue.queue
  return by_site(queue.tiers[number]) and name .. '\n' .. site or name
end

local function is_lost(name)
  local text = call('HGET', SITES, name)
  return text and cjson.decode(text).lost ~= ''
end

local function nobody_before(queue, number, entry, whom)
  local pools = {}
  for earlier = 1, number - 1 do pools[earlier] = pool_of(queue, earlier, entry.terms.site) end
  local present, working = there(pools)
  return (whom == 'logged_in' and present or working) == 0
end

-- Partners answer callers; who is rung back is rung by ourselves, and colleagues are among us.
local function never_opens(entry, tier)
  return tier.partner ~= '' and entry.terms.kind ~= 'call'
end

local function opens(entry, queue, number, tier)
  if never_opens(entry, tier) then return nil end
  local at = opening_at(entry, tier)
  if at and at <= now then
    local closes = entry.terms.closes
    local closing = tier.closing_s > 0 and closes > 0 and closes <= now + tier.closing_s * 1000
    return closing and 'closing' or 'after'
  end
  if not has_conditions(tier) then return 'start' end
  if tier.waiting > 0 and call('ZCARD', waiting(queue.queue)) >= tier.waiting then return 'waiting' end
  if tier.estimate_s > 0 and wait_of_the_next(entry) >= tier.estimate_s * 1000 then return 'estimate' end
  if tier.site_lost and is_lost(entry.terms.site) then return 'site_lost' end
  if tier.nobody ~= '' and nobody_before(queue, number, entry, tier.nobody) then return 'nobody' end
  return nil
end

local function open_tier(entry, queue, number, why)
  local pool = pool_of(queue, number, entry.terms.site)
  table.insert(entry.open, { number, pool })
  table.sort(entry.open, function(a, b) return a[1] < b[1] end)
  changed[ENTRIES][entry.contact] = true
  if entry.state == 'waiting' then opened_to(entry, pool) end
  if why ~= 'start' then emit('tier_opened', entry, { queue = queue.queue, tier = number, why = why }) end
end

local function shut_tiers(entry, queue)
  local open, found = {}, {}
  for _, one in ipairs(entry.open) do open[one[1]] = true end
  for number, tier in ipairs(queue.tiers) do
    if not open[number] and not never_opens(entry, tier) then found[#found + 1] = tier end
  end
  return found, open
end

local function look_again(entry, queue)
  if prefers(entry) then
    call('ZADD', TIMERS, entry.terms.prefers_until, 't:' .. entry.contact)
    return
  end
  local left, first = shut_tiers(entry, queue), nil
  for _, tier in ipairs(left) do
    local at = opening_at(entry, tier)
    if at and (not first or at < first) then first = at end
  end
  if first then
    call('ZADD', TIMERS, first, 't:' .. entry.contact)
  else
    call('ZREM', TIMERS, 't:' .. entry.contact)
  end
  if some_by_state(left) then call('ZADD', TIMERS, 'NX', now + RECHECK_MS, 'q:' .. queue.queue) end
end

local function forget_tiers(entry)
  if entry.state == 'waiting' then shut(entry) end
  entry.open = {}
  changed[ENTRIES][entry.contact] = true
end

local function widen(entry)
  local queue = get(QUEUES, entry.queue)
  if prefers(entry) and now >= entry.terms.prefers_until then forget_tiers(entry) end
  if not prefers(entry) then
    local _, open = shut_tiers(entry, queue)
    for number, tier in ipairs(queue.tiers) do
      local why = not open[number] and opens(entry, queue, number, tier)
      if why then open_tier(entry, queue, number, why) end
    end
  end
  look_again(entry, queue)
end

-- Where the tiers are the same, those that are open stay.
local function reopen(entry)
  local queue, stay = get(QUEUES, entry.queue), entry.open
  if math.floor(entry.terms.rules / TIERS_CHANGED) ~= math.floor(queue.rules / TIERS_CHANGED) then stay = {} end
  entry.terms.rules, entry.terms.site = queue.rules, home(entry.terms.site)
  if not prefers(entry) then
    forget_tiers(entry)
    for _, one in ipairs(stay) do
      local pool = queue.tiers[one[1]] and pool_of(queue, one[1], entry.terms.site)
      if pool then table.insert(entry.open, { one[1], pool }) end
      if pool and entry.state == 'waiting' then opened_to(entry, pool) end
    end
  end
  changed[ENTRIES][entry.contact] = true
  widen(entry)
end

local function waits(entry)
  entry.state, entry.offer = 'waiting', ''
  if entry.terms.kind == 'callback' and not entry.terms.held then hold_at(entry, '') end
  changed[ENTRIES][entry.contact] = true
  call('ZADD', waiting(entry.queue), entry.score, entry.member)
  hope(entry)
  for _, one in ipairs(entry.open) do opened_to(entry, one[2]) end
  if entry.terms.rules ~= get(QUEUES, entry.queue).rules then reopen(entry) else widen(entry) end
end

local function recheck(name)
  call('ZREM', TIMERS, 'q:' .. name)
  local queue = get(QUEUES, name)
  local half = RECHECK_MOST / 2
  local first, others_from = onwards(waiting(name), FROM_THE_FIRST, half)
  if not queue or #first == 0 or not some_by_state(queue.tiers) then return end
  local others = {}
  if others_from ~= FROM_THE_FIRST then
    others, queue.looked = onwards(waiting(name), math.max(queue.looked, others_from), half)
    changed[QUEUES][name] = true
  end
  for _, some in ipairs({ first, others }) do
    for _, member in ipairs(some) do widen(get(ENTRIES, contact_of(member))) end
  end
  call('ZADD', TIMERS, now + RECHECK_MS, 'q:' .. name)
end

local function reopen_some(name)
  call('ZREM', TIMERS, 'z:' .. name)
  local queue = get(QUEUES, name)
  if not queue then return end
  local some, next_from = onwards(waiting(name), queue.reopened, RECHECK_MOST / 2)
  for _, member in ipairs(some) do
    local entry = get(ENTRIES, contact_of(member))
    if entry.terms.rules ~= queue.rules then reopen(entry) end
  end
  queue.reopened = next_from
  changed[QUEUES][name] = true
  if next_from ~= FROM_THE_FIRST then call('ZADD', TIMERS, now, 'z:' .. name) end
end
