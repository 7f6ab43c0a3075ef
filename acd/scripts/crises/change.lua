-- change EXPECTED STANDING EVENTS DUE: the crises that are on, if their sequence is EXPECTED and it is DUE by now.
-- The stream of changes, its ids the sequence, is what wakes the nodes. EVENTS: [{kind=..., ...}, ...] without times.
local first = remembered()
if first then return first end
local STANDING, CHANGES = PREFIX .. 'crises', PREFIX .. 'crises:changes'
local sequence = 0
local text = call('GET', STANDING)
if text then sequence = cjson.decode(text).sequence end
if sequence ~= tonumber(ARGV[4]) then return cjson.encode({ overtaken = true }) end
read_clock()
if now < tonumber(ARGV[7]) then return cjson.encode({ early = true }) end
local standing = cjson.decode(ARGV[5])
standing.sequence = math.max(sequence, standing.sequence) + 1
for _, one in ipairs(standing.on) do
  if one.since_ms == 0 then one.since_ms = now end
end
local written = cjson.encode(standing)
call('XADD', CHANGES, 'MAXLEN', '~', 100, standing.sequence .. '-0', 's', '')
call('SET', STANDING, written)
for _, event in ipairs(cjson.decode(ARGV[6])) do
  write_event(event.kind, event)
end
local answer = cjson.encode({ standing = written })
remember(answer)
call('HSET', META, 'turned', clock.turned)
return answer
