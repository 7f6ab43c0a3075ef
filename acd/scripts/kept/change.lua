-- change NAME EXPECTED RECORD EVENTS DUE BEGINS: the record at NAME, if its sequence is EXPECTED and it is DUE by now.
-- The stream of changes, its ids the sequence, is what wakes the nodes. EVENTS: [{kind=..., ...}, ...]; the time is
-- ours, also for what begins in the record's list BEGINS ('': there is none).
local first = remembered()
if first then return first end
local RECORD, CHANGES = PREFIX .. ARGV[4], PREFIX .. ARGV[4] .. ':changes'
local sequence = 0
local text = call('GET', RECORD)
if text then sequence = cjson.decode(text).sequence end
if sequence ~= tonumber(ARGV[5]) then return cjson.encode({ overtaken = true }) end
read_clock()
if now < tonumber(ARGV[8]) then return cjson.encode({ early = true }) end
local record = cjson.decode(ARGV[6])
record.sequence = math.max(sequence, record.sequence) + 1
for _, one in ipairs(record[ARGV[9]] or {}) do
  if one.since_ms == 0 then one.since_ms = now end
end
local written = cjson.encode(record)
call('XADD', CHANGES, 'MAXLEN', '~', 100, record.sequence .. '-0', 's', '')
call('SET', RECORD, written)
for _, event in ipairs(cjson.decode(ARGV[7])) do
  write_event(event.kind, event)
end
local answer = cjson.encode({ record = written })
remember(answer)
call('HSET', META, 'turned', clock.turned)
return answer
