-- take HOW (MOST WINDOW_S AMOUNT)...: KEYS are counters. All are counted, or none: gives the first that has no room, from
-- 1, else 0. HOW `look` counts nothing. A counter begins with what is counted first, and is gone after its window.
for i, key in ipairs(KEYS) do
  local most, amount = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i + 1])
  if tonumber(redis.call('GET', key) or 0) + amount > most then return i end
end
if ARGV[1] == 'take' then
  for i, key in ipairs(KEYS) do
    redis.call('INCRBY', key, ARGV[3 * i + 1])
    if redis.call('TTL', key) < 0 then redis.call('EXPIRE', key, ARGV[3 * i]) end
  end
end
return 0
