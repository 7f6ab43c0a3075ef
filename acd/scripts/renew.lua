-- renew: the store was away, so every lease gets one fresh full term, at most once in a node's lease; and the node is
-- told its offers again, as the answers that told of them may be lost.
local first = remembered()
if first then return first end
open()
if clock.renewed ~= now and now - clock.renewed >= NODE_LEASE_MS then renew_leases() end
for _, member in ipairs(call('ZRANGE', DEADLINES, 0, -1)) do
  if string.sub(member, 1, 1) == 'o' then
    local lease = get(LEASES, string.sub(member, 3))
    if lease.node == NODE then tell(lease, get(ENTRIES, lease.contact)) end
  end
end
return close()
