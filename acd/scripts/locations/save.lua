-- KEYS: the phones of all agents. ARGV: agent, URI, node, expires_at_ms, the phone as text, now_ms, the most agents.
-- One field an agent: its phones by URI, each { expires_at_ms, node, text }. 0: there is no room for another agent.
local found = redis.call('HGET', KEYS[1], ARGV[1])
if not found and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[7]) then return 0 end
local kept = {}
for uri, phone in pairs(found and cjson.decode(found) or {}) do
  if phone[1] > tonumber(ARGV[6]) then kept[uri] = phone end
end
kept[ARGV[2]] = { tonumber(ARGV[4]), ARGV[3], ARGV[5] }
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(kept))
return 1
