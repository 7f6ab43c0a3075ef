-- move EXPECTED POINTER MOVE EVENTS MOST: the pointer of the flows in service, if its sequence is EXPECTED.
-- The stream of moves, its ids the sequence, is what wakes the nodes. EVENTS: [{kind=..., ...}, ...] without times.
local first = remembered()
if first then return first end
local POINTER, VERSIONS, MOVES = PREFIX .. 'flows:pointer', PREFIX .. 'flows:versions', PREFIX .. 'flows:moves'
local sequence = 0
local text = call('GET', POINTER)
if text then sequence = cjson.decode(text).sequence end
if sequence ~= tonumber(ARGV[4]) then return cjson.encode({ overtaken = true }) end
local pointer, move = cjson.decode(ARGV[5]), cjson.decode(ARGV[6])
local canary = type(pointer.canary) == 'table' and pointer.canary or nil
if call('HEXISTS', VERSIONS, pointer.active) == 0 then return cjson.encode({ lacking = pointer.active }) end
if canary and call('HEXISTS', VERSIONS, canary.version) == 0 then return cjson.encode({ lacking = canary.version }) end
read_clock()
sequence = sequence + 1
pointer.sequence, move.sequence, move.at_ms = sequence, sequence, now
if canary and canary.since_ms == 0 then canary.since_ms = now end
local written = cjson.encode(pointer)
call('XADD', MOVES, 'MAXLEN', '~', tonumber(ARGV[8]), sequence .. '-0', 'm', cjson.encode(move))
call('SET', POINTER, written)
for _, event in ipairs(cjson.decode(ARGV[7])) do
  write_event(event.kind, event)
end
local answer = cjson.encode({ pointer = written })
remember(answer)
call('HSET', META, 'turned', clock.turned)
return answer
