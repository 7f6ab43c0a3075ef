-- change EXPECTED STANDING EVENTS: who is away and who was called in, if the sequence of that is EXPECTED.
-- The stream of changes, its ids the sequence, is what wakes the nodes. EVENTS: [{kind=..., ...}, ...]; the time is ours.
local first = remembered()
if first then return first end
local STANDING, CHANGES = PREFIX .. 'roster', PREFIX .. 'roster:changes'
local sequence = 0
local text = call('GET', STANDING)
if text then sequence = cjson.decode(text).sequence end
if sequence ~= tonumber(ARGV[4]) then return cjson.encode({ overtaken = true }) end
read_clock()
local standing = cjson.decode(ARGV[5])
standing.sequence = math.max(sequence, standing.sequence) + 1
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
