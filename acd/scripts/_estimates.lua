-- How long a caller will wait: acd/estimates.py function by function, on tables with the same fields. -1 is None.
local est = (function()
local LONGEST_MS, MOST_PATIENCE_MS, MOST_AGENTS = 14400000, 144000000, 10000
local EFFORTS, HANDLINGS, CHECKS, FEWEST, LEAST_EFFORT = 16, 32, 50, 3, 750
local RECENT_MS, NEAR_MS = 3600000, 600000
local GAVE_UP, FADES, BLOCKS = 1000, 64, 32
local WHOLE, BOUND, TRUSTED_AGAIN, CHECKED = 1000000, 600000, 700000, 20
local SPREAD = {
  { 1, 104, 2423 }, { 2, 259, 2079 }, { 3, 355, 1918 }, { 4, 417, 1821 }, { 5, 462, 1757 }, { 6, 496, 1708 },
  { 8, 543, 1644 }, { 10, 576, 1602 }, { 12, 599, 1571 }, { 16, 630, 1529 }, { 24, 666, 1484 }, { 32, 686, 1460 },
  { 64, 718, 1420 }, { 128, 735, 1399 },
}
local STEPS_S = { 0, 120, 300, 600, 900, 1200, 1800, 2700, 3600 }

local est = {}

function est.divide(a, b)
  return math.floor(a / b)
end

function est.averaged(mean, count, sample, most)
  local n = math.min(count + 1, most)
  return est.divide((n - 1) * mean + sample, n)
end

function est.new_pace() return { taken = 0, effort = 0, efforts = 0, seen = 0 } end
function est.new_habits() return { talk = 0, talks = 0, wrap_up = 0, wrap_ups = 0, waited = 0, gave_up = 0 } end
function est.new_trust() return { hits = 0, bias = 0, checked = 0, silent = 0 } end

-- What is seen

function est.take(pace, at, arrived_at, agents)
  local passed = math.max(math.min(at - pace.taken, LONGEST_MS), 0)
  if pace.taken > 0 and arrived_at <= pace.taken and agents > 0 then
    pace.effort = est.averaged(pace.effort, pace.efforts, passed * math.min(agents, MOST_AGENTS), EFFORTS)
    pace.efforts = math.min(pace.efforts + 1, EFFORTS)
    pace.seen = at
  end
  pace.taken = at
end

function est.talk_over(habits, lasted)
  habits.talk = est.averaged(habits.talk, habits.talks, math.min(lasted, LONGEST_MS), HANDLINGS)
  habits.talks = math.min(habits.talks + 1, HANDLINGS)
end

function est.wrap_up_over(habits, lasted)
  habits.wrap_up = est.averaged(habits.wrap_up, habits.wrap_ups, math.min(lasted, LONGEST_MS), HANDLINGS)
  habits.wrap_ups = math.min(habits.wrap_ups + 1, HANDLINGS)
end

function est.wait_over(habits, waited, gave_up)
  habits.waited = habits.waited + math.min(waited, LONGEST_MS) - est.divide(habits.waited, FADES)
  habits.gave_up = habits.gave_up + (gave_up and GAVE_UP or 0) - est.divide(habits.gave_up, FADES)
end

-- What is said of it

function est.effort(pace, habits, at)
  local handling = habits.talks >= FEWEST and habits.talk + habits.wrap_up or 0
  if pace.efforts < FEWEST or at - pace.seen > RECENT_MS then return handling end
  return math.max(pace.effort, est.divide(handling * LEAST_EFFORT, 1000))
end

function est.patience(habits)
  if habits.gave_up < FEWEST * GAVE_UP then return 0 end
  return math.min(est.divide(habits.waited * GAVE_UP, habits.gave_up), MOST_PATIENCE_MS)
end

function est.expected(position, pace, willing)
  if willing <= 0 then return math.min(position * pace, LONGEST_MS) end
  local size = est.divide(position + BLOCKS - 1, BLOCKS)
  local expected, ahead = 0, position
  while ahead > 0 do
    local steps = math.min(size, ahead)
    local middle = ahead - 1 - est.divide(steps - 1, 2)
    expected = expected + steps * est.divide(pace * willing, willing + math.min(middle * pace, MOST_PATIENCE_MS))
    ahead = ahead - steps
  end
  return math.min(expected, LONGEST_MS)
end

function est.spread(position)
  local low, high = SPREAD[1][2], SPREAD[1][3]
  for _, row in ipairs(SPREAD) do
    if position >= row[1] then low, high = row[2], row[3] end
  end
  return low, high
end

-- Gives a table with expected, low and high, or nil.
function est.expect(pace, habits, at, position, agents)
  local effort = est.effort(pace, habits, at)
  if effort <= 0 or agents <= 0 then return nil end
  local each = math.min(est.divide(effort, math.min(agents, MOST_AGENTS)), LONGEST_MS)
  local expected = est.expected(position, each, est.patience(habits))
  local low, high = est.spread(position)
  return { expected = expected, low = est.divide(expected * low, 1000), high = est.divide(expected * high, 1000) }
end

-- Gives low and high, high -1 for "over low"; -1 and -1 where it would say too little.
function est.tell(estimate)
  local low, high = 0, -1
  for index = #STEPS_S, 1, -1 do
    local step = STEPS_S[index] * 1000
    if step > low and step <= estimate.low then low = step end
    if step > 0 and step >= estimate.high then high = step end
  end
  if high < 0 and low < STEPS_S[3] * 1000 then return -1, -1 end
  return low, high
end

function est.check(trust, estimate, waited, answered)
  local low, high = est.tell(estimate)
  if low < 0 or (not answered and (high < 0 or waited <= high)) then return end
  local hit = answered and low <= waited and (high < 0 or waited <= high)
  trust.hits = est.averaged(trust.hits, trust.checked, hit and WHOLE or 0, CHECKS)
  trust.bias = est.averaged(trust.bias, trust.checked, math.min(waited, LONGEST_MS) - estimate.expected, CHECKS)
  trust.checked = math.min(trust.checked + 1, CHECKS)
  if trust.checked >= CHECKED then
    local bound = trust.silent == 1 and TRUSTED_AGAIN or BOUND
    trust.silent = trust.hits < bound and 1 or 0
  end
end

function est.too_late(at, closes, estimate, agents)
  if at >= closes then return true end
  if not estimate then return agents <= 0 and closes - at <= NEAR_MS end
  return at + estimate.high > closes
end

return est
end)()
