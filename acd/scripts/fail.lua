-- fail OFFER FENCE CAUSE: the agent did not take it; the caller keeps the place and is offered to the next.
local first = remembered()
if first then return first end
local lease, cause = get(LEASES, ARGV[4]), ARGV[6]
if not lease or lease.fence ~= tonumber(ARGV[5]) then
  return refuse('NOOFFER offer ' .. ARGV[4] .. ' is no longer held with fence ' .. ARGV[5])
end
if lease.accepted then return refuse('NOOFFER offer ' .. ARGV[4] .. ' was accepted') end
open()
if cause == 'caller_left' then
  finish(get(ENTRIES, lease.contact), 'caller_hung_up', 'lost', cause)
else
  missed(lease, cause)
end
return close(function() return { contact = lease.contact } end)
