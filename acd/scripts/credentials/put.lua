-- put ENTRIES CHANGED SEQUENCE | WHICH (AGENT VALUE)*: what counts from now on for each agent, in their order.
-- VALUE begins with the time at which it was made. WHICH is first (what stands already stays) or newer (what was made
-- before it goes). Each change has a number of its own, by which nodes follow.
local counts = {}
local function made(value) return tonumber(string.match(value, '^%d+')) or 0 end
for i = 2, #ARGV, 2 do
  local agent, value = ARGV[i], ARGV[i + 1]
  local stands = redis.call('HGET', KEYS[1], agent)
  if stands and (ARGV[1] == 'first' or made(stands) >= made(value)) then
    value = stands
  else
    redis.call('HSET', KEYS[1], agent, value)
    redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), agent)
  end
  counts[#counts + 1] = value
end
return counts
