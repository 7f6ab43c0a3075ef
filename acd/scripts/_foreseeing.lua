-- How long callers wait: what is seen of it, and what is foreseen; acd/foreseeing.py is the same function by function.
-- The hash `estimates` has `p:POOL` paces, `h:QUEUE` habits, `t:QUEUE` trusts.

local function pace_of(pool) return get(ESTIMATES, 'p:' .. pool) or est.new_pace() end
local function habits_of(queue) return get(ESTIMATES, 'h:' .. queue) or est.new_habits() end
local function trust_of(queue) return get(ESTIMATES, 't:' .. queue) or est.new_trust() end
local function at_work(pool) return tonumber(call('HGET', STAFF, 'w:' .. pool)) or 0 end

local function estimate(queue, places)
  local best
  local habits = #places > 0 and habits_of(queue)
  for _, place in ipairs(places) do
    local found = est.expect(pace_of(place[1]), habits, now, place[2], at_work(place[1]))
    if found and (not best or found.expected < best.expected) then best = found end
  end
  return best
end

local function estimate_of(entry)
  if entry.state ~= 'waiting' then return nil end
  local places = {}
  for index, one in ipairs(entry.open) do
    places[index] = { one[2], (call('ZRANK', open_to(one[2]), entry.member) or 0) + 1 }
  end
  return estimate(entry.queue, places)
end

local function foresee(entry)
  for _, one in ipairs(entry.open) do
    if call('EXISTS', idle(one[2])) == 1 then return nil end
  end
  local found = estimate_of(entry)
  if found then entry.terms.foreseen = { at = now, expected = found.expected, low = found.low, high = found.high } end
  return found
end

local function told_of(queue, found)
  if not found or trust_of(queue).silent == 1 then return -1, -1 end
  return est.tell(found)
end

local function seconds(ms)
  return ms < 0 and -1 or math.floor(ms / 1000)
end

local function place_of(entry)
  local position = 1
  if entry.state == 'waiting' then position = 1 + call('ZRANK', waiting(entry.queue), entry.member) end
  local found = estimate_of(entry)
  local low, high = told_of(entry.queue, found)
  return {
    position, call('ZCARD', arrived(entry.queue)), now - entry.arrived,
    found and math.floor((found.expected + 999) / 1000) or -1, seconds(low), seconds(high),
  }
end

local function wait_of_the_next(entry)
  local places = {}
  for index, one in ipairs(entry.open) do places[index] = { one[2], call('ZCARD', open_to(one[2])) + 1 } end
  local found = estimate(entry.queue, places)
  return found and found.expected or 0
end

-- `pools`: all that may serve who comes. Before the first change, with the clock read.
local function comes_too_late(queue, pools, score, closes)
  local places = {}
  for index, pool in ipairs(pools) do
    if now < closes and call('EXISTS', idle(pool)) == 1 then return false end
    places[index] = { pool, call('ZCOUNT', open_to(pool), '-inf', string.format('%.0f', score)) + 1 }
  end
  local _, working = there(pools)
  return est.too_late(now, closes, estimate(queue.queue, places), working)
end

local function saw_over(entry, answered)
  if entry.terms.kind ~= 'call' then return end
  local habits, was = habits_of(entry.queue), entry.terms.foreseen
  est.wait_over(habits, now - entry.arrived, not answered)
  put(ESTIMATES, 'h:' .. entry.queue, habits)
  if was and was ~= cjson.null then
    local trust = trust_of(entry.queue)
    est.check(trust, { expected = was.expected, low = was.low, high = was.high }, now - was.at, answered)
    put(ESTIMATES, 't:' .. entry.queue, trust)
  end
end

local function saw_taken(entry)
  for _, one in ipairs(entry.open) do
    local pace = pace_of(one[2])
    est.take(pace, now, entry.arrived, at_work(one[2]))
    put(ESTIMATES, 'p:' .. one[2], pace)
  end
  saw_over(entry, true)
end

local function saw_left(entry) saw_over(entry, false) end

local function saw_talk(queue, lasted)
  local habits = habits_of(queue)
  est.talk_over(habits, lasted)
  put(ESTIMATES, 'h:' .. queue, habits)
end

local function saw_wrap_up(queue, lasted)
  local habits = habits_of(queue)
  est.wrap_up_over(habits, lasted)
  put(ESTIMATES, 'h:' .. queue, habits)
end
