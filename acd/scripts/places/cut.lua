-- cut PREFIX WITHIN_S NOW: the caller of the place KEYS[1] is gone; whoever they are gets it back for a while. NOW: ''
-- for the server's clock. The longest of several waits counts.
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
redis.call('DEL', KEYS[1])
local place, now = cjson.decode(text), tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local waited, key = now - place.since, ARGV[1] .. place.identity
local before = redis.call('GET', key)
if before and cjson.decode(before).waited > waited then return 0 end
redis.call('SET', key, cjson.encode({ queue = place.queue, waited = waited }), 'EX', ARGV[2])
return 1
