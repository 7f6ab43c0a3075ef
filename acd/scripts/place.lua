-- place CONTACT: where it stands. Writes nothing.
local entry = get(ENTRIES, ARGV[4])
if not entry or entry.state == 'talking' then return refuse('NOCONTACT contact ' .. ARGV[4] .. ' is in no queue') end
read_clock()
return cjson.encode({ place = place_of(entry), next_in_ms = -1 })
