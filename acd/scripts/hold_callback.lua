-- hold_callback OFFER FENCE: the caller is on the line at the node of the offer.
local first = remembered()
if first then return first end
local lease = get(LEASES, ARGV[4])
if not lease or lease.fence ~= tonumber(ARGV[5]) then
  return refuse('NOOFFER offer ' .. ARGV[4] .. ' is no longer held with fence ' .. ARGV[5])
end
local entry = get(ENTRIES, lease.contact)
if entry.terms.kind ~= 'callback' or entry.state ~= 'offered' then
  return refuse('NOOFFER offer ' .. ARGV[4] .. ' is none of a callback')
end
open()
entry.terms.held = true
put(ENTRIES, entry.contact, entry)
return close()
