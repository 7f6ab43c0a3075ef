-- Promises to ring back; acd/callbacks.py is the same function by function. Filled into the library's table, as its own
-- functions call these. Records are written at once: there are few.
local CALLBACKS, CALLERS = PREFIX .. 'callbacks', PREFIX .. 'callers'
local COUNTED = { no_answer = true, busy = true, rejected = true, unreachable = true, left = true, no_agent = true }
local AT_ONCE = { revoked = true, shutdown = true }
local ERROR_REST_MS, LOST_REST_MS, LATE_MS = 10000, 5000, 30000

function callbacks.kept(id)
  local text = call('HGET', CALLBACKS, id)
  return text and cjson.decode(text)
end

function callbacks.tell(kind, kept, event)
  event.node, event.contact, event.queue = NODE, kept.callback, kept.queue
  write_event(kind, event)
end

-- As `enqueue` makes one, but that it counts in nothing and has no node.
function callbacks.place_for(queue, new)
  clock.seq = clock.seq + 1
  local came, since = new.arrived, new.since
  if came == 0 or came > now then came = now end
  if since == 0 or since > came then since = came end
  local entry = {
    contact = new.callback, queue = new.queue, node = '', member = string.format('%012.0f:', clock.seq) .. new.callback,
    score = since - queue.priority - new.priority, since = since, arrived = came,
    terms = {
      site = '', prefer = '', prefers_until = 0, closes = 0, kind = 'callback', asks = '', rules = queue.rules,
      dials = new.dials, held = false,
    },
    open = {}, state = 'waiting', offer = '', answered = 0,
  }
  put(ENTRIES, new.callback, entry)
  call('ZADD', promised(entry.queue), clock.seq, entry.member)
  return entry
end

function callbacks.rests(entry, at)
  entry.state = 'resting'
  changed[ENTRIES][entry.contact] = true
  call('ZADD', DEADLINES, at, 'c:' .. entry.contact)
end

-- It waits in its place, and has no node.
function callbacks.let_go(entry, tell)
  entry.terms.held = false
  if entry.state == 'offered' then
    withdraw_freely(get(LEASES, entry.offer), tell and 'node_lost' or 'caller_left', tell)
  else
    waits(entry)
  end
end

function callbacks.over(entry, outcome, cause)
  local kept = callbacks.kept(entry.contact)
  call('HDEL', CALLBACKS, entry.contact)
  for _, who in ipairs(kept.identities) do call('HDEL', CALLERS, who) end
  call('ZREM', promised(entry.queue), entry.member)
  call('ZREM', DEADLINES, 'x:' .. entry.contact)
  callbacks.tell('callback_ended', kept, {
    first = kept.first, outcome = outcome, cause = cause, tries = kept.tries, waited_ms = now - kept.promised,
  })
end

function callbacks.finish(entry, outcome, cause, tell)
  entry.terms.held = false
  if entry.state == 'offered' then withdraw_freely(get(LEASES, entry.offer), 'caller_left', tell) end
  no_longer_waits(entry)
  call('ZREM', DEADLINES, 'c:' .. entry.contact)
  callbacks.over(entry, outcome, cause)
  forget(entry)
end

function callbacks.tried(entry, cause)
  local kept = callbacks.kept(entry.contact)
  if COUNTED[cause] then
    kept.tries = kept.tries + 1
    call('HSET', CALLBACKS, entry.contact, cjson.encode(kept))
  end
  if cause == 'not_allowed' or kept.tries >= kept.most then
    callbacks.tell('callback_tried', kept, { cause = cause, tries = kept.tries, again_ms = 0 })
    return callbacks.finish(entry, cause == 'not_allowed' and 'not_allowed' or 'gave_up', cause)
  end
  local rest = AT_ONCE[cause] and 0 or cause == 'error' and ERROR_REST_MS or kept.again
  callbacks.tell('callback_tried', kept, { cause = cause, tries = kept.tries, again_ms = now + rest })
  callbacks.let_go(entry)
  if rest > 0 then
    no_longer_waits(entry)
    callbacks.rests(entry, now + rest)
  end
end

-- Its node is lost: it is in its place again, once that node's agents are seen to or it has started anew.
function callbacks.lose(entry)
  local kept = callbacks.kept(entry.contact)
  callbacks.tell('callback_tried', kept, { cause = 'node_lost', tries = kept.tries, again_ms = now + LOST_REST_MS })
  callbacks.let_go(entry, true)
  no_longer_waits(entry)
  callbacks.rests(entry, now + LOST_REST_MS)
end

function callbacks.rested(id)
  call('ZREM', DEADLINES, 'c:' .. id)
  waits(get(ENTRIES, id))
end

-- A promise that could not be kept is over; one that is offered at this moment a little later.
function callbacks.expire(id)
  local entry = get(ENTRIES, id)
  if entry.state == 'offered' or entry.terms.held then
    call('ZADD', DEADLINES, now + LATE_MS, 'x:' .. id)
  else
    callbacks.finish(entry, 'expired', '')
  end
end

-- Where one that is offered to this agent is kept: the node of the phone, else another that lives.
function callbacks.node_for(who)
  for _, node in ipairs({ who.node, NODE }) do
    if node ~= '' and call('ZSCORE', DEADLINES, 'n:' .. node) then return node end
  end
  call('ZADD', DEADLINES, now + NODE_LEASE_MS, 'n:' .. NODE)
  return NODE
end
