-- renew: the store was away, so every lease gets one fresh full term; at most once in a node's lease.
local first = remembered()
if first then return first end
open()
if clock.renewed ~= now and now - clock.renewed >= NODE_LEASE_MS then renew_leases() end
return close()
