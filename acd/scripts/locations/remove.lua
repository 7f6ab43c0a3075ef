-- KEYS: the phones of all agents. ARGV: agent, URI, node, now_ms. The phone goes only if that node holds it; those that
-- have expired go with it. Gives how many are left.
local found = redis.call('HGET', KEYS[1], ARGV[1])
if not found then return 0 end
local kept, left = {}, 0
for uri, phone in pairs(cjson.decode(found)) do
  if phone[1] > tonumber(ARGV[4]) and not (uri == ARGV[2] and phone[2] == ARGV[3]) then
    kept[uri] = phone
    left = left + 1
  end
end
if left == 0 then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(kept))
end
return left
