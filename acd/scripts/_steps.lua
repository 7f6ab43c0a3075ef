-- What commands are made of: contacts, offers, agents; acd/steps.py is the same function by function.

local CONTACT_STEP, AGENT_STEP = 8, 70

-- Agents

local RESTING = PREFIX .. 'resting'

-- Until when the partner is not rung; nothing: it is.
local function rests_until(partner)
  local till = call('ZSCORE', RESTING, partner)
  if till and tonumber(till) > now then return till end
  if till then call('ZREM', RESTING, partner) end
  return nil
end

becomes = function(who, state, reason, at, keep_idle)
  local till = state == 'ready' and who.profile.partner ~= '' and rests_until(who.profile.partner)
  if till then
    call('ZADD', DEADLINES, till, 'r:' .. who.agent)
    state, reason = 'not_ready', 'partner_rests'
  end
  local previous, lasted = who.state, now - who.since
  if previous == 'ready' then leave_idle(who) end
  count(who, previous, state)
  who.state, who.reason, who.since = state, reason, now
  who.contact, who.queue = at.contact or '', at.queue or ''
  changed[AGENTS][who.agent] = true
  if state == 'ready' then
    if not keep_idle then
      clock.idle = clock.idle + 1
      who.idle = clock.idle
    end
    join_idle(who)
  elseif state == 'logged_out' then
    who.misses = 0
    if who.profile.gone then put(AGENTS, who.agent, false) end
  end
  if who.profile.partner ~= '' then return end
  write_event('agent_state_changed', {
    node = NODE, contact = who.contact, agent = who.agent, site = who.profile.site, state = state, reason = reason,
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

local function wrapped_up(who, topic, cause, concluded)
  call('ZREM', DEADLINES, 'w:' .. who.agent)
  saw_wrap_up(who.queue, now - who.since)
  write_event('wrap_up_ended', {
    node = NODE, contact = who.contact, queue = who.queue, agent = who.agent, site = who.profile.site, topic = topic,
    cause = cause, lasted_ms = now - who.since, concluded = concluded or '',
  })
end

local function rests(who, reason)
  local rest = who.profile.rests[reason] or who.profile.rest
  becomes(who, 'not_ready', reason, {})
  if rest > 0 then call('ZADD', DEADLINES, now + rest, 'r:' .. who.agent) end
end

local function partner_rests(profile, reason)
  call('ZADD', RESTING, now + profile.rest, profile.partner)
  local number, partner = 1, profile.partner
  local slot = get(AGENTS, partner .. '/1')
  while slot do
    if slot.state == 'ready' then rests(slot, reason) end
    number = number + 1
    slot = get(AGENTS, partner .. string.format('/%d', number))
  end
end

-- Offers

local function withdraw(lease, cause, tell_it)
  local entry = get(ENTRIES, lease.contact)
  put(LEASES, lease.offer, false)
  call('ZREM', DEADLINES, 'o:' .. lease.offer)
  emit('offer_failed', entry, of(lease, { cause = cause, rang_ms = now - lease.made }))
  if tell_it then
    told[#told + 1] = { lease.node, { offer = lease.offer, contact = lease.contact, cause = cause } }
  end
  waits(entry)
end

local function withdraw_freely(lease, cause, tell_it)
  withdraw(lease, cause, tell_it)
  settle(get(AGENTS, lease.agent), true)
end

local function missed(lease, cause, tell_it)
  withdraw(lease, cause, tell_it)
  local who = get(AGENTS, lease.agent)
  who.misses = who.misses + 1
  changed[AGENTS][who.agent] = true
  local reason, most = REASON_AFTER[cause] or cause, who.profile.log_out_after
  if who.profile.partner ~= '' then partner_rests(who.profile, reason) end
  if who.after ~= '' then return settle(who) end
  if most > 0 and who.misses >= most then return becomes(who, 'logged_out', reason, {}) end
  rests(who, reason)
end

-- Contacts

local function forget(entry)
  call('ZREM', TIMERS, 't:' .. entry.contact)
  call('ZREM', held(entry.node), entry.member)
  put(ENTRIES, entry.contact, false)
end

local function leaves(entry, disposition, cause)
  call('ZREM', arrived(entry.queue), entry.member)
  call('HINCRBY', numbers(entry.queue), disposition == 'lost' and 'l' or 'f', 1)
  emit('contact_left_queue', entry, {
    queue = entry.queue, disposition = disposition, cause = cause, waited_ms = now - entry.arrived,
  })
end

local function asks_no_more(entry, cause, agent, site)
  local began = entry.answered > 0 and entry.answered or now
  emit('colleague_ended', entry, {
    queue = entry.queue, agent = agent, site = site, cause = cause, waited_ms = began - entry.arrived,
    talked_ms = now - began,
  })
end

local function release(entry, cause)
  local lease = get(LEASES, entry.offer)
  put(LEASES, lease.offer, false)
  local who, partner, talked = change(AGENTS, lease.agent), lease.grounds.partner, now - entry.answered
  forget(entry)
  if partner ~= '' then
    emit('partner_released', entry, { queue = entry.queue, partner = partner, cause = cause, talked_ms = talked })
    return settle(who)
  end
  if entry.terms.kind == 'colleague' then
    asks_no_more(entry, cause, who.agent, lease.site)
  else
    emit('contact_released', entry, {
      queue = entry.queue, agent = who.agent, site = lease.site, cause = cause, talked_ms = talked,
    })
    saw_talk(entry.queue, talked)
  end
  local queue = get(QUEUES, entry.queue)
  if queue and queue.wrap > 0 and not leaving(who) then
    call('ZADD', DEADLINES, now + queue.wrap, 'w:' .. who.agent)
    becomes(who, 'wrap_up', '', { contact = entry.contact, queue = entry.queue })
  else
    settle(who)
  end
end

local function finish(entry, cause, disposition, failing, tell_it)
  if entry.state == 'talking' then return release(entry, cause) end
  if entry.terms.kind == 'callback' then
    if failing == 'node_lost' then return callbacks.lose(entry) end
    return callbacks.finish(entry, 'cancelled', cause, tell_it)
  end
  if entry.state == 'offered' then withdraw_freely(get(LEASES, entry.offer), failing, tell_it) end
  saw_left(entry)
  no_longer_waits(entry)
  forget(entry)
  if entry.terms.kind == 'colleague' then
    call('ZREM', asked(entry.queue), entry.member)
    asks_no_more(entry, cause, '', '')
  else
    leaves(entry, disposition, cause)
  end
end

local function drop_one(node, cause)
  local member = head(held(node))
  if not member then return false end
  local entry = get(ENTRIES, contact_of(member))
  if not entry then
    violated('no_owner')
    call('ZREM', held(node), member)
    return CONTACT_STEP
  end
  local counts = entry.state == 'waiting' and CONTACT_STEP or AGENT_STEP
  finish(entry, cause, 'lost', 'node_lost', true)
  return counts
end

-- The agent's own wish: a talk goes on and the wish is remembered, an offer fails as `failing`.
local function goes(who, state, reason, failing, ending)
  if who.profile.gone and state ~= 'logged_out' then return end
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
