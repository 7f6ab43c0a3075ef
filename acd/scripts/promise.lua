-- promise NEW (JSON): keep a place for a caller who will be rung. Gives as `told` the promise that stands: this one, or
-- the one that somebody of its identities has.
local first = remembered()
if first then return first end
local new, stands = cjson.decode(ARGV[4]), false
for _, who in ipairs(new.identities) do stands = stands or call('HGET', CALLERS, who) end
local queue = get(QUEUES, new.queue)
if not stands then
  if get(ENTRIES, new.callback) then return refuse('BADSTATE contact ' .. new.callback .. ' is there already') end
  if not queue or is_over(queue) then return refuse('NOQUEUE there is no queue ' .. new.queue) end
  if call('HLEN', CALLBACKS) >= new.most then return refuse('FULL ' .. new.most .. ' callbacks are promised') end
end

local function keep()
  local kept = {
    callback = new.callback, first = new.first, queue = new.queue, identities = new.identities,
    pii_detail = new.pii_detail, promised = now, tries = 0, most = new.tries, again = new.again,
  }
  call('HSET', CALLBACKS, new.callback, cjson.encode(kept))
  for _, who in ipairs(new.identities) do call('HSET', CALLERS, who, new.callback) end
  call('ZADD', DEADLINES, now + new.expires, 'x:' .. new.callback)
  local entry = callbacks.place_for(queue, new)
  local chosen, position = new.at > now and new.at or 0, 0
  if chosen > 0 then
    callbacks.rests(entry, chosen)
  else
    waits(entry)
    position = 1 + call('ZRANK', waiting(entry.queue), entry.member)
  end
  callbacks.tell('callback_promised', kept, {
    first = new.first, chosen_ms = chosen, waited_ms = now - entry.arrived, position = position,
  })
end

open()
if not stands then keep() end
return close(function() return { told = stands or new.callback } end)
